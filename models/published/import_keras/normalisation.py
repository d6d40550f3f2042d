"""Keras' less usual normalisations: by groups, by length, by root mean square, by moments of the data."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.published.import_keras.kinds import number, real
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]
KINDS = ("GroupNormalization", "UnitNormalization", "RMSNormalization", "Normalization")
_LEAST = 1e-7  # Keras' epsilon


class GroupNormalization(nn.Module):
    """Moments of groups of channels over all else of each example."""

    def __init__(
        self, channels: int | None, groups: int, axis: int, epsilon: float, flags: tuple[bool, bool]
    ) -> None:
        super().__init__()
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        shape = () if channels is None else (channels,)
        self.gamma = nn.Parameter(torch.ones(shape)) if flags[0] else None
        self.beta = nn.Parameter(torch.zeros(shape)) if flags[1] else None

    def put(self, arrays: list[Tensor]) -> None:
        """Take gamma and beta, where there are any."""
        given = iter(arrays)
        for parameter in (self.gamma, self.beta):
            if parameter is not None:
                parameter.data.copy_(next(given))

    def forward(self, x: Tensor) -> Tensor:
        h = x.movedim(self.axis, 1)
        groups = h.shape[1] if self.groups == -1 else self.groups
        return functional.group_norm(h, groups, self.gamma, self.beta, self.epsilon).movedim(1, self.axis)


class UnitNormalization(nn.Module):
    """x / ‖x‖ along some axes."""

    def __init__(self, axes: list[int]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        return x * x.square().sum(self.axes, keepdim=True).clamp_min(1e-12).rsqrt()


class RMSNormalization(nn.Module):
    """x / √(mean of x² + ε) along the last axis, times a scale."""

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__()
        self.scale, self.epsilon = nn.Parameter(torch.ones(channels)), epsilon

    def put(self, arrays: list[Tensor]) -> None:
        """Take the scale."""
        self.scale.data.copy_(arrays[0])

    def forward(self, x: Tensor) -> Tensor:
        return x * (x.square().mean(-1, keepdim=True) + self.epsilon).rsqrt() * self.scale


class Normalization(nn.Module):
    """(x − mean) / standard deviation of the data that the layer was adapted to, channel by channel."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, variance: Tensor, *, invert: bool) -> None:
        super().__init__()
        self.invert = invert
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", variance.sqrt().clamp_min(_LEAST))

    def put(self, arrays: list[Tensor]) -> None:
        """Take mean and variance; how many values they are of does not matter."""
        self.mean.copy_(arrays[0])
        self.deviation.copy_(arrays[1].sqrt().clamp_min(_LEAST))

    def forward(self, x: Tensor) -> Tensor:
        return self.mean + x * self.deviation if self.invert else (x - self.mean) / self.deviation


def normalisation_shapes(kind: str, config: Json, shapes: Shapes) -> Shapes:
    """Return the shapes that a layer's arrays must have; widths are taken from the first."""
    first = shapes[0] if shapes and len(shapes[0]) <= 1 else (0,)
    if kind == "GroupNormalization":
        return [first for key in ("scale", "center") if config.get(key, True) is not False]
    if kind == "Normalization":
        return [] if config.get("mean") is not None else [first, first, ()][: max(len(shapes), 2)]
    return [first] if kind == "RMSNormalization" else []


def build_normalisation(kind: str, config: Json, shapes: Shapes) -> nn.Module:
    """Make the module of a layer of `KINDS`."""
    axes = config.get("axis", -1)
    axes = axes if isinstance(axes, list) else [axes]
    if kind == "UnitNormalization":
        if not axes or not all(isinstance(axis, int) for axis in axes):
            raise ValueError(f"axis is {axes!r}, no axes")
        return UnitNormalization(axes)
    if kind == "GroupNormalization":
        flags = config.get("scale", True) is not False, config.get("center", True) is not False
        channels = shapes[0][0] if shapes else None
        axis, groups = number(config, "axis", -1), number(config, "groups", 32)
        return GroupNormalization(channels, groups, axis, real(config, "epsilon", 1e-3), flags)
    if axes not in ([-1], [2]):
        raise ValueError(f"axis {axes!r} is not supported, only the last one")
    if kind == "RMSNormalization":
        return RMSNormalization(shapes[0][0], real(config, "epsilon", 1e-6))
    mean, variance = (_moment(config, key, shapes) for key in ("mean", "variance"))
    return Normalization(mean, variance, invert=bool(config.get("invert", False)))


def _moment(config: Json, key: str, shapes: Shapes) -> Tensor:
    value: Any = config.get(key)
    if value is None:
        return torch.ones(shapes[0] if shapes else ())
    try:
        return torch.tensor(value, dtype=torch.float32).flatten()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key} is {str(value)[:40]!r}, no numbers") from error
