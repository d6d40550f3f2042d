"""A model's stem: the convolutions, poolings and pointwise layers before anything that sees the whole window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.interpret.attribution.gradient_inputs import call
from motiflens.models.architectures.geometry import ELEMENTWISE, in_parts


@dataclass(frozen=True)
class Step:
    """A layer of the stem."""

    module: nn.Module
    last: bool  # positions before channels: (N, L, D), as position-wise Linear layers take them
    work: int = 0  # multiply-adds for a whole window


@dataclass(frozen=True)
class Stem:
    """A chain of layers from (N, C, L) to (N, D, T), each output seeing few bases.

    Attributes
    ----------
    steps
        The layers, in order.
    total
        Multiply-adds of all the model's layers for a whole window.
    """

    steps: tuple[Step, ...]
    total: int = 0

    def shorter(self) -> Stem | None:
        """Return the stem without its last layer; None if no convolution is left."""
        return replace(self, steps=self.steps[:-1]) if len(self.steps) > 1 else None

    def saving(self, length: int, width: int) -> float:
        """Return the share of a pass's multiply-adds that an edit of `width` bases in `length` saves."""
        # Each layer computes its part of the stretch of bases that the last layer's outputs see.
        seen = min(1.0, (self.reach + width - 1) / length)
        return sum(step.work for step in self.steps) * (1 - seen) / max(self.total, 1)

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros that the first convolution puts on either side."""
        return _padding(self.steps[0].module)

    @property
    def geometry(self) -> tuple[int, int]:
        """(jump, width): output p sees the padded input's [jump · p, jump · p + width)."""
        jump, width = 1, 1
        for step in self.steps:
            size, stride, dilation = _shape(step.module)
            width += jump * dilation * (size - 1)
            jump *= stride
        return jump, width

    @property
    def reach(self) -> int:
        """Bases that the outputs which see one base see together."""
        jump, width = self.geometry
        return jump * ((width - 1) // jump) + width

    def outputs(self, x: Tensor) -> Tensor:
        """Return the stem's outputs for whole windows, (n, D, T)."""
        return self._run(functional.pad(x, self.padding))

    def outputs_along(self, x: Tensor, starts: Tensor) -> Tensor:
        """Return the stem's outputs for windows of a genome, computing once what overlapping ones share.

        Of windows whose starts differ by a multiple of the stem's stride, outputs at the same bases are equal, as
        long as nothing is put beside a window. Windows that do not agree where they overlap are computed each.

        Parameters
        ----------
        x
            (n, C, L).
        starts
            (n,): first base of each window, on one axis for all. Those that follow each other are compared.
        """
        length = x.shape[-1]
        jump, width = self.geometry
        if self.padding != (0, 0) or length < width:
            return self.outputs(x)
        steps: list[int] = (starts[1:] - starts[:-1]).tolist()
        ends = [row + 1 for row, step in enumerate(steps) if not 0 <= step < length or step % jump]
        runs = list(zip([0, *ends], [*ends, len(x)], strict=True))
        alone = [first for first, end in runs if end == first + 1]
        if len(alone) == len(x):
            return self.outputs(x)
        made = {first: self._stretch(x[first:end], starts[first:end]) for first, end in runs if end > first + 1}
        if len(made) == 1 and not alone:
            return made[0]
        some = next(iter(made.values()))
        outputs = some.new_empty(len(x), *some.shape[1:])
        for first, part in made.items():
            outputs[first : first + len(part)] = part
        if alone:
            outputs[alone] = self.outputs(x[alone])
        return outputs

    def _stretch(self, x: Tensor, starts: Tensor) -> Tensor:
        """Outputs of windows that lie on one stretch of bases, in ascending order."""
        length = x.shape[-1]
        offsets: list[int] = (starts - starts[0]).tolist()
        stretch = x.new_zeros(1, x.shape[1], offsets[-1] + length)
        places = [slice(offset, offset + length) for offset in offsets]
        for window, place in zip(x, places, strict=True):
            stretch[0, :, place] = window
        agree = all(torch.equal(stretch[0, :, place], window) for window, place in zip(x, places, strict=True))
        if offsets[-1] == 0 or not agree:
            return self.outputs(x)
        jump, width = self.geometry
        positions = (length - width) // jump + 1
        whole = self._run(stretch)[0]  # D, T of the stretch
        return torch.stack([whole[:, offset // jump : offset // jump + positions] for offset in offsets])

    def _run(self, padded: Tensor) -> Tensor:
        h = padded
        for number, step in enumerate(self.steps):
            if number == 0 and isinstance(step.module, nn.Conv1d):
                conv = step.module
                h = functional.conv1d(h, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)
            elif step.last:
                h = step.module(h.transpose(1, 2)).transpose(1, 2)
            else:
                h = step.module(h)
        return h

    def update(self, before: Tensor, windows: Tensor, starts: Tensor, width: int) -> Tensor:
        """Return the outputs after edits, (n, D, T), computing only those that an edit can reach.

        Parameters
        ----------
        before
            n, D, T: outputs of the windows before the edits; the new ones are written over them.
        windows
            n, C, L: the edited windows.
        starts, width
            The edited bases, [starts, starts + width).
        """
        jump, field = self.geometry
        positions = before.shape[-1]
        count = min((field + width - 2) // jump + 1, positions)  # outputs that an edit can reach
        first = starts + self.padding[0] - field
        first = (torch.div(first, jump, rounding_mode="floor") + 1).clamp(0, positions - count)
        padded = functional.pad(windows, self.padding)
        span = torch.arange(jump * (count - 1) + field, device=starts.device)
        crop = padded.gather(2, (jump * first[:, None] + span)[:, None].expand(-1, windows.shape[1], -1))
        fresh = self._run(crop)  # n, D, count
        where = first[:, None] + torch.arange(count, device=starts.device)  # n, count
        where = where[:, None].expand(-1, before.shape[1], -1)
        return before.scatter_(2, where, fresh)

    @contextmanager
    def replaced(self, outputs: Tensor) -> Iterator[None]:
        """Within the block the model's stem gives `outputs`, (n, D, T), whatever goes in."""
        try:
            for number, step in enumerate(self.steps):
                give = outputs.transpose(1, 2) if step.last else outputs
                step.module.forward = _constant(give) if number == 0 else _same  # type: ignore[method-assign]
            yield
        finally:
            for step in self.steps:
                step.module.__dict__.pop("forward", None)


def _constant(value: Tensor) -> Any:
    return lambda *_: value


def _same(value: Tensor) -> Tensor:
    return value


class _Call(NamedTuple):
    """What a layer was given and gave."""

    module: nn.Module
    given: Tensor
    given_node: Any  # of torch's graph
    given_version: int  # counts edits in place
    output: Tensor
    output_node: Any
    output_version: int


def find_stem(model: nn.Module, x: Tensor, meta: Tensor | None) -> Stem | None:
    """Return the longest chain of local layers from the input, as one pass of the model shows them.

    A layer belongs to the chain if torch's graph leads from the layer before to it through changes of layout
    alone: whatever a function computes between them, in place or not, ends the chain.

    Parameters
    ----------
    x
        (1, C, L): any window.
    """
    if in_parts(model):
        return None
    start = x.detach().clone().requires_grad_().clone()
    try:
        calls, work = _calls(model, start, meta)
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        # a model that cannot be differentiated (``out=``, a kernel machine) is passed whole
        return None
    modules = [call.module for call in calls]
    steps: list[Step] = []
    current, node, version = start, start.grad_fn, start._version
    for made in calls:
        layout = (
            _layout(made.given, current)
            if made.given_version == version and _leads(made.given_node, node)
            else None
        )
        if layout is None or not _is_local(made.module, layout, first=not steps) or modules.count(made.module) > 1:
            if steps:
                break
            continue
        longer = Stem((*steps, Step(made.module, layout, work[made.module])))
        if longer.reach > x.shape[-1] // 2:
            break  # a pooling over everything, say: nothing would be saved
        steps = list(longer.steps)
        current = made.output.transpose(1, 2) if layout else made.output
        node, version = made.output_node, made.output_version
    return Stem(tuple(steps), sum(work.values())) if steps else None


def _calls(model: nn.Module, x: Tensor, meta: Tensor | None) -> tuple[list[_Call], dict[nn.Module, int]]:
    """Return the calls of layers in one pass, in order, and each layer's multiply-adds."""
    calls: list[_Call] = []
    work: dict[nn.Module, int] = {}
    given: list[tuple[Any, int, Tensor]] = []

    def enter(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        # Copies of the values as they are now: a function may edit them in place later, torch's graph unaware.
        first = inputs[0] if inputs and isinstance(inputs[0], Tensor) else None
        given.append((None, 0, torch.empty(0)) if first is None else (first.grad_fn, first._version, _copy(first)))

    def leave(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        node, version, kept = given.pop()
        work[module] = work.get(module, 0) + _multiply_adds(module, output)
        if len(inputs) == 1 and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            calls.append(_Call(module, kept, node, version, _copy(output), output.grad_fn, output._version))

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [module.register_forward_pre_hook(enter) for module in leaves]
    handles += [module.register_forward_hook(leave) for module in leaves]
    try:
        with torch.enable_grad():
            call(model, x, meta)
    finally:
        for handle in handles:
            handle.remove()
    return calls, work


# What torch's graph calls changes of layout.
_LAYOUT_NODES: Final = frozenset(
    f"{name}Backward{number}"
    for name in (
        "Transpose",
        "Permute",
        "Clone",
        "View",
        "UnsafeView",
        "ReshapeAlias",
        "Unsqueeze",
        "Squeeze",
        "Alias",
    )
    for number in range(4)
)


def _leads(given: Any, node: Any) -> bool:
    """Whether torch's graph leads back from one node to another through changes of layout alone."""
    for _ in range(20):
        if given is None or given is node:
            return given is not None
        if type(given).__name__ not in _LAYOUT_NODES:
            return False
        given = given.next_functions[0][0]
    return False


def _multiply_adds(module: nn.Module, output: Any) -> int:
    """Count those of a layer's matrices: each is applied once for every position of the output."""
    first = output[0] if isinstance(output, tuple) else output
    if not isinstance(first, Tensor) or not first.numel() or isinstance(module, nn.Embedding):
        return 0
    convolution = isinstance(module, nn.modules.conv._ConvNd)
    positions = first.numel() // first.shape[1 if convolution else -1]
    return positions * sum(weight.numel() for weight in module.parameters() if weight.ndim > 1)


def _copy(values: Tensor) -> Tensor:
    return values.detach().clone()


def _layout(given: Tensor, current: Tensor) -> bool | None:
    """False where a layer was given `current`, True where its transpose, None where something else."""
    for layout, expected in ((False, current), (True, current.transpose(1, 2))):
        if given.shape == expected.shape and torch.equal(given, expected):
            return layout
    return None


def _is_local(module: nn.Module, last: bool, *, first: bool) -> bool:
    if first:
        return isinstance(module, nn.Conv1d) and module.padding_mode == "zeros" and not last
    if isinstance(module, nn.Linear):
        return last
    if isinstance(module, ELEMENTWISE):
        return True
    if last:
        return False
    if isinstance(module, nn.BatchNorm1d):
        return module.track_running_stats
    if isinstance(module, nn.Conv1d):
        return _padding(module) == (0, 0)
    if isinstance(module, nn.MaxPool1d | nn.AvgPool1d):
        return _one(module.padding) == 0 and not module.ceil_mode
    return False


def _shape(module: nn.Module) -> tuple[int, int, int]:
    """(kernel, stride, dilation) of a layer; ones where it is pointwise."""
    if isinstance(module, nn.Conv1d | nn.MaxPool1d):
        return _one(module.kernel_size), _one(module.stride), _one(module.dilation)
    if isinstance(module, nn.AvgPool1d):
        return _one(module.kernel_size), _one(module.stride), 1
    return 1, 1, 1


def _padding(module: nn.Module) -> tuple[int, int]:
    if not isinstance(module, nn.Conv1d) or module.padding == "valid":
        return 0, 0
    if module.padding == "same":
        total = _one(module.dilation) * (_one(module.kernel_size) - 1)
        return total // 2, total - total // 2
    return _one(module.padding), _one(module.padding)


def _one(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)
