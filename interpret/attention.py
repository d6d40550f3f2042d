"""From the weights that a model computes to one value a position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from motiflens.interpret.results import Field
from motiflens.models.types import Doubles, Floats

Reduce = Literal["weights", "mean", "max_channel", "columns", "row", "rollout"]
# The first is the default.
REDUCTIONS: dict[str, tuple[Reduce, ...]] = {
    "vector": ("weights",),
    "channel": ("mean", "max_channel"),
    "pairwise": ("columns", "row", "rollout"),
}


def choose_reduction(kind: str, reduce: Reduce | None) -> Reduce:
    """Return the reduction to use for weights of a kind.

    Raises
    ------
    ValueError
        If it is none for that kind.
    """
    known = REDUCTIONS[kind]
    if reduce is not None and reduce not in known:
        raise ValueError(f"{kind} attention is reduced by {' or '.join(known)}, not {reduce!r}")
    return reduce or known[0]


def profile(weights: Floats, kind: str, *, reduce: Reduce | None = None, query: int | None = None) -> Floats:
    """Reduce attention weights to one value a position.

    Parameters
    ----------
    weights
        (N, T), (N, T, D), (N, Q, K) or with heads (N, H, Q, K).
    kind
        ``vector``, ``channel`` or ``pairwise``.
    reduce
        ``vector``: the weights as they are. ``channel``: ``mean`` over channels (default), or ``max_channel``, the
        one channel that holds the sequence's largest weight (as the DeepGRN authors do: it picks the spikiest
        channel, another one in every sequence). ``pairwise``, after averaging over heads: ``columns``, what each
        position gets from all queries (default; sums to Q), ``row``, what one query looks at, or ``rollout``
        (see `rollout`, here of this layer alone).
    query
        Query of ``row``; the middle one by default.

    Returns
    -------
    array
        (N, T).

    Examples
    --------
    >>> profile(np.array([[[0.75, 0.25], [0.5, 0.5]]]), "pairwise").tolist()
    [[1.25, 0.75]]
    """
    reduction = choose_reduction(kind, reduce)
    if reduction == "weights":
        return weights
    if reduction == "mean":
        return weights.mean(axis=2)
    if reduction == "max_channel":
        channel = weights.max(axis=1).argmax(axis=1)  # N
        return np.take_along_axis(weights, channel[:, None, None], axis=2)[:, :, 0]
    pairs = mean_heads(weights)  # N, Q, K
    if reduction == "columns":
        return pairs.sum(axis=1)
    if reduction == "row":
        row = pairs.shape[1] // 2 if query is None else query
        if not 0 <= row < pairs.shape[1]:
            raise ValueError(f"there is no query {row}: they are 0 to {pairs.shape[1] - 1}")
        return pairs[:, row]
    return rollout([pairs], []).astype(weights.dtype)


def mean_heads(weights: Floats) -> Floats:
    """Average pairwise weights over heads, if they have any: (N, Q, K)."""
    return weights.mean(axis=1) if weights.ndim == 4 else weights


def rollout(layers: Sequence[Floats], steps_between: Sequence[Doubles]) -> Doubles:
    """Attention rollout (Abnar and Zuidema 2020): what flows from the first layer's positions to the last's.

    Each layer's weights A become (A + I) / 2, rows made to sum to 1, and are multiplied from the last layer to the
    first; the mean over the last layer's positions remains.

    Parameters
    ----------
    layers
        (N, T_i, T_i) each, the first layer first.
    steps_between
        Between layer i and i + 1, (T_{i+1}, T_i): from which positions of the finer layer each coarser one is made
        (see `coarsening`). One fewer than `layers`.

    Returns
    -------
    array
        (N, T_0) float64; sums to 1.
    """
    flow: Doubles | None = None  # N, T_i, T_0
    for number, weights in enumerate(layers):
        mixed = (weights + np.eye(weights.shape[-1])) / 2
        mixed = mixed / mixed.sum(axis=-1, keepdims=True)
        if flow is not None:
            flow = mixed @ (steps_between[number - 1] @ flow)
        else:
            flow = mixed
    if flow is None:
        raise ValueError("rollout needs at least one layer")
    return flow.mean(axis=1)


def coarsening(fine: Field, coarse: Field) -> Doubles:
    """Return how positions of a coarser layer draw on a finer one's, (T_coarse, T_fine), rows summing to 1.

    Each coarse position takes equally the fine ones whose centres lie nearer to its own centre than to its
    neighbours', or the nearest one if there is none.
    """
    distance = np.abs(coarse.center[:, None] - fine.center[None, :])  # T_coarse, T_fine
    jump = np.diff(coarse.center).min() if len(coarse.center) > 1 else np.inf
    near = distance < jump / 2
    nearest = distance == distance.min(axis=1, keepdims=True)
    taken = np.where(near.any(axis=1, keepdims=True), near, nearest).astype(np.float64)
    return taken / taken.sum(axis=1, keepdims=True)
