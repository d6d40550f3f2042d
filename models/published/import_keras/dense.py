"""Layers that work on the last axis: dense, normalisation, embedding, masking, scaling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.published.import_keras.kinds import choice, number, real
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]


class Dense(nn.Linear):
    """Keras' Dense, on the last axis."""

    def put(self, arrays: list[Tensor]) -> None:
        """Take kernel (in, out) and bias."""
        self.weight.data.copy_(arrays[0].T)
        if self.bias is not None:
            self.bias.data.copy_(arrays[1])


class BatchNormalization(nn.Module):
    """Normalisation of one axis by the moments that were learned."""

    def __init__(
        self, features: int, axis: int, epsilon: float, momentum: float, scale: bool, center: bool
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, eps=epsilon, momentum=1 - momentum)
        self.norm.weight.requires_grad_(scale)
        self.norm.bias.requires_grad_(center)
        self.axis, self.scale, self.center = axis, scale, center

    def put(self, arrays: list[Tensor]) -> None:
        """Take gamma, beta (where there are any), moving mean and variance."""
        given = iter(arrays)
        if self.scale:
            self.norm.weight.data.copy_(next(given))
        if self.center:
            self.norm.bias.data.copy_(next(given))
        assert self.norm.running_mean is not None
        assert self.norm.running_var is not None
        self.norm.running_mean.copy_(next(given))
        self.norm.running_var.copy_(next(given))

    def forward(self, x: Tensor) -> Tensor:
        axis = self.axis % x.ndim
        if x.ndim == 2:
            return self.norm(x)
        if x.ndim == 3:
            return self.norm(x) if axis == 1 else self.norm(x.transpose(1, 2)).transpose(1, 2)
        moved = x.movedim(axis, 1)
        return self.norm(moved.flatten(2)).reshape(moved.shape).movedim(1, axis)


class LayerNormalization(nn.Module):
    """Normalisation of some axes of each example, the last one as a rule."""

    def __init__(
        self, shape: tuple[int, ...] | None, axes: list[int], epsilon: float, *, scale: bool, center: bool
    ) -> None:
        super().__init__()
        self.axes, self.epsilon, self.scale, self.center = axes, epsilon, scale, center
        self.norm = None if shape is None else nn.LayerNorm(list(shape), eps=epsilon)
        if self.norm is not None:
            self.norm.weight.requires_grad_(scale)
            self.norm.bias.requires_grad_(center)

    def put(self, arrays: list[Tensor]) -> None:
        """Take gamma and beta, where there are any."""
        given = iter(arrays)
        assert self.norm is not None
        if self.scale:
            self.norm.weight.data.copy_(next(given))
        if self.center:
            self.norm.bias.data.copy_(next(given))

    def forward(self, x: Tensor) -> Tensor:
        axes = sorted(axis % x.ndim for axis in self.axes)
        last = list(range(x.ndim - len(axes), x.ndim))
        h = x if axes == last else x.movedim(axes, last)
        if self.norm is None:
            h = functional.layer_norm(h, h.shape[-len(axes) :], eps=self.epsilon)
        else:
            h = self.norm(h)
        return h if axes == last else h.movedim(last, axes)


class Embedding(nn.Module):
    """Rows of a table; with `mask_zero`, the token 0 is masked.

    Tokens are whole numbers, (N, T). One-hot bases (N, 4, T) become tokens too: A, C, G, T (in the file's order)
    are 0 to 3, or 1 to 4 where 0 is masked; an unknown base is the masked token, or 4 where the table has it, or
    nothing. They are taken as weights of the table's rows, so that gradients reach the bases.
    """

    def __init__(self, rows: int, width: int, *, mask_zero: bool) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(rows, width))
        self.mask_zero = mask_zero

    def put(self, arrays: list[Tensor]) -> None:
        """Take the table."""
        self.table.data.copy_(arrays[0])

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3 and x.shape[1] == 4 and x.is_floating_point():
            return self._bases(x)
        return functional.embedding(x.long(), self.table)

    def mask(self, x: Tensor) -> Tensor | None:
        """Which tokens count, (N, T)."""
        if not self.mask_zero:
            return None
        return x.sum(1) > 0 if x.ndim == 3 and x.shape[1] == 4 else x.long() != 0

    def _bases(self, x: Tensor) -> Tensor:
        first = int(self.mask_zero)
        if len(self.table) < first + 4:
            raise ValueError(f"the embedding has {len(self.table)} rows, too few for four bases")
        y = x.transpose(1, 2) @ self.table[first : first + 4]  # N, T, D
        other = 0 if self.mask_zero else 4
        if other < len(self.table):
            y = y + (1 - x.sum(1)).clamp_min(0)[..., None] * self.table[other]
        return y


class Masking(nn.Module):
    """Positions all of whose values are `value` are masked and zero."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask(x).unsqueeze(-1)

    def mask(self, x: Tensor) -> Tensor:
        """Which positions count, (N, T)."""
        return (x != self.value).any(-1)


class Rescaling(nn.Module):
    """x · scale + offset."""

    def __init__(self, scale: float, offset: float) -> None:
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset


def _flag(config: Json, key: str) -> bool:
    return config.get(key, True) is not False


def dense_shapes(kind: str, config: Json, shapes: Shapes) -> Shapes:
    """Return the shapes that a layer's arrays must have; what the options leave open is taken from the first."""
    first = shapes[0] if shapes and shapes[0] else (0,)
    if kind == "Dense":
        units = number(config, "units")
        return [(first[0], units), *([(units,)] if _flag(config, "use_bias") else [])]
    if kind == "Embedding":
        return [(number(config, "input_dim"), number(config, "output_dim"))]
    learned = [first for key in ("scale", "center") if _flag(config, key)]
    return learned + ([(first)] * 2 if kind == "BatchNormalization" else [])


def build_dense(kind: str, config: Json, shapes: Shapes) -> nn.Module:
    """Make the module of a layer that works on the last axis."""
    if kind == "Dense":
        return Dense(shapes[0][0], shapes[0][1], bias=_flag(config, "use_bias"))
    if kind == "Embedding":
        return Embedding(*shapes[0], mask_zero=bool(config.get("mask_zero", False)))
    if kind == "Masking":
        return Masking(real(config, "mask_value", 0.0))
    if kind == "Rescaling":
        return Rescaling(real(config, "scale"), real(config, "offset", 0.0))
    scale, center = _flag(config, "scale"), _flag(config, "center")
    epsilon = real(config, "epsilon", 1e-3)
    if kind == "BatchNormalization":
        choice(config, "mode", (0,), 0)
        if config.get("renorm"):
            raise ValueError("renorm is not supported")
        axis = number(config, "axis", -1)
        momentum = real(config, "momentum", 0.99)
        return BatchNormalization(shapes[0][0], axis, epsilon, momentum, scale, center)
    if config.get("rms_scaling"):
        raise ValueError("rms_scaling is not supported")
    axes = config.get("axis", -1)
    axes = axes if isinstance(axes, list) else [axes]
    if not axes or not all(isinstance(axis, int) for axis in axes):
        raise ValueError(f"axis is {axes!r}, no axes")
    return LayerNormalization(shapes[0] if shapes else None, axes, epsilon, scale=scale, center=center)
