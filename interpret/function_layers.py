"""What a function that moves positions would be as a layer, read off torch's graph."""

from __future__ import annotations

from typing import Any

from torch import nn


def layer_of(node: Any) -> nn.Module:
    """Return a layer of the geometry of ``functional.conv1d``, ``max_pool1d``, ``avg_pool1d`` or ``pad``.

    Parameters
    ----------
    node
        Of torch's graph, of the function's output: it keeps kernel, stride, padding and dilation.

    Raises
    ------
    ValueError
        If the function has no fixed geometry (transposed, adaptive, interpolated), or the node does not tell it.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 4, 20, requires_grad=True)
    >>> layer_of(nn.functional.conv1d(x, torch.ones(2, 4, 5), padding=2).grad_fn)
    Conv1d(1, 1, kernel_size=(5,), stride=(1,), padding=(2,))
    """
    name = type(node).__name__.removesuffix("0").removesuffix("Backward")
    if name == "Convolution" and not node._saved_transposed:
        kernel = node._saved_weight.shape[-1]
        given = (node._saved_stride[-1], node._saved_padding[-1], node._saved_dilation[-1])
        return nn.Conv1d(1, 1, kernel, *given)
    if name in ("MaxPool2DWithIndices", "AvgPool2D"):  # pooling in one dimension, too
        kernel, padding, ceil = node._saved_kernel_size[-1], node._saved_padding[-1], node._saved_ceil_mode
        stride = node._saved_stride[-1] if node._saved_stride else kernel
        if name == "AvgPool2D":
            return nn.AvgPool1d(kernel, stride, padding, ceil)
        return nn.MaxPool1d(kernel, stride, padding, node._saved_dilation[-1], ceil_mode=ceil)
    if name == "ConstantPadNd":
        return nn.ConstantPad1d(tuple(node._saved_pad[:2]), 0.0)
    raise ValueError(
        f"no layer but a function computes {name}: name the layers before the attention with "
        "adapt(model, stem=[...])"
    )
