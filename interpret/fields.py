"""Exact receptive fields: which bases each position behind a stack of convolutions and poolings looks at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from motiflens.interpret.results import Field
from motiflens.models.architectures.geometry import POINTWISE

_PADS = (
    nn.modules.padding._ConstantPadNd,
    nn.modules.padding._ReflectionPadNd,
    nn.modules.padding._ReplicationPadNd,
)
_ADAPTIVE = (nn.modules.pooling._AdaptiveAvgPoolNd, nn.modules.pooling._AdaptiveMaxPoolNd)


class Geometry(NamedTuple):
    """Where the positions of a layer lie on the input: position p looks at [start + jump · p, … + width)."""

    start: int  # bp of position 0's field; below 0 where a layer pads
    jump: int  # bp between neighbours
    width: int  # bp
    steps: int  # positions
    nominal: bool = False  # a recurrent layer lies between

    def field(self) -> Field:
        """Return the field of each position."""
        start = self.start + self.jump * np.arange(self.steps, dtype=np.int64)
        return Field(start, self.width, self.nominal)


def field_of(layers: Iterable[nn.Module], length: int, *, nominal: bool = False) -> Field:
    """Return the bases that each position behind a chain of layers looks at.

    Parameters
    ----------
    layers
        From the input on: convolutions and poolings with any kernel, stride, dilation, padding and ceil_mode,
        padding layers; pointwise layers (activations, normalisation in eval mode, dropout) may stand between.
        Of layers in two dimensions the last axis counts. A recurrent layer makes the field nominal.
    length
        Window length in bp.
    nominal
        Mark the field as nominal whatever the layers are.

    Raises
    ------
    ValueError
        If no position is left, or a layer has no fixed geometry (flattening, transposed convolutions).

    Examples
    --------
    >>> field = field_of([nn.Conv1d(4, 320, 26), nn.ReLU(), nn.MaxPool1d(13)], 1000)  # TBiNet
    >>> len(field.start), field.width, field.center[:2].tolist()
    (75, 38, [18.5, 31.5])
    """
    geometry = Geometry(0, 1, 1, length, nominal)
    for layer in layers:
        geometry = advance(geometry, layer)
    return geometry.field()


def advance(before: Geometry, layer: nn.Module) -> Geometry:
    """Return the geometry behind one more layer. Errors as in `field_of`."""
    if isinstance(layer, nn.RNNBase):
        return before._replace(nominal=True)
    if isinstance(layer, POINTWISE):
        return before
    if isinstance(layer, _PADS):
        left, right = _pair(layer.padding)
        return before._replace(start=before.start - left * before.jump, steps=before.steps + left + right)
    kernel, stride, dilation, (left, right), ceil = _shape(layer, before.steps)
    span = dilation * (kernel - 1) + 1
    count = _count(before.steps, span, stride, left, right, ceil=ceil)
    if count < 1:
        raise ValueError(
            f"no position is left behind {layer}: {before.steps} come in, it needs {span - left - right}; "
            "take longer windows"
        )
    return Geometry(
        start=before.start - left * before.jump,
        jump=before.jump * stride,
        width=before.width + (span - 1) * before.jump,
        steps=count,
        nominal=before.nominal,
    )


def hull(parts: Iterable[Geometry]) -> Geometry:
    """Return the smallest fields that hold those of several branches that meet (residual, multi-scale).

    Raises
    ------
    ValueError
        If the branches differ in stride or in the number of positions.
    """
    parts = list(parts)
    if len({(part.jump, part.steps) for part in parts}) > 1:
        raise ValueError(
            "branches of different stride or length meet: "
            + ", ".join(f"{part.steps} positions {part.jump} bp apart" for part in parts)
        )
    start = min(part.start for part in parts)
    end = max(part.start + part.width for part in parts)
    nominal = any(part.nominal for part in parts)
    return Geometry(start, parts[0].jump, end - start, parts[0].steps, nominal)


def has_geometry(layer: nn.Module) -> bool:
    """Whether `advance` does something at this layer: it moves, pads or mixes positions."""
    known = (*_PADS, *_ADAPTIVE, nn.RNNBase, nn.modules.conv._ConvNd)
    return isinstance(layer, known) or (hasattr(layer, "kernel_size") and hasattr(layer, "stride"))


def _count(positions: int, span: int, stride: int, left: int, right: int, *, ceil: bool) -> int:
    room = positions + left + right - span
    if room < 0 and not ceil:
        return 0
    count = -(-room // stride) + 1 if ceil else room // stride + 1
    # Torch: with ceil_mode the last window must start on the input or its left padding.
    return count - 1 if ceil and (count - 1) * stride >= positions + left else count


def _shape(layer: nn.Module, positions: int) -> tuple[int, int, int, tuple[int, int], bool]:
    """Kernel, stride, dilation, padding left and right, and ceil_mode of a layer."""
    if isinstance(layer, _ADAPTIVE):
        size = _last(layer.output_size)
        if size is None or positions % size:
            raise ValueError(f"{layer} cuts {positions} positions into {size} unequal parts: no fixed field")
        return positions // size, positions // size, 1, (0, 0), False
    if not hasattr(layer, "kernel_size") or getattr(layer, "transposed", False):
        raise ValueError(
            f"{layer} has no receptive field that we know: name the convolutions and poolings before the attention"
        )
    if getattr(layer, "padding_mode", "zeros") == "circular":
        raise ValueError(f"{layer} pads in a circle: its first positions look at both ends of the window")
    kernel, dilation = _last(layer.kernel_size), _last(getattr(layer, "dilation", 1))
    stride = kernel if layer.stride is None else _last(layer.stride)
    ceil = bool(getattr(layer, "ceil_mode", False))
    padding = getattr(layer, "padding", 0)
    if padding == "valid":
        return kernel, stride, dilation, (0, 0), ceil
    if padding == "same":
        total = dilation * (kernel - 1)
        return kernel, stride, dilation, (total // 2, total - total // 2), ceil
    return kernel, stride, dilation, (_last(padding), _last(padding)), ceil


def _last(value: Any) -> Any:
    return value[-1] if isinstance(value, tuple | list) else value


def _pair(padding: Any) -> tuple[int, int]:
    # In two dimensions: left, right, top, bottom; the last axis comes first.
    left, right = (padding[0], padding[1]) if isinstance(padding, tuple | list) else (padding, padding)
    return int(left), int(right)
