"""DeepSEA (Zhou & Troyanskaya 2015, Nat. Methods 12:931): three convolutions and a dense layer."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.channels_last import channels_last, channels_last_does, convolve
from motiflens.models.architectures.channels_last import pool as pooled
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.pooled_convolution import letters_do, pooled_convolution


class DeepSEA(SequenceModel):
    """[Conv → ReLU → max pooling → Dropout] × 2 → Conv → ReLU → Dropout → dense → ReLU → outputs.

    Fresh weights are torch's (uniform ±1/√fan-in), as those of the Lua Torch that the paper used.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. The paper: 1,000 bp, 4, 919, none. `meta` must be 0.
    kernels
        Kernels of each convolution, any number of them; all but the last are pooled.
    kernel_size, pool
        Of every convolution and pooling (width and stride).
    dense
        Units of the dense layer.
    dropouts
        After each convolution block.
    """

    name = "deepsea"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: tuple[int, ...] = (320, 480, 960),
        kernel_size: int = 8,
        pool: int = 4,
        dense: int = 925,
        dropouts: tuple[float, ...] = (0.2, 0.2, 0.5),
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if not kernels or len(kernels) != len(dropouts):
            raise ValueError(f"deepsea: {len(kernels)} kernels need as many dropouts, not {len(dropouts)}")
        layers: list[nn.Module] = []
        steps, inputs = length, channels
        for i, (width, rate) in enumerate(zip(kernels, dropouts, strict=True)):
            layers += [nn.Conv1d(inputs, width, kernel_size), nn.ReLU()]
            steps, inputs = steps - kernel_size + 1, width
            if i < len(kernels) - 1:
                layers.append(nn.MaxPool1d(pool))
                steps //= pool
            layers.append(Dropout(rate))
            if steps < 1:
                raise ValueError(
                    f"deepsea needs windows of at least {_least(len(kernels), kernel_size, pool)} bp "
                    f"with these sizes, not {length}: a smaller pool takes shorter ones"
                )
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(steps * inputs, dense)
        self.dense_relu = nn.ReLU()
        self.output = nn.Linear(dense, outputs)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        h = (self._by_letters(x) if letters_do(training=self.training) else self.convolutions(x)).flatten(1)
        return self.output(self.dense_relu(self.dense(h)))

    def _by_letters(self, x: Tensor) -> Tensor:
        """Return what the convolutions make of windows, the first of them letter by letter."""
        convolution, relu, pool, *others = self.convolutions
        if not (isinstance(convolution, nn.Conv1d) and isinstance(pool, nn.MaxPool1d)):  # a single one
            h: Tensor = self.convolutions(x)
            return h
        h = pooled_convolution(convolution, relu, pool, x, training=self.training)
        if channels_last_does(self, x, training=self.training):
            h = channels_last(h)
        for layer in others:
            if isinstance(layer, nn.Conv1d):
                h = convolve(layer, h)
            else:
                h = pooled(layer, h) if isinstance(layer, nn.MaxPool1d) else layer(h)
        return h if h.ndim == 3 else h.squeeze(2)


def _least(convolutions: int, kernel_size: int, pool: int) -> int:
    """Shortest window that leaves one position."""
    steps = kernel_size
    for _ in range(convolutions - 1):
        steps = steps * pool + kernel_size - 1
    return steps
