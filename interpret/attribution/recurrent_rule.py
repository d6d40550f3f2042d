"""DeepLIFT's rule for recurrent layers: the layer's integrated gradients, in one backward pass if that will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor


def recurrent_rule(points: int) -> Callable[[Any, tuple[Tensor, ...], tuple[Tensor, ...]], tuple[Tensor]]:
    """Return the rule of a layer as tangermeme calls it: (module, grad_input, grad_output) -> grad_input.

    Multipliers from above are multiplied by the layer's Jacobian, averaged by Gauss-Legendre quadrature along the
    straight path from what the layer was given for baselines (the second half of the rows) to what it was given
    for the windows (the first). Where both halves have the same multipliers from above, as is the rule, there is
    one backward pass; tangermeme's `integrated_gradients_op` walks back through time for each.

    Parameters
    ----------
    points
        Of the quadrature.
    """
    places, shares = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(points))

    def rule(module: Any, _: tuple[Tensor, ...], grad_output: tuple[Tensor, ...]) -> tuple[Tensor]:
        here, there = module.input.detach().chunk(2)
        above = grad_output[0].detach().chunk(2)
        along = ((places + 1) / 2).to(here).reshape(-1, *[1] * here.ndim)
        weights = (shares / 2).to(above[0]).reshape(-1, *[1] * above[0].ndim)
        path = (there + along * (here - there)).flatten(0, 1).requires_grad_()  # points · n, ...
        same = torch.equal(*above)
        with torch.enable_grad():
            outputs = module.forward(path)  # not through hooks, which would call this rule again
        slopes = [
            torch.autograd.grad(outputs, path, (weights * part).flatten(0, 1), retain_graph=not last)[0]
            .unflatten(0, (points, -1))
            .sum(0)
            for part, last in ([(above[0], True)] if same else [(above[0], False), (above[1], True)])
        ]
        return (torch.cat([slopes[0], slopes[-1]]),)

    return rule
