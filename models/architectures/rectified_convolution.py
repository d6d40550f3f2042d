"""Convolution over letters, rectified and dropped: how FactorNet and DeepGRN begin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.channels_last import channels_last, channels_last_does, convolve
from motiflens.models.architectures.dropout import rectified_and_dropped
from motiflens.models.architectures.pooled_convolution import Letters, in_threads, letters_of

_SCALE = 1 << 16  # dropout draws 16 bits a number
_BLOCK = 16  # kernels that a thread takes together


def rectified_convolution(
    convolution: nn.Conv1d, relu: nn.Module, dropout: nn.Dropout, x: Tensor, *, model: nn.Module
) -> Tensor:
    """Return the dropped, rectified convolution of windows.

    Where `channels_last_does`, channels come last; of one-hot windows each letter then passes a gradient to one
    weight in place of four products, a quarter of their time, and what is dropped is drawn from one number of
    torch's generator, 16 bits for each output (`numpy.random.SFC64`): not what `nn.Dropout` would draw.

    Parameters
    ----------
    convolution, relu, dropout
        The layers, as they follow each other.
    x
        (N, C, L).
    model
        That they belong to.

    Returns
    -------
    Tensor
        (N, D, T), or (N, D, 1, T) as `channels_last` has it.
    """
    if channels_last_does(model, x, training=model.training):
        letters = letters_of(convolution, relu, nn.MaxPool1d(1), x) if dropout.p < 0.99 else None
        if letters is not None:
            return _by_letters(convolution, dropout, x, letters)
        return rectified_and_dropped(relu, dropout, convolve(convolution, channels_last(x)))
    h: Tensor = dropout(relu(convolution(x)))
    return h


def _by_letters(convolution: nn.Conv1d, dropout: nn.Dropout, x: Tensor, letters: Letters) -> Tensor:
    rate = dropout.p if dropout.training else 0.0
    drawn = _draw(rate, len(x) * letters.steps * len(convolution.weight))
    padding = convolution.padding[0]
    assert isinstance(padding, int)  # see letters_of
    h: Tensor = _Rectified.apply(  # type: ignore[no-untyped-call]  # N, T, D
        x, padding, letters, convolution.weight, convolution.bias, drawn
    )
    return h.transpose(1, 2).unsqueeze(2)


class _Drawn(NamedTuple):
    """What is kept: outputs whose number is not below the threshold."""

    numbers: NDArray[np.uint16]  # N · T · D
    threshold: int


def _draw(rate: float, count: int) -> _Drawn:
    if not rate:
        return _Drawn(np.zeros(1, dtype=np.uint16), 0)
    seed = int(torch.randint(2**63 - 1, ()))
    numbers = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.uint16)
    return _Drawn(numbers[:count], round(rate * _SCALE))


class _Rectified(torch.autograd.Function):
    """Rectified scores of windows, some of them dropped, (N, T, D)."""

    @staticmethod
    def forward(
        context: Any, x: Tensor, padding: int, letters: Letters, weight: Tensor, bias: Tensor | None, drawn: _Drawn
    ) -> Tensor:
        from motiflens.models.architectures.numba_letters import rectify

        scored = functional.conv2d(channels_last(x), weight.unsqueeze(2), bias, padding=(0, padding))
        out = scored.squeeze(2).transpose(1, 2).contiguous()  # N, T, D
        flat, threshold = out.view(-1).numpy(), np.uint16(drawn.threshold)
        scale = np.float32(_SCALE / (_SCALE - drawn.threshold))
        in_threads(lambda i, j: rectify(flat, drawn.numbers, threshold, scale, i, j), len(flat), len(flat))
        context.save_for_backward(out)
        context.letters, context.shape, context.scale = letters, weight.shape, scale
        return out

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[None, None, None, Tensor, Tensor | None, None]:
        from motiflens.models.architectures.numba_letters import add_pair_gradients

        (h,), letters, (kernels, _, size) = context.saved_tensors, context.letters, context.shape
        values, given = h.numpy(), gradients[0].detach().contiguous().numpy()
        pairs = -(-size // 2)
        added = np.zeros((kernels, size, 5), dtype=np.float32)
        of_bias = np.zeros(kernels, dtype=np.float32)

        def work(first: int, last: int) -> None:
            begin, end = first * _BLOCK, min(last * _BLOCK, kernels)
            add_pair_gradients(letters.codes, values, given, pairs, added, of_bias, begin, end)

        in_threads(work, -(-kernels // _BLOCK), h.numel() * size)
        of_weight = torch.from_numpy(added[:, :, :4].transpose(0, 2, 1) * context.scale)
        biased = torch.from_numpy(of_bias * context.scale) if context.needs_input_grad[4] else None
        return None, None, None, of_weight, biased, None
