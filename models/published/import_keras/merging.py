"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.layers import MatMul, Multiply
from motiflens.models.published.import_keras.kinds import number
from motiflens.models.types import Json

KINDS = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
Masks = list[Tensor | None]


class Merging(nn.Module):
    """An operation between tensors of any number; those of fewer axes get axes of one behind the batch."""

    passes_masks = True

    def __init__(self, kind: str, major: int) -> None:
        super().__init__()
        self.kind, self.major = kind, major
        self.multiply = Multiply() if kind == "Multiply" else None

    def forward(self, *given: Tensor) -> Tensor:
        most = max(x.ndim for x in given)
        same = [x.reshape(len(x), *[1] * (most - x.ndim), *x.shape[1:]) if x.ndim < most else x for x in given]
        if self.kind == "Subtract" and len(same) != 2:
            raise ValueError(f"it subtracts {len(same)} tensors, not two")
        y = same[0]
        for x in same[1:]:
            y = self._pair(y, x)
        return y / len(same) if self.kind == "Average" else y

    def _pair(self, a: Tensor, b: Tensor) -> Tensor:
        if self.multiply is not None:
            product: Tensor = self.multiply(a, b)
            return product
        functions: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "Add": torch.add,
            "Average": torch.add,
            "Subtract": torch.sub,
            "Maximum": torch.maximum,
            "Minimum": torch.minimum,
        }
        return functions[self.kind](a, b)

    def merged_mask(self, masks: Masks, given: list[Tensor]) -> Tensor | None:
        """Positions that every mask keeps; from Keras 3 on those that any keeps, a tensor without a mask all."""
        kept = [mask for mask in masks if mask is not None]
        if self.major < 3:
            return _all(kept)
        return _any(kept) if len(kept) == len(masks) else None


class Concatenate(nn.Module):
    """Tensors one behind the other along an axis."""

    def __init__(self, axis: int, major: int) -> None:
        super().__init__()
        self.axis, self.major = axis, major

    def forward(self, *given: Tensor) -> Tensor:
        return torch.cat(given, dim=self.axis)

    def merged_mask(self, masks: Masks, given: list[Tensor]) -> Tensor | None:
        """Masks joined along positions, or positions that every mask keeps (from Keras 3 on, that any keeps)."""
        if all(mask is None for mask in masks):
            return None
        whole = [
            torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
            for mask, x in zip(masks, given, strict=True)
        ]
        if self.axis % given[0].ndim == 1:
            return torch.cat(whole, dim=1)
        return _all(whole) if self.major < 3 else _any(whole)


class Dot(nn.Module):
    """Product of two tensors summed over one axis of each, example by example."""

    def __init__(self, axes: Any, *, normalize: bool) -> None:
        super().__init__()
        if isinstance(axes, int):
            axes = [axes, axes]
        if isinstance(axes, list) and len(axes) == 1:
            axes = axes * 2
        nested = isinstance(axes, list) and all(isinstance(axis, list) and len(axis) == 1 for axis in axes)
        self.axes = [axis[0] for axis in axes] if nested else axes
        if not isinstance(self.axes, list) or not all(isinstance(axis, int) for axis in self.axes):
            raise ValueError(f"axes {axes!r} are not supported, only one of each tensor")
        self.normalize = normalize
        self.product = MatMul()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        first, second = (axis % x.ndim for axis, x in zip(self.axes, (a, b), strict=True))
        if self.normalize:
            a, b = functional.normalize(a, dim=first, eps=1e-6), functional.normalize(b, dim=second, eps=1e-6)
        left, right = a.movedim(first, -1), b.movedim(second, 1)  # N, ..., K and N, K, ...
        rows, columns = left.shape[1:-1], right.shape[2:]
        left = left.reshape(len(a), rows.numel(), left.shape[-1])
        y = self.product(left, right.reshape(len(b), right.shape[1], columns.numel()))
        shape = [*rows, *columns]
        return y.reshape(len(a), *(shape or [1]))


def _all(masks: list[Tensor]) -> Tensor | None:
    if not masks:
        return None
    kept = masks[0]
    for mask in masks[1:]:
        kept = kept & mask
    return kept


def _any(masks: list[Tensor]) -> Tensor | None:
    return None if not masks else torch.stack(masks).any(dim=0)


def build_merging(kind: str, config: Json, major: int) -> nn.Module:
    """Make the module of a merging layer."""
    if kind == "Concatenate":
        return Concatenate(number(config, "axis", -1), major)
    if kind == "Dot":
        return Dot(config.get("axes"), normalize=bool(config.get("normalize", False)))
    return Merging(kind, major)
