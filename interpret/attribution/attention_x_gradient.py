"""Attention × gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from motiflens.interpret.attention_hooks import attention_hooked
from motiflens.interpret.attribution.gradient_inputs import Raw, call, chunks
from motiflens.interpret.coordinates import Strand, to_bp
from motiflens.interpret.find_sources import find_sources
from motiflens.interpret.sources import Source, arrange


def attention_x_gradient(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    sources: Sequence[Source] | None = None,
) -> Raw:
    """Attention weights times the gradient of the logit with respect to them (as in Serrano & Smith 2019).

    Channels, heads and the queries of a pairwise map are summed, so that each position has one number: how much
    the logit owes to attending there. Layers of attention and strands add up. A base gets the mean of the
    positions that look at it (`to_bp`); signals get 0, since a weight belongs to no channel.

    Parameters
    ----------
    sources
        Where the model computes attention, as an `Adapter` finds it; by default what the model declares, or else
        what `adapt` finds. A source that is computed twice in a pass scores the forward strand first.

    Raises
    ------
    ValueError
        If the model has no attention, or one whose weights a fused function keeps to itself.
    """
    one = None if meta is None else meta[:1]
    chosen = list(find_sources(model, x[:1], one) if sources is None else sources)
    if not chosen:
        raise ValueError(
            f"{type(model).__name__} has no attention: take another method, such as saliency or deep_lift_shap"
        )
    tracks, logits = [], []
    for part in chunks(len(x), batch_size):
        products, logit = _products(model, x[part], None if meta is None else meta[part], target, chosen)
        track = x.new_zeros((len(logit), x.shape[-1]))
        for source in chosen:
            for number, profile in enumerate(products[source.name]):
                # A Siamese model computes its attention once for each strand, the forward one first.
                strand: Strand = "-" if number % 2 else "+"
                spread = to_bp(profile.cpu().numpy(), source.field, x.shape[-1], strand=strand)
                track += torch.from_numpy(spread).to(track)
        tracks.append(track)
        logits.append(logit)
    scores = torch.zeros_like(x)
    scores[:, :4] = torch.cat(tracks)[:, None] * x[:, :4]
    return Raw(None, scores, torch.cat(logits))


def _products(
    model: nn.Module, x: Tensor, meta: Tensor | None, target: int, sources: Sequence[Source]
) -> tuple[dict[str, list[Tensor]], Tensor]:
    """Return attention × gradient at each position, (N, T), for each call of each source, and the logits."""
    calls: list[tuple[str, Tensor]] = []
    layouts = {source.name: source.layout for source in sources}
    with torch.enable_grad():
        with attention_hooked(model, list(layouts), lambda name, _, weights: calls.append((name, weights))):
            logits = call(model, x.detach().requires_grad_(), meta)[:, target]
        slopes = _slopes(logits.sum(), [weights for _, weights in calls])
    products: dict[str, list[Tensor]] = {name: [] for name in layouts}
    for (name, weights), slope in zip(calls, slopes, strict=True):
        if slope is None and name.startswith("softmax:"):
            raise ValueError(
                f"the weights at {name} are computed within one function together with what they are for, so that "
                "no gradient reaches them: take another method, such as integrated_gradients"
            )
        # A layer on which the logit does not depend (behind a factor of 0, say) owes nothing.
        product = torch.zeros_like(weights) if slope is None else weights.detach() * slope
        products[name].append(_reduced(product, layouts[name], len(x)))
    return products, logits.detach()


def _slopes(total: Tensor, weights: list[Tensor]) -> list[Tensor | None]:
    """Return d total / d weights; None where nothing depends on them."""
    # `nn.MultiheadAttention` hands out a view of its weights that nothing is computed from: ask for what it shows.
    shown = [weight._base if weight._is_view() else None for weight in weights]  # type: ignore[no-untyped-call]
    bases = [weight if base is None else base for weight, base in zip(weights, shown, strict=True)]
    given = torch.autograd.grad(total, [*weights, *bases], allow_unused=True)
    slopes: list[Tensor | None] = []
    for weight, own, base, whole in zip(weights, given, bases, given[len(weights) :], strict=False):
        if own is None and whole is not None and base.is_contiguous():
            own = whole.contiguous().as_strided(weight.shape, weight.stride(), weight.storage_offset())
        slopes.append(own)
    return slopes


def _reduced(product: Tensor, layout: str, n: int) -> Tensor:
    """Reduce weights in any layout to one number a position, (N, T)."""
    if layout == "nhqk":
        return product.reshape(n, -1, product.shape[-1]).sum(1)
    arranged = arrange(product, layout)
    if arranged.ndim == 2:
        return arranged
    return arranged.sum(1 if layout == "nqk" else -1)
