"""SAResNet (Shen et al. 2021, Brief. Bioinform. 22:bbaa357): residual network with self-attention blocks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.channels_last import (
    channels_last,
    channels_last_does,
    convolve,
    normalise,
    pool,
)
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import AttentionWeights, MatMul

Scale = Literal["paper", "published"]


class SAResNet(SequenceModel):
    """Conv → ELU → max pooling → residual stages with self-attention before the first three → dense → two units.

    A logit is the difference of the two units of its softmax (bound minus unbound).

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. The paper: 101 bp, 4, one (of two units), none. `meta` must be 0.
    kernels, kernel_size
        Channels everywhere; width of the first convolution.
    blocks
        Residual blocks in each stage (the first of each with a convolution in its shortcut); all stages but the
        first halve the positions.
    attention, attention_size, attention_blocks
        With self-attention, its channels, and before how many of the first stages (the paper tries 1, 2 and 3).
    dense, dropout
        Units of the dense layer (no activation); dropped before and after it.
    scale
        ``paper``: softmax(p qᵀ), then divided by the number of positions. ``published``: the program's
        softmax(p qᵀ / (batch · positions²)), which depends on the batch and hardly attends.

    Notes
    -----
    Batch normalisation has ε 1e-3 and Keras' momentum 0.99 (torch's 0.01). There is none after the last block.
    """

    name = "saresnet"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 64,
        kernel_size: int = 7,
        blocks: tuple[int, ...] = (3, 4, 6, 3),
        attention: bool = True,
        attention_size: int = 32,
        dense: int = 32,
        dropout: float = 0.7,
        scale: Scale = "paper",
        attention_blocks: int = 3,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if scale not in ("paper", "published"):
            raise ValueError(f"saresnet: scale must be paper or published, not {scale!r}")
        if kernel_size % 2 == 0:
            raise ValueError(f"saresnet: kernel_size must be odd, not {kernel_size}")
        if length < 3:
            raise ValueError(f"saresnet needs windows of at least 3 bp, not {length}")
        self.convolution = nn.Conv1d(channels, kernels, kernel_size, padding=kernel_size // 2, bias=False)
        self.convolution_elu = nn.ELU()
        self.pool = nn.MaxPool1d(3, stride=2)
        steps = (length - 3) // 2 + 1
        self.attentions, self.stages = nn.ModuleList(), nn.ModuleList()
        for i, n in enumerate(blocks):
            if attention and i < min(attention_blocks, len(blocks) - 1):
                self.attentions.append(SelfAttention(kernels, attention_size, scale))
            stride = 1 if i == 0 else 2
            first = ResidualBlock(kernels, stride=stride, steps=steps, project=True)
            rest = [ResidualBlock(kernels) for _ in range(n - 1)]
            self.stages.append(nn.Sequential(first, *rest))
            steps = -(-steps // stride)
        self.average = nn.AvgPool1d(steps)
        self.average_dropout = Dropout(dropout)
        self.dense = nn.Linear(kernels, dense)
        self.dense_dropout = Dropout(dropout)
        self.output = nn.Linear(dense, 2 * outputs)
        self._initialise()

    def _initialise(self) -> None:
        keras_initialise(self)
        trunk = [self.convolution]
        for block in self.modules():
            if isinstance(block, ResidualBlock):
                trunk += [layer for layer in block.modules() if isinstance(layer, nn.Conv1d)]
        for convolution in trunk:
            nn.init.trunc_normal_(convolution.weight, std=0.1, a=-0.2, b=0.2)

    def units(self, x: Tensor) -> Tensor:
        """Logits of the softmax, (N, outputs, 2): unbound and bound."""
        if channels_last_does(self, x, training=self.training):
            x = channels_last(x)  # half of the time; all below take both
        h = pool(self.pool, self.convolution_elu(convolve(self.convolution, x)))
        for i, stage in enumerate(self.stages):
            if i < len(self.attentions):
                h = self.attentions[i](h)
            h = stage(h)
        mean = self.average(h).flatten(1) if h.ndim == 3 else h.mean(dim=(2, 3))
        h = self.dense(self.average_dropout(mean))
        return self.output(self.dense_dropout(h)).unflatten(1, (self.outputs, 2))

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        units = self.units(x)
        return units[..., 1] - units[..., 0]

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        stems: dict[str, tuple[nn.Module, ...]] = {}
        path: list[nn.Module] = [self.convolution, self.pool]
        for i, stage in enumerate(self.stages):
            if i < len(self.attentions):
                stems[f"attentions.{i}.weights"] = tuple(path)
            for block in stage.children():
                if isinstance(block, ResidualBlock):
                    path += block.path()
        return stems


class ResidualBlock(nn.Module):
    """BN → ELU → conv 3 → BN → ELU → conv 3, plus the input or a 1 × 1 convolution of it; no biases.

    Parameters
    ----------
    kernels
        Channels in and out.
    stride
        Of the first convolution and the shortcut.
    steps
        Positions that come in: TensorFlow's 'same' padding depends on them where the stride is 2.
    project
        A convolution in the shortcut.
    """

    def __init__(self, kernels: int, *, stride: int = 1, steps: int = 0, project: bool = False) -> None:
        super().__init__()
        lost = (-(-steps // stride) - 1) * stride + 3 - steps if stride > 1 else 2
        before = max(lost, 0) // 2
        self.norm1, self.elu1 = _norm(kernels), nn.ELU()
        self.pad = nn.ConstantPad1d((before, max(lost, 0) - before), 0.0)
        self.convolution1 = nn.Conv1d(kernels, kernels, 3, stride=stride, bias=False)
        self.norm2, self.elu2 = _norm(kernels), nn.ELU()
        self.convolution2 = nn.Conv1d(kernels, kernels, 3, padding=1, bias=False)
        self.shortcut = nn.Conv1d(kernels, kernels, 1, stride=stride, bias=False) if project else nn.Identity()

    def path(self) -> list[nn.Module]:
        """Layers with a geometry, in order."""
        return [self.pad, self.convolution1, self.convolution2]

    def forward(self, x: Tensor) -> Tensor:
        h = convolve(self.convolution1, self.elu1(normalise(self.norm1, x)), self.pad)
        h = convolve(self.convolution2, self.elu2(normalise(self.norm2, h)))
        return (convolve(self.shortcut, x) if isinstance(self.shortcut, nn.Conv1d) else self.shortcut(x)) + h


class SelfAttention(nn.Module):
    """x + θ · W(ELU(BN(attention · h))), attention = softmax(p qᵀ) over positions; θ starts at 0 (Eqs. 5-7)."""

    def __init__(self, kernels: int, size: int, scale: Scale) -> None:
        super().__init__()
        self.scale: Scale = scale
        self.norm1, self.elu1 = _norm(kernels), nn.ELU()
        self.query = nn.Conv1d(kernels, size, 1)
        self.key = nn.Conv1d(kernels, size, 1)
        self.value = nn.Conv1d(kernels, size, 1)
        self.product = MatMul()
        self.weights = AttentionWeights("pairwise")
        self.attend = MatMul()
        self.norm2, self.elu2 = _norm(size), nn.ELU()
        self.back = nn.Conv1d(size, kernels, 1)
        self.theta = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        f = self.elu1(normalise(self.norm1, x))
        query, key, value = (convolve(layer, f) for layer in (self.query, self.key, self.value))
        if x.ndim == 4:
            query, key, value = query.squeeze(2), key.squeeze(2), value.squeeze(2)
        scores = self.product(query.transpose(1, 2), key)  # N, T, T
        n, steps, _ = scores.shape
        if self.scale == "published":
            weights = self.weights(scores / (n * steps * steps))
        else:
            weights = self.weights(scores) / steps
        y = self.attend(weights, value.transpose(1, 2)).transpose(1, 2)  # N, size, T
        if x.ndim == 4:
            y = channels_last(y)
        return x + self.theta * convolve(self.back, self.elu2(normalise(self.norm2, y)))


def _norm(channels: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(channels, eps=1e-3, momentum=0.01)
