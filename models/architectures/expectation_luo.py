"""Expectation-Luo (Luo et al. 2020, Bioinformatics 36:1405): CNN-Zeng with expectation pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import arguments
from motiflens.models.architectures.cnn_zeng import CNNZeng
from motiflens.models.architectures.layers import Multiply


class ExpectationLuo(CNNZeng):
    """`CNNZeng`, each kernel pooled as Σ_i x_i · softmax_i(m x): the mean at m = 0, the maximum as m grows.

    Parameters
    ----------
    length, channels, outputs, meta, kernels, kernel_size, dense, dropout
        See `CNNZeng`.
    m
        Sharpness of the pooling.
    learn_m
        Train m (one for all kernels) with the rest.
    """

    name = "expectation_luo"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 128,
        kernel_size: int = 24,
        dense: int = 32,
        dropout: float = 0.5,
        m: float = 1.0,
        learn_m: bool = False,
    ) -> None:
        own = arguments(locals())
        super().__init__(
            length=length,
            channels=channels,
            outputs=outputs,
            meta=meta,
            kernels=kernels,
            kernel_size=kernel_size,
            dense=dense,
            dropout=dropout,
        )
        self.hyperparameters = own
        del self.pool
        self.m = nn.Parameter(torch.tensor(float(m)), requires_grad=learn_m)
        self.softmax = nn.Softmax(dim=-1)
        self.weigh = Multiply()

    def pooled(self, x: Tensor) -> Tensor:
        h = self.convolution_relu(self.convolution(x))
        return self.weigh(h, self.softmax(self.m * h)).sum(dim=-1)
