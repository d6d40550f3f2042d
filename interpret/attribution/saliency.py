"""Saliency."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.interpret.attribution.gradient_inputs import Raw, gradient_of
from motiflens.interpret.attribution.inputs import differentiable


def saliency(
    model: nn.Module, x: Tensor, *, target: int = 0, meta: Tensor | None = None, batch_size: int = 64
) -> Raw:
    """Signed gradient of the logit with respect to the input (Simonyan, Vedaldi & Zisserman 2014).

    Signal channels carry the plain gradient, d logit per unit of signal.
    """
    return gradient_of(differentiable(model, x, target, meta), batch_size, times_input=False)
