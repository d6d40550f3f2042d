"""The layers that attribution, fields and local recomputation tell apart: one vocabulary of what a layer sees."""

from __future__ import annotations

from typing import Final

from torch import nn

# Activations of each number by itself.
ACTIVATIONS: Final = (
    nn.ReLU,
    nn.ReLU6,
    nn.RReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.LeakyReLU,
    nn.Softplus,
    nn.Sigmoid,
    nn.LogSigmoid,
    nn.Tanh,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.Softsign,
    nn.Softshrink,
)
# In eval mode each number by itself, in any layout.
ELEMENTWISE: Final = (nn.Identity, nn.modules.dropout._DropoutNd, *ACTIVATIONS)
# In eval mode each position by itself, with all of its channels where a layer mixes or knows them.
POINTWISE: Final = (*ELEMENTWISE, nn.PReLU, nn.Linear, nn.modules.batchnorm._BatchNorm, nn.LayerNorm)
# Linear in their input in eval mode, or change nothing.
LINEAR: Final = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Linear,
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.modules.dropout._DropoutNd,
    nn.modules.batchnorm._BatchNorm,
    nn.AvgPool1d,
    nn.AdaptiveAvgPool1d,
    nn.ConstantPad1d,
    nn.Embedding,
)


def in_parts(model: nn.Module) -> bool:
    """Whether a model calls its layers several times in a pass, for some of the windows each."""
    return getattr(model, "windows_at_once", None) is not None
