"""Do both strands tell the same?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.branches import OneStrand, flipped
from motiflens.models.types import Doubles, Floats


class StrandAgreement(NamedTuple):
    """Attribution of both strands, in forward coordinates, and how well they agree."""

    forward: Floats  # N, C, L
    reverse: Floats  # N, C, L: of the reverse complement, flipped back
    pearson: Doubles  # N: over the known bases; NaN where a strand's scores are all the same
    spearman: Doubles  # N
    predictions: Floats  # N, 2: the logits of the forward strand and of the reverse complement


def strand_agreement(
    model: nn.Module,
    x: Tensor | Floats,
    *,
    method: str = "saliency",
    target: int = 0,
    meta: Tensor | Floats | None = None,
    baseline: str | Tensor | None = None,
    batch_size: int = 64,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> StrandAgreement:
    """Compare the attribution of windows with that of their reverse complements (DeepGRN's Fig. 5a, b).

    A Siamese model's merged logit is the same for both, so its strands are attributed one at a time, each by the
    logit of that strand alone. Shuffled baselines of both strands are reverse complements of each other.

    Parameters
    ----------
    model, x, method, target, meta, baseline, batch_size, seed, options
        See `attribute`.
    """
    single = OneStrand(model) if getattr(model, "siamese", False) else model
    windows = torch.as_tensor(x)
    there = flipped(baseline) if isinstance(baseline, Tensor) else baseline

    def of(some: Tensor, relative: str | Tensor | None) -> Any:
        return attribute(
            single,
            some,
            method=method,
            target=target,
            meta=meta,
            baseline=relative,
            batch_size=batch_size,
            seed=seed,
            options=options,
        )

    ahead, back = of(windows, baseline), of(flipped(windows), there)
    reverse = np.ascontiguousarray(flipped(torch.from_numpy(back.scores)).numpy())
    known = windows[:, :4].sum(1).cpu().numpy() > 0  # N, L
    pearson, spearman = agreement(importance(ahead.scores), importance(reverse), known)
    predictions = np.stack([ahead.prediction, back.prediction], axis=1)
    return StrandAgreement(ahead.scores, reverse, pearson, spearman, predictions)


def importance(scores: Floats) -> Floats:
    """Return one signed number a base, (N, L): the sum over A, C, G, T of projected scores (N, C, L)."""
    return scores[:, :4].sum(1)


def agreement(first: Floats, second: Floats, known: Any) -> tuple[Doubles, Doubles]:
    """Return Pearson's and Spearman's correlation of two tracks, (N, L) each, over the known bases of each window.

    NaN where a track is constant.
    """
    pearson, spearman = np.full(len(first), np.nan), np.full(len(first), np.nan)
    for i, where in enumerate(known):
        a, b = first[i, where].astype(np.float64), second[i, where].astype(np.float64)
        pearson[i] = _correlation(a, b)
        spearman[i] = _correlation(rankdata(a), rankdata(b))
    return pearson, spearman


def _correlation(a: Doubles, b: Doubles) -> float:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
