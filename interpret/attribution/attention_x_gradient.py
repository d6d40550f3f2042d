"""Attention × gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.kernel import Raw, call, chunks
from motiflens.interpret.coordinates import Strand, to_bp
from motiflens.interpret.fields import field_of


def attention_x_gradient(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
) -> Raw:
    """Attention weights times the gradient of the logit with respect to them (as in Serrano & Smith 2019).

    Channels, and the queries of a pairwise map, are summed, so that each position has one number: how much the
    logit owes to attending there. Layers of attention and strands add up. A base gets the mean of the positions
    that look at it (`to_bp`); signals get 0, since a weight belongs to no channel.

    Raises
    ------
    ValueError
        If the model has no attention.
    """
    stems: Mapping[str, tuple[nn.Module, ...]] = getattr(model, "attention_stems", dict)()
    if not stems:
        raise ValueError(
            f"{type(model).__name__} has no attention: take another method, such as saliency or deep_lift_shap"
        )
    siamese = bool(getattr(model, "siamese", False))
    tracks, logits = [], []
    for part in chunks(len(x), batch_size):
        found, logit = _products(model, x[part], None if meta is None else meta[part], target, list(stems))
        track = x.new_zeros((len(logit), x.shape[-1]))
        for name, calls in found.items():
            field = field_of(stems[name], x.shape[-1])
            for number, profile in enumerate(calls):
                # A Siamese model computes its attention once for each strand, the forward one first.
                strand: Strand = "-" if siamese and number % 2 else "+"
                spread = to_bp(profile.cpu().numpy(), field, x.shape[-1], strand=strand)
                track += torch.from_numpy(spread).to(track)
        tracks.append(track)
        logits.append(logit)
    scores = torch.zeros_like(x)
    scores[:, :4] = torch.cat(tracks)[:, None] * x[:, :4]
    return Raw(None, scores, torch.cat(logits))


def _products(
    model: nn.Module, x: Tensor, meta: Tensor | None, target: int, names: list[str]
) -> tuple[dict[str, list[Tensor]], Tensor]:
    """Return attention × gradient at each position, (N, T), for each call of each layer, and the logits."""
    weights: dict[str, list[Tensor]] = {name: [] for name in names}

    def keep(name: str) -> Any:
        return lambda _, __, output: weights[name].append(output)

    handles = [model.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        with torch.enable_grad():
            logits = call(model, x.detach().requires_grad_(), meta)[:, target]
            every = [weight for calls in weights.values() for weight in calls]
            given = torch.autograd.grad(logits.sum(), every, allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
    # A layer on which the logit does not depend (behind a factor of 0, say) owes nothing.
    slopes = (torch.zeros_like(w) if slope is None else slope for w, slope in zip(every, given, strict=True))
    found = {}
    for name, calls in weights.items():
        kind = str(getattr(model.get_submodule(name), "kind", "vector"))
        found[name] = [_reduced(weight.detach() * next(slopes), kind) for weight in calls]
    return found, logits.detach()


def _reduced(product: Tensor, kind: str) -> Tensor:
    """Reduce (N, T), (N, T, D) or (N, Q, K) to one number a position, (N, T)."""
    if product.ndim == 2:
        return product
    return product.sum(-1 if kind == "channel" else 1)
