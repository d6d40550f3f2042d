"""TBiNet (Park et al. 2020, Sci. Rep. 10:13413): convolution, attention over positions, bidirectional LSTM."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import AttentionWeights, Multiply, pooled_length
from motiflens.models.architectures.pooled_convolution import pooled_convolution
from motiflens.models.architectures.recurrent import Gates, bidirectional_lstm


class TBiNet(SequenceModel):
    """Conv → ReLU → max pooling → attention → BiLSTM → dense → outputs.

    Its attention is one vector per sequence, which all outputs share.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. The paper: 1,000 bp, 4, 690, none. `meta` must be 0.
    kernels, kernel_size, pool
        Convolution and pooling (width and stride).
    units
        LSTM units per direction.
    dense
        Units of the dense layer.
    pool_dropout, lstm_dropout
        After pooling and after the LSTM (in the published program; the paper does not mention them).
    gates
        Activation of the LSTM's gates.
    """

    name = "tbinet"
    attends = True

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 320,
        kernel_size: int = 26,
        pool: int = 13,
        units: int = 320,
        dense: int = 695,
        pool_dropout: float = 0.2,
        lstm_dropout: float = 0.5,
        gates: Gates = "sigmoid",
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        positions = pooled_length(self.name, length, kernel_size=kernel_size, pool=pool)
        self.convolution = nn.Conv1d(channels, kernels, kernel_size)
        self.convolution_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(pool)
        self.pool_dropout = Dropout(pool_dropout)
        if self.attends:
            self.score = nn.Linear(kernels, 1)
            self.attention = AttentionWeights("vector")
            self.attend = Multiply()
        self.lstm = bidirectional_lstm(kernels, units, gates=gates)
        self.lstm_dropout = Dropout(lstm_dropout)
        self.dense = nn.Linear(positions * 2 * units, dense)
        self.dense_relu = nn.ReLU()
        self.output = nn.Linear(dense, outputs)
        keras_initialise(self)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        h = pooled_convolution(self.convolution, self.convolution_relu, self.pool, x, training=self.training)
        h = self.pool_dropout(h).transpose(1, 2)  # N, T, kernels
        if self.attends:
            weights = self.attention(self.score(h).squeeze(-1))  # N, T
            h = self.attend(h, weights.unsqueeze(-1))
        h, _ = self.lstm(h)  # N, T, 2 · units
        h = self.dense_relu(self.dense(self.lstm_dropout(h).flatten(1)))
        return self.output(h)

    def attended_readers(self) -> tuple[nn.Module, ...]:
        return (self.lstm,) if self.attends else ()

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"attention": (self.convolution, self.pool)} if self.attends else {}
