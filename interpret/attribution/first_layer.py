"""A first convolution that is linear in the windows: computed once for many points between the same ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from motiflens.interpret.attention_hooks import Captured
from motiflens.interpret.attribution.gradient_inputs import Bases, check_gradient, gradient
from motiflens.models.architectures.geometry import in_parts


@dataclass(frozen=True)
class FirstLayer:
    """The convolution through which all of a model's input passes, once for each strand that the model reads.

    Attributes
    ----------
    inputs
        The model and its windows.
    layer
        The convolution.
    calls
        How often a pass calls it.
    """

    inputs: Bases
    layer: nn.Module
    calls: int

    def outputs(self, values: Tensor, rows: Tensor) -> list[Tensor]:
        """Return what the layer gives at each of its calls, (n, D, T) each, for windows (n, C, L)."""
        with torch.no_grad():
            return self._outputs(values, rows)

    def gradients(self, outputs: list[Tensor], values: Tensor, rows: Tensor) -> list[Tensor]:
        """Return d logit / d outputs, where the layer gives `outputs` whatever goes in."""
        leaves = [output.detach().requires_grad_() for output in outputs]
        waiting = list(leaves)
        with torch.enable_grad(), _Instead(self.layer, lambda *_: waiting.pop(0)):
            logits = self.inputs.logits(values, rows)
        check_gradient(logits)
        return list(torch.autograd.grad(logits.sum(), leaves))

    def pulled_back(self, slopes: list[Tensor], values: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient with respect to the windows, (n, C, L), of what has `slopes` at the outputs."""
        leaf = values.detach().requires_grad_()
        with torch.enable_grad():
            outputs = self._outputs(leaf, rows)
            total = torch.stack([(out * slope).sum() for out, slope in zip(outputs, slopes, strict=True)]).sum()
        return torch.autograd.grad(total, leaf)[0]

    def _outputs(self, values: Tensor, rows: Tensor) -> list[Tensor]:
        taken: list[Tensor] = []

        def take(_: nn.Module, __: Any, output: Tensor) -> None:
            taken.append(output)
            if len(taken) == self.calls:
                raise Captured

        handle = self.layer.register_forward_hook(take)
        try:
            self.inputs.logits(values, rows)
        except Captured:
            pass
        finally:
            handle.remove()
        return taken


def first_layer(inputs: Bases, start: Tensor, row: Tensor) -> FirstLayer | None:
    """Return a model's first convolution if all of the input passes through it, and linearly; else None.

    It is tried out halfway between one window and `start`, (1, C, L): the outputs there must be the mean of those
    at both ends, and the gradient that of a whole pass.
    """
    if type(inputs) is not Bases or in_parts(inputs.model):
        return None
    here = inputs.values[row]
    middle = (here + start) / 2
    order: list[nn.Module] = []
    leaves = [module for module in inputs.model.modules() if isinstance(module, nn.Conv1d)]
    handles = [module.register_forward_hook(lambda module, *_: order.append(module)) for module in leaves]
    try:
        expected, _ = gradient(inputs, middle, row)
    finally:
        for handle in handles:
            handle.remove()
    if not order:
        return None
    shared = FirstLayer(inputs, order[0], order.count(order[0]))
    try:
        ends = [shared.outputs(values, row) for values in (here, start, middle)]
        straight = all(_close((a + b) / 2, mean) for a, b, mean in zip(*ends, strict=True))
        slopes = shared.gradients(ends[2], middle, row)
        return shared if straight and _close(shared.pulled_back(slopes, middle, row), expected) else None
    except (RuntimeError, ValueError, IndexError, TypeError):  # the model does something else with the layer
        return None


def _close(a: Tensor, b: Tensor) -> bool:
    share = 1e-9 if a.dtype == torch.float64 else 1e-4
    return a.shape == b.shape and float((a - b).abs().max()) <= share * max(float(b.abs().max()), 1e-30)


class _Instead:
    """Within the block a module computes something else."""

    def __init__(self, module: nn.Module, forward: Callable[..., Tensor]) -> None:
        self.module, self.forward = module, forward

    def __enter__(self) -> None:
        self.module.__dict__["forward"] = self.forward

    def __exit__(self, *_: object) -> None:
        self.module.__dict__.pop("forward", None)
