"""Saturation mutagenesis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import known_bases
from motiflens.interpret.attribution.edits import Edits, edited_logits
from motiflens.interpret.attribution.gradient_inputs import Raw, predictions
from motiflens.models.architectures.gkm_svm import GkmSVM


def ism(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    fast: bool = True,
    start: int = 0,
    end: int | None = None,
) -> Raw:
    """In-silico saturation mutagenesis: the change in logit for every base in place of the one that stands there.

    Signal channels carry logit − logit with that position's signal set to 0.

    Parameters
    ----------
    batch_size
        Most mutants in one pass.
    fast
        Recompute only what a substitution can change, where the model's first layers allow it.
    start, end
        The part of the windows that is mutated, in bp from their start (0-based, half-open); all by default. Other
        bases get 0.

    Returns
    -------
    Raw
        ``hypothetical[n, c, l]`` = logit(base c at l) − logit(x).

    Raises
    ------
    ValueError
        If the part does not lie in the windows.
    """
    length = x.shape[-1]
    end = length if end is None else end
    if not 0 <= start < end <= length:
        raise ValueError(f"ism: part {start}-{end} does not lie in windows of {length} bp")
    part = torch.zeros(length, dtype=torch.bool, device=x.device)
    part[start:end] = True
    if fast and isinstance(model, GkmSVM):
        raw = _by_gkm_svm(model, x, target, meta, batch_size)
        return raw if raw.hypothetical is None else raw._replace(hypothetical=raw.hypothetical * part)
    bases = x[:, :4]
    known = known_bases(x) & part  # N, L
    rows, channels, places = torch.nonzero((bases == 0) & known[:, None], as_tuple=True)
    one_hot = torch.eye(4, dtype=x.dtype, device=x.device)

    def substitute(index: Tensor, there: Tensor) -> Tensor:
        return torch.cat([one_hot[channels[index]][:, :, None], there[:, 4:]], dim=1)

    options = {"target": target, "meta": meta, "batch_size": batch_size, "fast": fast}
    prediction = predictions(model, x, target, meta, batch_size)
    scores = torch.zeros_like(x)
    mutated = edited_logits(model, x, Edits(rows, places, 1, substitute), **options)  # type: ignore[arg-type]
    scores[rows, channels, places] = mutated - prediction[rows]

    rows, signals, places = torch.nonzero(x[:, 4:] * part, as_tuple=True)

    def silence(index: Tensor, there: Tensor) -> Tensor:
        there[torch.arange(len(index), device=x.device), 4 + signals[index]] = 0
        return there

    silenced = edited_logits(model, x, Edits(rows, places, 1, silence), **options)  # type: ignore[arg-type]
    scores[rows, 4 + signals, places] = prediction[rows] - silenced
    return Raw(scores, None, prediction)


def _by_gkm_svm(model: GkmSVM, x: Tensor, target: int, meta: Tensor | None, batch_size: int) -> Raw:
    """Let a gkm-SVM compare only the words that a substitution changes."""
    changes = torch.cat([model.substitutions(part, target) for part in x.split(max(batch_size, 1))])
    scores = torch.cat([changes, torch.zeros_like(x[:, 4:])], dim=1)
    return Raw(scores * known_bases(x)[:, None], None, predictions(model, x, target, meta, batch_size))
