"""Input × gradient."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.interpret.attribution.gradient_inputs import Raw, gradient_of
from motiflens.interpret.attribution.inputs import differentiable


def input_x_gradient(
    model: nn.Module, x: Tensor, *, target: int = 0, meta: Tensor | None = None, batch_size: int = 64
) -> Raw:
    """Gradient times input (Shrikumar et al. 2016).

    On sequence channels this is the projected `saliency`; signal channels are multiplied by their signal.
    """
    return gradient_of(differentiable(model, x, target, meta), batch_size, times_input=True)
