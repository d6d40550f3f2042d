"""CNN-Zeng (Zeng et al. 2016, Bioinformatics 32:i121): one convolution, global pooling, one hidden layer."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.pooled_convolution import convolution_maximum


class CNNZeng(SequenceModel):
    """Conv → ReLU → global max pooling → dense → ReLU → Dropout → outputs.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length of at least `kernel_size` works. `meta` must be 0.
    kernels, kernel_size
        Of the convolution.
    dense, dropout
        Hidden layer, and what is dropped after it.
    """

    name = "cnn_zeng"
    any_length = True

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
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        self.least_length = kernel_size
        self.check_length(length)
        self.convolution = nn.Conv1d(channels, kernels, kernel_size)
        self.convolution_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(length - kernel_size + 1)
        self.dense = nn.Linear(kernels, dense)
        self.dense_relu = nn.ReLU()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(dense, outputs)
        keras_initialise(self)

    def pooled(self, x: Tensor) -> Tensor:
        """One number a kernel, (N, kernels), of its rectified activations over windows (N, C, L)."""
        return convolution_maximum(self.convolution, self.convolution_relu, self.pool, x, training=self.training)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        z = self.pooled(x)
        return self.output(self.dropout(self.dense_relu(self.dense(z))))
