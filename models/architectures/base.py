"""What every architecture shares: its configuration, logits out, and one strand at a time."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from motiflens.models.types import Json


class SequenceModel(nn.Module):
    """A model of TF binding: (N, C, L) windows to (N, outputs) logits.

    Channels are A, C, G, T and then the signals; an unknown base is four zeros.

    Attributes
    ----------
    name
        The architecture's name in the registry (class attribute).
    length, channels, outputs, meta
        Sizes the model was built for; ``meta`` is the number of features that are no sequence, 0 for none.
    hyperparameters
        Every hyperparameter, defaults included: ``build(name, length=…, **hyperparameters)`` makes its twin.
    siamese
        The model itself scores the reverse complement too and merges both strands. Then `strand` gives one
        strand's logits, and `forward` the merged ones.
    """

    name: ClassVar[str] = ""
    siamese: bool = False

    def __init__(self, *, length: int, channels: int, outputs: int, meta: int, hyperparameters: Json) -> None:
        super().__init__()
        self.length, self.channels, self.outputs, self.meta = length, channels, outputs, meta
        self.hyperparameters = dict(hyperparameters)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        """Logits of the strand as given, (N, outputs)."""
        raise TypeError(f"{type(self).__name__} defines no strand()")

    def forward(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        """Logits, (N, outputs)."""
        return self.strand(x, meta)

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        """Where attention comes from.

        Returns
        -------
        dict
            Name of each `layers.AttentionWeights` module (as in ``named_modules``), in the order in which they
            are computed -> the layers with a geometry (convolutions, poolings) on the longest path from the
            input to its positions, in order: they give each position its field. Empty without attention.
        """
        return {}

    def first_convolution(self) -> nn.Conv1d | None:
        """Return the convolution that reads the sequence: its kernels are motif detectors. None without one."""
        return next((module for module in self.modules() if isinstance(module, nn.Conv1d)), None)

    @property
    def config(self) -> Json:
        """What `motiflens.models.build` needs to make this model again."""
        return {
            "architecture": self.name,
            "length": self.length,
            "channels": self.channels,
            "outputs": self.outputs,
            "meta": self.meta,
            "hyperparameters": self.hyperparameters,
        }


def reverse_complement(x: Tensor) -> Tensor:
    """Reverse complement of (N, C, L): A↔T, C↔G, and every channel reversed along the sequence."""
    bases = x[:, [3, 2, 1, 0]]
    return torch.cat([bases, x[:, 4:]], dim=1).flip(-1)  # N, C, L
