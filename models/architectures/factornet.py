"""FactorNet (Quang & Xie 2019, Methods 166:40): Siamese convolution and BiLSTM, with signals and meta."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import LogSignals, Merge, pooled_length
from motiflens.models.architectures.pooled_pointwise import pooled_pointwise
from motiflens.models.architectures.rectified_convolution import rectified_convolution
from motiflens.models.architectures.recurrent import Gates, bidirectional_lstm


class FactorNet(SequenceModel):
    """Both strands through one network; their probabilities are averaged.

    Conv → ReLU → Dropout → position-wise dense → ReLU → max pooling → BiLSTM → Dropout → dense → ReLU →
    [with meta: concatenate → dense → ReLU] → outputs.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Published: 1,002 bp, channels A, C, G, T, [uniqueness], DNase.
    kernels, kernel_size, pool
        Convolution and pooling (width and stride; None for half of `kernel_size`).
    units
        LSTM units per direction; 0 for no LSTM.
    dense
        Units of the dense layers.
    convolution_dropout, dropout, head_dropout
        After the convolution, after the LSTM, and after each dense layer of the head.
    input_dropout, recurrent_dropout
        The LSTM's own.
    gates
        Activation of the LSTM's gates (published files: ``hard_sigmoid``).
    merge
        ``mean`` or ``max`` of the strands' probabilities.
    log_signals
        Read signal channels on a logarithmic scale (`layers.LogSignals`); the published files do not.
    """

    name = "factornet"
    siamese = True

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 32,
        kernel_size: int = 34,
        pool: int | None = None,
        units: int = 32,
        dense: int = 128,
        convolution_dropout: float = 0.1,
        dropout: float = 0.5,
        head_dropout: float = 0.0,
        input_dropout: float = 0.1,
        recurrent_dropout: float = 0.1,
        gates: Gates = "sigmoid",
        merge: Merge = "mean",
        log_signals: bool = False,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        if merge not in ("mean", "max"):
            raise ValueError(f"factornet: merge must be mean or max, not {merge!r}")
        self.merge = merge
        pool = pool or max(1, kernel_size // 2)
        steps = pooled_length(self.name, length, kernel_size=kernel_size, pool=pool)
        self.signals: nn.Module = LogSignals() if log_signals else nn.Identity()
        self.convolution = nn.Conv1d(channels, kernels, kernel_size)
        self.convolution_relu = nn.ReLU()
        self.convolution_dropout = Dropout(convolution_dropout)
        self.pointwise = nn.Conv1d(kernels, kernels, 1)  # a dense layer at every position
        self.pointwise_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(pool)
        if units:
            self.lstm = bidirectional_lstm(
                kernels,
                units,
                gates=gates,
                input_dropout=input_dropout,
                recurrent_dropout=recurrent_dropout,
            )
        self.dropout = Dropout(dropout)
        self.feature = nn.Linear(steps * (2 * units or kernels), dense)
        self.feature_relu = nn.ReLU()
        layers: list[nn.Module] = [Dropout(head_dropout)]
        if meta:
            layers += [nn.Linear(dense + meta, dense), nn.ReLU(), Dropout(head_dropout)]
        self.head = nn.Sequential(*layers, nn.Linear(dense, outputs))
        keras_initialise(self, per_gate=True)

    def first_inputs(self, x: Tensor) -> Tensor:
        scaled: Tensor = self.signals(x)
        return scaled

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        h = rectified_convolution(
            self.convolution, self.convolution_relu, self.convolution_dropout, self.first_inputs(x), model=self
        )
        h = pooled_pointwise(self.pointwise, self.pointwise_relu, self.pool, h, training=self.training)
        if hasattr(self, "lstm"):
            h, _ = self.lstm(h)  # N, T, 2 · units
        features = self.feature_relu(self.feature(self.dropout(h).flatten(1)))
        if self.meta and meta is not None:
            features = torch.cat([features, meta], dim=1)
        return self.head(features)
