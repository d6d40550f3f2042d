"""Layers that move, pool or cut positions, and those that reshape."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import pool_all
from motiflens.models.published.import_keras.convolutions import SamePadding
from motiflens.models.published.import_keras.kinds import choice, number
from motiflens.models.types import Json

# Below every number that a layer gives, and no infinity, whose differences DeepLIFT could not take.
_LOWEST = torch.finfo(torch.float32).min / 2


class AlongPositions(nn.Module):
    """Layers that work on (N, C, T), applied to (N, T, C)."""

    def __init__(self, layers: list[nn.Module], *, channels_first: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.channels_first = channels_first

    def forward(self, x: Tensor) -> Tensor:
        h = x if self.channels_first else x.transpose(1, 2)
        for layer in self.layers:
            h = layer(h)
        return h if self.channels_first else h.transpose(1, 2)


class SameAverage(nn.Module):
    """Average pooling that pads as ``same`` and counts no padding."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__()
        self.pad = SamePadding(size, stride, 1)
        self.pool = nn.AvgPool1d(size, stride)

    def forward(self, x: Tensor) -> Tensor:
        share = self.pool(self.pad(torch.ones_like(x[:1, :1])))
        return self.pool(self.pad(x)) * (1 / share)


class GlobalMaximum(nn.Module):
    """Maximum over positions."""

    def __init__(self, *, keep: bool, channels_first: bool) -> None:
        super().__init__()
        self.pool = nn.MaxPool1d(1)
        self.keep, self.channels_first = keep, channels_first

    def forward(self, x: Tensor) -> Tensor:
        y = pool_all(self.pool, x if self.channels_first else x.transpose(1, 2))
        return y.unsqueeze(2 if self.channels_first else 1) if self.keep else y


class GlobalAverage(nn.Module):
    """Mean over positions; over those that a mask keeps where there is one."""

    takes_masks = True

    def __init__(self, *, keep: bool, channels_first: bool) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.keep, self.channels_first = keep, channels_first

    def forward(self, x: Tensor, masks: list[Tensor | None] | None = None) -> Tensor:
        h = x if self.channels_first else x.transpose(1, 2)  # N, C, T
        mask = masks[0] if masks else None
        if mask is None:
            y = self.pool(h).squeeze(-1)
        else:
            weight = mask.to(h.dtype)[:, None]
            y = (h * weight).sum(-1) / weight.sum(-1)
        return y.unsqueeze(2 if self.channels_first else 1) if self.keep else y


class Reshape(nn.Module):
    """To a shape given without the batch; −1 for what is left."""

    def __init__(self, shape: list[int]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], *self.shape)


class FlattenChannelsFirst(nn.Module):
    """(N, C, …) as (N, … · C): Keras moves channels to the end first."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(1, -1).flatten(1)


class Permute(nn.Module):
    """Axes in another order; those behind the batch count from 1."""

    def __init__(self, axes: list[int]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, *self.axes)


class Repeat(nn.Module):
    """(N, C) as (N, n, C)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        return x.unsqueeze(1).expand(-1, self.n, -1)


class UpSampling(nn.Module):
    """Each position several times."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        return x.repeat_interleave(self.n, dim=1)


def build_pooling(kind: str, config: Json) -> nn.Module:
    """Make the module of a pooling layer."""
    first = choice(config, "data_format", ("channels_last", "channels_first", None), None) == "channels_first"
    if kind.startswith("Global"):
        keep = bool(config.get("keepdims", False))
        make = GlobalMaximum if kind == "GlobalMaxPooling1D" else GlobalAverage
        return make(keep=keep, channels_first=first)
    size = number(config, "pool_size", 2)
    stride = size if config.get("strides") is None else number(config, "strides")
    same = choice(config, "padding", ("valid", "same"), "valid") == "same"
    if kind == "MaxPooling1D":
        layers: list[nn.Module] = [SamePadding(size, stride, 1, _LOWEST)] if same else []
        return AlongPositions([*layers, nn.MaxPool1d(size, stride)], channels_first=first)
    return AlongPositions(
        [SameAverage(size, stride) if same else nn.AvgPool1d(size, stride)], channels_first=first
    )


def build_shaping(kind: str, config: Json) -> nn.Module:
    """Make the module of a layer that cuts, pads, repeats or reshapes."""
    if kind in ("Cropping1D", "ZeroPadding1D"):
        left, right = _pair(config.get("cropping" if kind == "Cropping1D" else "padding", 1))
        sign = -1 if kind == "Cropping1D" else 1
        first = config.get("data_format") == "channels_first"
        return AlongPositions([nn.ConstantPad1d((sign * left, sign * right), 0.0)], channels_first=first)
    if kind == "UpSampling1D":
        return UpSampling(number(config, "size", 2))
    if kind == "RepeatVector":
        return Repeat(number(config, "n"))
    if kind == "Flatten":
        return FlattenChannelsFirst() if config.get("data_format") == "channels_first" else nn.Flatten(1)
    axes = config.get("dims" if kind == "Permute" else "target_shape")
    if not isinstance(axes, list) or not all(isinstance(axis, int) for axis in axes):
        raise ValueError(
            f"{'dims' if kind == 'Permute' else 'target_shape'} is {axes!r}, no list of whole numbers"
        )
    return Permute(axes) if kind == "Permute" else Reshape(axes)


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and v >= 0 for v in value):
        return value[0], value[1]
    raise ValueError(f"cropping or padding is {value!r}, not one or two whole numbers")
