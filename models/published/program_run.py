"""Import a program of torch.export as a model of one head, to be kept in a run folder."""

from __future__ import annotations

import math
from pathlib import Path

from motiflens.models.published.import_program.import_program import read_model
from motiflens.models.published.published import BASES, Published, meta_names


def import_program_run(
    path: Path, *, length: int | None = None, alphabet: str = "ACGT", output: str | None = None
) -> Published:
    """Read a program; its one head, or `output`, gives logits (N, outputs).

    Parameters
    ----------
    path, length, alphabet, output
        See `import_program`. Without `output`, of several heads the only one with one logit is taken (counts,
        where there is a profile beside them), or else the first.

    Raises
    ------
    ValueError
        As `import_program`; or if the head is no (N, outputs), with the reductions that there are.
    """
    whole = read_model(path, alphabet=alphabet, length=length)
    chosen = output
    if chosen is None and len(whole.shapes) > 1:
        single = [head for head, shape in whole.shapes.items() if math.prod(shape) == 1]
        chosen = single[0] if len(single) == 1 else whole.model.heads[0]
    model = read_model(path, alphabet=alphabet, output=chosen, length=length, flat=True).model
    signals = tuple(f"signal{i + 1}" for i in range(model.channels - 4))
    head = chosen or whole.model.heads[0]
    tasks = (head,) if model.outputs == 1 else tuple(f"{head}{i + 1}" for i in range(model.outputs))
    details = {"torch": whole.version, "alphabet": alphabet, "heads": list(whole.shapes), "head": head}
    return Published(model, BASES + signals, meta_names(model.meta), tasks, details)
