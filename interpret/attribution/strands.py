"""Do both strands tell the same?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.baselines import known_bases
from motiflens.interpret.attribution.branches import OneStrand, flipped
from motiflens.interpret.attribution.options import AttributionOptions, attribution_options
from motiflens.interpret.attribution.windows import check_windows
from motiflens.models.types import Doubles, Floats

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiflens.interpret.attribution.options import AttributionArguments


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
    settings: AttributionOptions | None = None,
    *,
    meta: Tensor | Floats | None = None,
    single: bool = True,
    **arguments: Unpack[AttributionArguments],
) -> StrandAgreement:
    """Compare the attribution of windows with that of their reverse complements (DeepGRN's Fig. 5a, b).

    A Siamese model's merged logit is the same for both, so its strands are attributed one at a time, each by the
    logit of that strand alone, unless `single` is False. Shuffled baselines of both strands are reverse
    complements of each other.

    Parameters
    ----------
    model, x, settings, meta, arguments
        See `attribute`; the method is saliency by default.
    single
        Attribute a Siamese model's single strands, rather than its merged logit.
    """
    if settings is None:
        arguments.setdefault("method", "saliency")
    chosen = attribution_options(settings, arguments)
    network = OneStrand(model) if single and getattr(model, "siamese", False) else model
    windows = check_windows(model, x, None)[0]
    there = flipped(chosen.baseline) if isinstance(chosen.baseline, Tensor) else chosen.baseline
    ahead = attribute(network, windows, chosen, meta=meta)
    back = attribute(network, flipped(windows), chosen, meta=meta, baseline=there)
    reverse = np.ascontiguousarray(flipped(torch.from_numpy(back.scores)).numpy())
    known = known_bases(windows).cpu().numpy()  # N, L
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
