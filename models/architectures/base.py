"""What every architecture shares: its configuration, logits out, and one strand at a time."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import Merge, merge_logits
from motiflens.models.types import Json

_FIXED = frozenset({"self", "length", "channels", "outputs", "meta", "__class__"})


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
    merge
        How a Siamese model merges the two strands' probabilities, ``mean`` or ``max``.
    any_length
        The model takes windows of another length than it was built for (class attribute).
    least_length
        Shortest window, in bp, where `any_length`.
    """

    name: ClassVar[str] = ""
    any_length: ClassVar[bool] = False
    least_length: int = 1
    siamese: bool = False
    merge: Merge = "mean"

    def __init__(self, *, length: int, channels: int, outputs: int, meta: int, hyperparameters: Json) -> None:
        super().__init__()
        self.length, self.channels, self.outputs, self.meta = length, channels, outputs, meta
        self.hyperparameters = dict(hyperparameters)
        for size, value, least in (("length", length, 1), ("channels", channels, 4), ("outputs", outputs, 1)):
            if value < least:
                raise ValueError(f"{self.name}: {size} must be at least {least}, not {value}")

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        """Logits of the strand as given, (N, outputs)."""
        raise TypeError(f"{type(self).__name__} defines no strand()")

    def forward(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        """Logits, (N, outputs).

        Raises
        ------
        ValueError
            If the shapes are not those that the model was built for.
        """
        self.check(x, meta)
        if not self.siamese:
            return self.strand(x, meta)
        strands = [self.strand(x, meta), self.strand(reverse_complement(x), meta)]
        return merge_logits(torch.stack(strands), self.merge)

    def training_logits(self, x: Tensor, meta: Tensor | None = None) -> tuple[Tensor, ...]:
        """Logits whose losses add up in training: one for each part of the model that is trained by itself."""
        return (self.forward(x, meta),)

    def attended_readers(self) -> tuple[nn.Module, ...]:
        """Recurrent or linear layers that read positions multiplied by attention; none where there is no such."""
        return ()

    def refuse_meta(self) -> None:
        """Raise ValueError if the model was asked to take meta, for architectures that cannot."""
        if self.meta:
            raise ValueError(f"{self.name} takes no meta: build it with meta=0, not {self.meta}")

    def check_length(self, length: int) -> None:
        """Raise ValueError unless the model takes windows of `length` bp."""
        if length != self.length and not self.any_length:
            raise ValueError(f"{self.name} was built for windows of {self.length} bp, not {length}")
        if length < self.least_length:
            raise ValueError(f"{self.name} needs windows of at least {self.least_length} bp, not {length}")

    def check(self, x: Tensor, meta: Tensor | None) -> None:
        """Raise ValueError unless the shapes are those that the model was built for."""
        if x.ndim != 3 or x.shape[1] != self.channels:
            raise ValueError(
                f"{self.name} takes windows of shape (N, {self.channels}, {self.length}), "
                f"channels A, C, G, T first, not {tuple(x.shape)}"
            )
        self.check_length(x.shape[2])
        if self.meta and meta is None:
            raise ValueError(f"{self.name} was built with meta: it needs meta of shape (N, {self.meta})")
        if self.meta and meta is not None and tuple(meta.shape) != (x.shape[0], self.meta):
            raise ValueError(
                f"{self.name} takes meta of shape ({x.shape[0]}, {self.meta}), not {tuple(meta.shape)}"
            )

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

    def first_inputs(self, x: Tensor) -> Tensor:
        """Return what the first convolution reads of windows, (N, C, L); architectures may scale signals."""
        return x

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


def arguments(values: Json) -> Json:
    """Pick an architecture's hyperparameters out of its constructor's ``locals()``, tuples as JSON's lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name not in _FIXED
    }


def reverse_complement(x: Tensor) -> Tensor:
    """Reverse complement of (N, C, L): A↔T, C↔G, and every channel reversed along the sequence."""
    bases = x[:, [3, 2, 1, 0]]
    return torch.cat([bases, x[:, 4:]], dim=1).flip(-1)  # N, C, L
