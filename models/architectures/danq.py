"""DanQ (Quang & Xie 2016, Nucleic Acids Res. 44:e107): convolution and bidirectional LSTM."""

from __future__ import annotations

from motiflens.models.architectures.recurrent import Gates
from motiflens.models.architectures.tbinet import TBiNet


class DanQ(TBiNet):
    """Conv → ReLU → max pooling → BiLSTM → dense → outputs: TBiNet without attention.

    Parameters are those of `TBiNet`; the paper's sizes are 1,000 bp, 919 outputs and a dense layer of 925.
    """

    name = "danq"
    attends = False

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
        dense: int = 925,
        pool_dropout: float = 0.2,
        lstm_dropout: float = 0.5,
        gates: Gates = "sigmoid",
    ) -> None:
        super().__init__(
            length=length,
            channels=channels,
            outputs=outputs,
            meta=meta,
            kernels=kernels,
            kernel_size=kernel_size,
            pool=pool,
            units=units,
            dense=dense,
            pool_dropout=pool_dropout,
            lstm_dropout=lstm_dropout,
            gates=gates,
        )
