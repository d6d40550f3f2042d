"""In which precision a model is used: half precision is for training and storage, results are of float32."""

from __future__ import annotations

import copy
from typing import Final, TypeVar

import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)
_HALVES: Final = (torch.float16, torch.bfloat16)


def full_precision(model: Model) -> Model:
    """Return the model, or a float32 copy of one in half precision, whose answers would have three digits.

    Examples
    --------
    >>> layer = nn.Linear(4, 1)
    >>> full_precision(layer) is layer, full_precision(layer.bfloat16()).weight.dtype
    (True, torch.float32)
    >>> layer.weight.dtype
    torch.bfloat16
    """
    if any(parameter.dtype in _HALVES for parameter in model.parameters()):
        return copy.deepcopy(model).float()
    return model


def like(model: nn.Module) -> Tensor:
    """Return a tensor of the model's device and precision: those of its first floating-point parameter."""
    numbers = (parameter for parameter in model.parameters() if parameter.is_floating_point())
    return next(numbers, torch.zeros(())).detach()


def full(values: Tensor) -> Tensor:
    """Return values of half precision as float32, others as they are: numpy knows no bfloat16."""
    return values.float() if values.dtype in _HALVES else values
