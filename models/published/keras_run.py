"""Import a Keras file of any layers as a model of one head, to be kept in a run folder."""

from __future__ import annotations

from pathlib import Path

from motiflens.models.published.import_keras.import_keras import read_keras
from motiflens.models.published.published import BASES, Published, meta_names


def import_keras_run(
    path: Path, *, length: int | None = None, alphabet: str = "ACGT", output: str | None = None
) -> Published:
    """Read a Keras file; its one head, or `output`, gives logits (N, outputs).

    Parameters
    ----------
    path, length, alphabet, output
        See `import_keras`. Without `output`, of several heads the only one with one logit is taken (counts, where
        there is a profile beside them), or else the first.

    Raises
    ------
    ValueError
        As `import_keras`.
    """
    model, version = read_keras(path, alphabet=alphabet, output=output, length=length, flat=True)
    heads = model.heads
    if len(heads) > 1:
        widths = [read_keras(path, alphabet=alphabet, output=head, length=length)[0].outputs for head in heads]
        single = [head for head, width in zip(heads, widths, strict=True) if width == 1]
        chosen = single[0] if len(single) == 1 else heads[0]
        model, version = read_keras(path, alphabet=alphabet, output=chosen, length=length, flat=True)
    signals = tuple(f"signal{i + 1}" for i in range(model.channels - 4))
    head = model.heads[0]
    tasks = (head,) if model.outputs == 1 else tuple(f"{head}{i + 1}" for i in range(model.outputs))
    held = [name for i, name in enumerate(model.inputs) if i in model.held]
    details = {"keras": version, "alphabet": alphabet, "heads": list(heads), "head": head, "held_at_zero": held}
    return Published(model.eval(), BASES + signals, meta_names(model.meta), tasks, details)
