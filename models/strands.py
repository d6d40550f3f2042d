"""Merging a model's predictions for both strands, by their mean or their maximum."""

from __future__ import annotations

from typing import cast, get_args

import torch
from torch import Tensor
from torch.nn import functional

from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.architectures.layers import Merge
from motiflens.models.types import Json

CHOSEN = "strand_merge"  # in ``config.json``: what validation has chosen, see `Recipe.strand_merge`


def mean_logit(a: Tensor, b: Tensor) -> Tensor:
    """Logit of the mean of two probabilities that are given as logits, without overflow.

    Examples
    --------
    >>> round(mean_logit(torch.tensor(200.0), torch.tensor(-200.0)).item(), 6)
    0.0
    """
    plus = torch.logaddexp(functional.logsigmoid(a), functional.logsigmoid(b))
    minus = torch.logaddexp(functional.logsigmoid(-a), functional.logsigmoid(-b))
    return plus - minus


def both_strands(model: SequenceModel, x: Tensor, meta: Tensor | None = None, merge: Merge = "mean") -> Tensor:
    """Logit of both strands' mean or largest probability, (N, T); a model that merges them itself is left alone.

    See `strand_merge`.
    """
    logits = model(x, meta)
    if model.siamese:
        return logits
    other = model(reverse_complement(x), meta)
    return mean_logit(logits, other) if merge == "mean" else torch.maximum(logits, other)


def merging(both: bool | None, merge: str | None) -> bool | Merge | None:
    """Return what a user asks for, for `strand_merge`; ValueError for another merge, or one of a single strand.

    Examples
    --------
    >>> merging(None, None), merging(True, None), merging(None, "max")
    (None, True, 'max')
    """
    if merge is None:
        return both
    if both is False:
        raise ValueError("one strand has nothing to merge: leave out --one-strand or --strand-merge")
    if merge not in get_args(Merge):
        raise ValueError(f"strand-merge must be one of {', '.join(get_args(Merge))}, not {merge!r}")
    return cast(Merge, merge)


def strand_merge(config: Json, given: bool | Merge | None = None) -> Merge | None:
    """Return how a run merges the strands.

    Parameters
    ----------
    config
        Of the run: its recipe says whether and how, or what validation has chosen.
    given
        ``mean`` or ``max``; True, both strands, as the run merges them; False, one strand; None, as the recipe
        says.

    Returns
    -------
    str or None
        ``mean`` or ``max``; None where one strand is scored.

    Examples
    --------
    >>> strand_merge({"training": {"average_strands": True}})
    'mean'
    >>> chosen = {"training": {"average_strands": True, "strand_merge": "valid"}, "strand_merge": "max"}
    >>> strand_merge(chosen), strand_merge(chosen, "mean"), strand_merge(chosen, False)
    ('max', 'mean', None)
    """
    training = config.get("training", {})
    if given is None:
        given = bool(training.get("average_strands", False))
    if isinstance(given, str):
        return given
    how = training.get("strand_merge", "mean")
    merge: Merge = config.get(CHOSEN, "mean") if how == "valid" else how
    return merge if given else None
