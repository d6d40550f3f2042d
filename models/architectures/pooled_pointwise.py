"""A dense layer at every position, rectified and pooled."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import rectified_and_pooled
from motiflens.models.architectures.pooled_convolution import in_threads


def pooled_pointwise(
    layer: nn.Conv1d, relu: nn.Module, pool: nn.MaxPool1d, h: Tensor, *, training: bool
) -> Tensor:
    """Return the maximum over stretches of a rectified convolution of width 1, (N, T, D).

    Parameters
    ----------
    layer, relu, pool
        The layers, as they follow each other; stretches do not overlap.
    h
        (N, C, L), or (N, C, 1, L) of `channels_last`: then the layer is one matrix product, the maximum is
        rectified in place of all that it is taken from, which is the
        same to the bit.
    training
        See `layers.rectified_and_pooled`.
    """
    if h.ndim == 3:
        return rectified_and_pooled(relu, pool, layer(h), training=training).transpose(1, 2)
    width = pool.kernel_size if isinstance(pool.kernel_size, int) else pool.kernel_size[0]
    places = h.squeeze(2).transpose(1, 2)  # N, L, C
    maxima = _Maxima.apply(places, layer.weight.squeeze(2), width)  # type: ignore[no-untyped-call]
    rectified: Tensor = relu(maxima if layer.bias is None else maxima + layer.bias)
    return rectified


class _Maxima(torch.autograd.Function):
    """The greatest output of a dense layer in each stretch of places, (N, T, D) of (N, L, C)."""

    @staticmethod
    def forward(context: Any, places: Tensor, weight: Tensor, width: int) -> Tensor:
        from motiflens.models.architectures.numba_pooling import pool_maxima

        places = places.contiguous()
        n, length, _ = places.shape
        values = (places.flatten(0, 1) @ weight.t()).reshape(n, length, -1).numpy()
        best = np.empty((n, length // width, len(weight)), dtype=np.float32)
        where = np.empty(best.shape, dtype=np.int32)
        in_threads(lambda first, last: pool_maxima(values, width, best, where, first, last), n, values.size)
        context.save_for_backward(places, weight)
        context.where, context.width = where, width
        return torch.from_numpy(best)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        from motiflens.models.architectures.numba_pooling import pool_gradients

        (places, weight), where = context.saved_tensors, context.where
        given, n = gradients[0].detach().contiguous().numpy(), len(places)
        of_values = np.empty((*places.shape[:2], len(weight)), dtype=np.float32)
        width = context.width
        in_threads(
            lambda first, last: pool_gradients(where, given, width, of_values, first, last), n, of_values.size
        )
        of_all = torch.from_numpy(of_values).flatten(0, 1)
        return (of_all @ weight).view_as(places), of_all.t() @ places.flatten(0, 1), None
