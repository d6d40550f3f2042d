"""Keras' activations as torch modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.recurrent import hard_sigmoid
from motiflens.models.published.import_keras.kinds import real, refused
from motiflens.models.types import Json


class HardSigmoid(nn.Module):
    """Keras 1's and 2's hard sigmoid, clip(0.2 x + 0.5, 0, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return hard_sigmoid(x)


class Exponential(nn.Module):
    """e to the x."""

    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


class Squareplus(nn.Module):
    """(x + √(x² + 4)) / 2."""

    def forward(self, x: Tensor) -> Tensor:
        return (x + (x * x + 4.0).sqrt()) / 2


class SparsePlus(nn.Module):
    """0 below −1, x above 1, (x + 1)² / 4 between."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x >= 1, x, (x.clamp(min=-1) + 1) ** 2 / 4)


class SparseSigmoid(nn.Module):
    """clip((x + 1) / 2, 0, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return ((x + 1) / 2).clamp(0, 1)


class Sparsemax(nn.Module):
    """Projection onto the simplex along the last axis (Martins & Astudillo 2016)."""

    def forward(self, x: Tensor) -> Tensor:
        ordered = x.sort(dim=-1, descending=True).values
        count = torch.arange(1, x.shape[-1] + 1, device=x.device, dtype=x.dtype)
        excess = ordered.cumsum(-1) - 1
        support = (count * ordered > excess).sum(-1, keepdim=True)
        return (x - excess.gather(-1, support - 1) / support).clamp_min(0)


class SoftmaxOverAxes(nn.Module):
    """Exponentials that sum to 1 over several axes."""

    def __init__(self, axes: list[int]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.logsumexp(dim=self.axes, keepdim=True)).exp()


class GeneralReLU(nn.Module):
    """Keras' ReLU layer: slope below a threshold, ceiling above a maximum."""

    def __init__(self, ceiling: float | None, slope: float, threshold: float) -> None:
        super().__init__()
        self.ceiling, self.slope, self.threshold = ceiling, slope, threshold

    def forward(self, x: Tensor) -> Tensor:
        y = torch.where(x >= self.threshold, x, self.slope * (x - self.threshold))
        return y if self.ceiling is None else y.clamp(max=self.ceiling)


class PReLU(nn.Module):
    """Slopes below zero that are learned for each place, or shared along axes."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(shape))

    def put(self, arrays: list[Tensor]) -> None:
        """Take the weights of Keras' layer."""
        self.slope.data.copy_(arrays[0])

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp_min(0) - self.slope * (-x).clamp_min(0)


_BY_NAME: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softmax": lambda: nn.Softmax(dim=-1),
    "log_softmax": lambda: nn.LogSoftmax(dim=-1),
    "elu": nn.ELU,
    "celu": nn.CELU,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "exponential": Exponential,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "hard_silu": nn.Hardswish,
    "hard_swish": nn.Hardswish,
    "hard_tanh": nn.Hardtanh,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "glu": lambda: nn.GLU(dim=-1),
    "log_sigmoid": nn.LogSigmoid,
    "soft_shrink": nn.Softshrink,
    "hard_shrink": nn.Hardshrink,
    "tanh_shrink": nn.Tanhshrink,
    "squareplus": Squareplus,
    "sparse_plus": SparsePlus,
    "sparse_sigmoid": SparseSigmoid,
    "sparsemax": Sparsemax,
}
# Layers that are activations, by class.
LAYERS = ("ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax", "PReLU")


def activation_name(value: Any) -> str:
    """Name of an ``activation`` entry, which Keras writes as text or as a serialised function.

    Raises
    ------
    ValueError
        If it is a function of the user's.
    """
    if value is None:
        return "linear"
    if isinstance(value, dict):
        if refused(value) and value.get("module") != "builtins":
            raise ValueError(f"its activation {refused(value)}")
        inner = value.get("config")
        if isinstance(inner, str):
            return activation_name(inner)
        if value.get("class_name") in LAYERS or value.get("class_name") == "Activation":
            return str(value["class_name"])
        value = value.get("class_name")
    if not isinstance(value, str) or (value not in _BY_NAME and value not in ("hard_sigmoid", *LAYERS)):
        raise ValueError(f"its activation {value!r} is none of Keras' own")
    return value


def build_activation(value: Any, major: int) -> nn.Module:
    """Make the module of an ``activation`` entry. Raises ValueError as `activation_name`."""
    name = activation_name(value)
    if name in LAYERS and isinstance(value, dict):
        return build_activation_layer(name, value.get("config", {}), [])
    if name == "Activation" and isinstance(value, dict):
        return build_activation(value["config"].get("activation"), major)
    if name == "hard_sigmoid":
        return nn.Hardsigmoid() if major >= 3 else HardSigmoid()
    return _BY_NAME[name]()


def build_activation_layer(kind: str, config: Json, shapes: list[tuple[int, ...]]) -> nn.Module:
    """Make the module of a layer that is an activation; see `LAYERS`.

    Parameters
    ----------
    shapes
        Of its arrays.
    """
    if kind == "PReLU":
        if len(shapes) != 1:
            raise ValueError("its slopes are missing")
        return PReLU(shapes[0])
    if kind == "Softmax":
        axis = config.get("axis", -1)
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if isinstance(axis, list) and axis and all(isinstance(one, int) for one in axis):
            return SoftmaxOverAxes(axis)
        if not isinstance(axis, int):
            raise ValueError(f"axis is {axis!r}, no axes")
        return nn.Softmax(dim=axis)
    if kind == "LeakyReLU":
        return nn.LeakyReLU(real(config, "negative_slope" if "negative_slope" in config else "alpha", 0.3))
    if kind == "ELU":
        return nn.ELU(real(config, "alpha", 1.0))
    if kind == "ThresholdedReLU":
        return nn.Threshold(real(config, "theta", 1.0), 0.0)
    ceiling = None if config.get("max_value") is None else real(config, "max_value")
    slope, threshold = (
        0.0 if config.get(key) is None else real(config, key) for key in ("negative_slope", "threshold")
    )
    if threshold == 0:
        if ceiling is None:
            return nn.LeakyReLU(slope) if slope else nn.ReLU()
        if ceiling == 6 and not slope:
            return nn.ReLU6()
    return GeneralReLU(ceiling, slope, threshold)


def tensor_function(name: str, major: int) -> Callable[[Tensor], Tensor]:
    """Return an activation as a function, for use within recurrent layers."""
    if name in ("sigmoid", "tanh", "relu"):
        functions: dict[str, Callable[[Tensor], Tensor]] = {
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "relu": functional.relu,
        }
        return functions[name]
    return build_activation(name, major)
