"""DeepBind (Alipanahi et al. 2015, Nat. Biotechnol. 33:831): motif detectors, pooled, in a small network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import pool_all
from motiflens.models.architectures.pooled_convolution import convolution_maximum


class DeepBind(SequenceModel):
    """Detectors → rectify with a learned threshold → global max pooling → (dense → ReLU) → outputs.

    Both strands are scored and the larger score is taken.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length works. `meta` must be 0.
    kernels, kernel_size
        Number and length of the detectors. They reach `kernel_size` − 1 bp over both ends of the window, as in
        the paper.
    hidden
        Units of the hidden layer; 0 for none.
    average
        Pool the mean beside the maximum: features max₁, mean₁, max₂, mean₂, … (the paper does so for RNA).
    dropout
        Before the last layer.
    strands
        ``both`` or ``forward`` (RNA).

    Notes
    -----
    The paper writes 0.25 into unknown bases and beyond the ends where we have zeros. That is the same model: with
    kernels whose mean over the bases is taken out and added to the threshold, both give the same responses. The
    importer of published parameters does so.
    """

    name = "deepbind"
    any_length = True
    merge = "max"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 16,
        kernel_size: int = 24,
        hidden: int = 32,
        average: bool = False,
        dropout: float = 0.0,
        strands: str = "both",
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if strands not in ("both", "forward"):
            raise ValueError(f"strands must be 'both' or 'forward', not {strands!r}")
        self.siamese = strands == "both"
        self.average = average
        self.convolution = nn.Conv1d(channels, kernels, kernel_size, padding=kernel_size - 1)
        self.convolution_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(length + kernel_size - 1)
        features = kernels * (2 if average else 1)
        self.hidden = nn.Linear(features, hidden) if hidden else nn.Identity()
        self.hidden_relu = nn.ReLU() if hidden else nn.Identity()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(hidden or features, outputs)
        keras_initialise(self)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        if self.average:
            h = self.convolution_relu(self.convolution(x))  # N, kernels, L + kernel_size - 1
            z = torch.stack([pool_all(self.pool, h), h.mean(dim=-1)], dim=-1).flatten(1)
        else:
            z = convolution_maximum(
                self.convolution, self.convolution_relu, self.pool, x, training=self.training
            )  # N, kernels
        return self.output(self.dropout(self.hidden_relu(self.hidden(z))))
