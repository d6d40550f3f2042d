"""Convolution over letters, rectified and pooled: what models that begin so spend half of their training in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import pool_all, rectified_and_pooled
from motiflens.models.types import Codes, Floats

_LEAST = 1 << 24  # additions from which on threads are worth their start


def pooled_convolution(
    convolution: nn.Conv1d, relu: nn.Module, pool: nn.MaxPool1d, x: Tensor, *, training: bool
) -> Tensor:
    """Return the maximum over stretches of the rectified convolution of windows, (N, D, T).

    On the CPU, in training and in `torch.inference_mode` (as `score` has it), windows that are one-hot (four
    channels, zeros where unknown) are scored letter by letter: a pair of letters adds one row of a table of the
    weights, the maximum is taken at once, and backwards only the places of the maxima pass a gradient. That is the
    convolution's own result but for the order of its sums, in a quarter of its time. Whatever else comes in, or
    where anyone looks at one of the layers, or asks for the input's gradient, the layers themselves are called.

    Parameters
    ----------
    convolution, relu, pool
        The layers, as they follow each other.
    x
        (N, C, L).
    training
        Whether the model is in training.
    """
    letters = letters_of(convolution, relu, pool, x) if letters_do(training=training) else None
    if letters is None:
        return rectified_and_pooled(relu, pool, convolution(x), training=training)
    bias = (
        convolution.bias if convolution.bias is not None else convolution.weight.new_zeros(len(convolution.weight))
    )
    maxima: Tensor = _Maxima.apply(letters, convolution.weight, bias)  # type: ignore[no-untyped-call]  # N, T, D
    # In the layers' own order, so that dropout draws for each number what it drew before.
    rectified: Tensor = relu(maxima.transpose(1, 2).contiguous())
    return rectified


def letters_do(*, training: bool) -> bool:
    """Tell whether a model that is in training or not may score letters: nobody asks for all of its layers."""
    return training or torch.is_inference_mode_enabled()


def convolution_maximum(
    convolution: nn.Conv1d, relu: nn.Module, pool: nn.MaxPool1d, x: Tensor, *, training: bool
) -> Tensor:
    """Return the maximum over the whole window of its rectified convolution, (N, D).

    `pooled_convolution` with a stretch as long as the window, whatever its length (see `layers.pool_all`).
    """
    if not letters_do(training=training):
        return pool_all(pool, relu(convolution(x)))
    padding = _number(convolution.padding) if not isinstance(convolution.padding, str) else 0
    pool.kernel_size = pool.stride = x.shape[-1] + 2 * padding - _number(convolution.kernel_size) + 1
    return pooled_convolution(convolution, relu, pool, x, training=training).squeeze(-1)


class Letters(NamedTuple):
    """Windows as letters, with room for the table's last pairs, and how they are pooled."""

    codes: Codes  # n, L and more: 0 to 4
    width: int  # of a stretch
    steps: int  # stretches


def letters_of(convolution: nn.Conv1d, relu: nn.Module, pool: nn.MaxPool1d, x: Tensor) -> Letters | None:
    """Return windows as letters; None where their convolution must go through the layers."""
    weight, length = convolution.weight, x.shape[-1]
    layers = (convolution, relu, pool)
    if (
        x.device.type != "cpu"
        or x.dtype != torch.float32
        or weight.dtype != torch.float32
        or x.shape[1] != 4
        or x.requires_grad
        or torch.is_autocast_enabled("cpu")
        or type(convolution) is not nn.Conv1d
        or any(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks for layer in layers)
        or not _plain(convolution, pool)
        or not bool(torch.isfinite(weight).all())
    ):
        return None
    from motiflens.models.architectures.numba_letters import read_letters

    assert not isinstance(convolution.padding, str)  # see _plain
    size, padding, width = (
        _number(convolution.kernel_size),
        _number(convolution.padding),
        _number(pool.kernel_size),
    )
    steps = (length + 2 * padding - size + 1) // width
    codes = np.full((len(x), length + 2 * padding + pair_count(size) * 2), 4, dtype=np.uint8)
    if steps < 1 or not read_letters(x.detach().contiguous().numpy(), codes, padding):
        return None
    return Letters(codes, width, steps)


def _plain(convolution: nn.Conv1d, pool: nn.MaxPool1d) -> bool:
    """Tell whether a convolution goes place by place and a pooling stretch by stretch."""
    return (
        convolution.stride == convolution.dilation == (1,)
        and convolution.groups == 1
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
        and _number(pool.stride) == _number(pool.kernel_size)
        and (_number(pool.padding), _number(pool.dilation)) == (0, 1)
        and not pool.ceil_mode
    )


def _number(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]


def pair_count(size: int) -> int:
    """Return how many pairs of letters cover a kernel, as many as are added together or a multiple."""
    from motiflens.models.architectures.numba_letters import TOGETHER

    return -(-size // (2 * TOGETHER)) * TOGETHER


def pair_table(weight: Floats) -> Floats:
    """Return what each pair of letters adds to each kernel's score, (pairs, 25, D), of weights (D, 4, K).

    `numba_letters.score_maxima` reads it: two letters, each 0 to 3 or 4 where unknown, are 5 · first + second.
    """
    kernels, _, size = weight.shape
    pairs = pair_count(size)
    single = np.zeros((2 * pairs, 5, kernels), dtype=np.float32)
    single[:size, :4] = weight.transpose(2, 1, 0)
    both = single[0::2, :, None] + single[1::2, None]  # pairs, 5, 5, D
    table: Floats = both.reshape(pairs, 25, kernels)
    return table


class _Maxima(torch.autograd.Function):
    """The greatest score of each stretch of letters, (N, T, D)."""

    @staticmethod
    def forward(context: Any, letters: Letters, weight: Tensor, bias: Tensor) -> Tensor:
        from motiflens.models.architectures.numba_letters import score_maxima

        shape = (len(letters.codes), letters.steps, len(weight))
        best, where = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.int32)
        table, start = pair_table(weight.detach().numpy()), bias.detach().numpy()

        def work(first: int, last: int) -> None:
            score_maxima(letters.codes, table, start, letters.width, best, where, first, last)

        in_threads(work, len(letters.codes), best.size * letters.width * weight.shape[-1])
        context.letters, context.where, context.shape = letters, where, weight.shape
        return torch.from_numpy(best)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[None, Tensor | None, Tensor | None]:
        from motiflens.models.architectures.numba_letters import add_gradients

        (gradient,), letters, where = gradients, context.letters, context.where
        of_weight = None
        if context.needs_input_grad[1]:
            kernels, _, size = context.shape
            values = gradient.detach().contiguous().numpy()
            added = np.zeros((kernels, size, 5), dtype=np.float32)

            def work(first: int, last: int) -> None:
                add_gradients(letters.codes, where, letters.width, values, added, first, last)

            in_threads(work, kernels, values.size * size)
            of_weight = torch.from_numpy(np.ascontiguousarray(added[:, :, :4].transpose(0, 2, 1)))
        of_bias = gradient.sum(dim=(0, 1)) if context.needs_input_grad[2] else None
        return None, of_weight, of_bias


def in_threads(work: Callable[[int, int], None], count: int, additions: int) -> None:
    """Call work on parts of so many items, in as many threads as PyTorch has; the parts share no result."""
    parts = min(torch.get_num_threads(), count) if additions >= _LEAST else 1
    ends = [count * part // parts for part in range(parts + 1)]
    others = [threading.Thread(target=work, args=(ends[i], ends[i + 1])) for i in range(1, parts)]
    for thread in others:
        thread.start()
    work(ends[0], ends[1])
    for thread in others:
        thread.join()
