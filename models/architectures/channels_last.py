"""Layers over windows whose channels lie together in memory: what convolutions of few kernels run fastest on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def channels_last_does(model: nn.Module, x: Tensor, *, training: bool) -> bool:
    """Tell whether layers may be called with channels last: on the CPU, where nobody looks at one of them.

    Parameters
    ----------
    model
        Its convolutions, normalisations, activations and poolings must have no hooks: these expect (N, C, L).
    x
        (N, C, L).
    training
        Whether the model is in training. Otherwise only `torch.inference_mode` (as `score` has it) will do, so
        that attribution finds the layers themselves.
    """
    if not (training or torch.is_inference_mode_enabled()) or x.requires_grad:
        return False
    if x.device.type != "cpu" or x.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return False
    return not any(watched(layer) for layer in model.modules() if isinstance(layer, _CALLED))


_CALLED = (
    nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d, nn.AvgPool1d, nn.ConstantPad1d, nn.ELU, nn.ReLU, nn.Dropout,
)  # fmt: skip


def watched(layer: nn.Module) -> bool:
    """Tell whether anyone looks at what a layer is given or gives."""
    return bool(
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
        or "forward" in layer.__dict__
    )


def channels_last(x: Tensor) -> Tensor:
    """Return (N, C, L) as (N, C, 1, L) with the channels of a place side by side in memory.

    Examples
    --------
    >>> channels_last(torch.zeros(2, 4, 9)).stride()
    (36, 1, 36, 4)
    """
    n, channels, length = x.shape
    return (
        x.transpose(1, 2)
        .contiguous()
        .as_strided((n, channels, 1, length), (length * channels, 1, length * channels, channels))
    )


def convolve(layer: nn.Conv1d, h: Tensor, pad: nn.ConstantPad1d | None = None) -> Tensor:
    """Call a convolution, after padding with zeros, with (N, C, T), or with (N, C, 1, T) of `channels_last`."""
    if h.ndim == 3:
        return layer(h if pad is None else pad(h))  # type: ignore[no-any-return]
    before, after = (0, 0) if pad is None else pad.padding
    assert not isinstance(layer.padding, str)
    padding = layer.padding[0]
    if before == after:
        padding += before
    else:
        h = functional.pad(h, (before, after))
    return functional.conv2d(
        h, layer.weight.unsqueeze(2), layer.bias, stride=(1, layer.stride[0]), padding=(0, padding)
    )


def normalise(layer: nn.BatchNorm1d, h: Tensor) -> Tensor:
    """Call a batch normalisation with (N, C, T), or with (N, C, 1, T) of `channels_last`."""
    if h.ndim == 3:
        return layer(h)  # type: ignore[no-any-return]
    if layer.training and layer.num_batches_tracked is not None:
        layer.num_batches_tracked.add_(1)
    assert layer.momentum is not None
    return functional.batch_norm(
        h,
        layer.running_mean,
        layer.running_var,
        layer.weight,
        layer.bias,
        layer.training,
        layer.momentum,
        layer.eps,
    )


def pool(layer: nn.MaxPool1d, h: Tensor) -> Tensor:
    """Call a pooling with (N, C, T), or with (N, C, 1, T) of `channels_last`."""
    if h.ndim == 3:
        return layer(h)  # type: ignore[no-any-return]
    width, stride = (n if isinstance(n, int) else n[0] for n in (layer.kernel_size, layer.stride))
    return functional.max_pool2d(h, (1, width), (1, stride))
