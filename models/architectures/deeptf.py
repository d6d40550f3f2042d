"""DeepTF (Bao, Zhu & Yu 2019): words of neighbouring bases, convolutions of several widths, an LSTM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import pooled_length


class NeighbourWords(nn.Module):
    """Multiple-nucleotide one-hot encoding (MNOH): which of the 4ⁿ words stands at each place.

    The word's channel is the product of its n bases, so that one-hot windows give one-hot words, an unknown base
    none, and everything between the two a gradient.

    Parameters
    ----------
    n
        Bases of a word.

    Examples
    --------
    >>> x = torch.eye(4)[[0, 1, 2]].T[None]  # ACG
    >>> NeighbourWords(2)(x)[0].argmax(dim=0).tolist()  # AC, CG: numbers in base 4
    [1, 6]
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        """(N, 4, L) → (N, 4ⁿ, L − n + 1)."""
        positions = x.shape[-1] - self.n + 1
        words = x[..., :positions]
        for i in range(1, self.n):
            after = x[..., i : i + positions]
            words = (words[:, :, None] * after[:, None]).flatten(1, 2)  # N, 4^(i+1), L - n + 1
        return words


class DeepTF(SequenceModel):
    """MNOH → parallel convolutions → ReLU → max pooling → LSTM → (dense → ReLU) → outputs.

    Only the paper's abstract is public: it states MNOH, multi-scale convolutions and an LSTM. All numbers here are
    ours: n = 3; kernels of 9, 15 and 23 words, 64 each; pooling 8; 64 LSTM units a direction, and that it is read
    in both; 64 dense units; dropout .2. All but the directions are hyperparameters.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. `channels` must be 4, `meta` 0.
    n
        Bases of a word.
    kernels, kernel_sizes
        Kernels of each parallel convolution, and their lengths in words (odd, so that all are centred alike).
    pool
        Width and stride of the pooling.
    units, dense
        Of the LSTM and the hidden layer.
    dropout
        After the pooling and before the output.
    """

    name = "deeptf"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        n: int = 3,
        kernels: int = 64,
        kernel_sizes: tuple[int, ...] = (9, 15, 23),
        pool: int = 8,
        units: int = 64,
        dense: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if channels != 4:
            raise ValueError(f"deeptf reads sequence only: build it with channels=4, not {channels}")
        if not 1 <= n <= 5:
            raise ValueError(f"deeptf: n must be 1 to 5 bases, not {n}")
        if not kernel_sizes or any(size < 1 or size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"deeptf: kernel_sizes must be odd numbers of words, not {tuple(kernel_sizes)}")
        pooled_length("deeptf", length, kernel_size=n, pool=pool)
        self.words = NeighbourWords(n)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(4**n, kernels, size, padding=size // 2) for size in kernel_sizes
        )
        self.convolution_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(pool)
        self.pool_dropout = Dropout(dropout)
        self.lstm = nn.LSTM(kernels * len(kernel_sizes), units, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(2 * units, dense)
        self.dense_relu = nn.ReLU()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(dense, outputs)
        keras_initialise(self)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        words = self.words(x)  # N, 4^n, L - n + 1
        h = torch.cat([convolution(words) for convolution in self.convolutions], dim=1)
        h = self.pool_dropout(self.pool(self.convolution_relu(h)))  # N, D, T
        _, (last, _) = self.lstm(h.transpose(1, 2))  # 2, N, units: each direction after its last position
        h = torch.cat([last[0], last[1]], dim=-1)
        return self.output(self.dropout(self.dense_relu(self.dense(h))))

    def first_convolution(self) -> None:
        """Return None: its convolutions read words, not bases."""
