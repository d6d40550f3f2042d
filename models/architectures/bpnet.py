"""BPNet (Avsec et al. 2021, Nature Genetics 53:354) without its profile head: a label has no profile."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments


class BPNet(SequenceModel):
    """Convolution → dilated convolutions, each added to what it read → mean over the window → outputs.

    As in bpnet-lite: each dilated convolution of width 3 sees twice as far as the one before, zeros stand outside
    of the window, and the counts' head is a dense layer on the mean over positions. The profile head, which learns
    where reads end from base-wise tracks, is left out.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`; takes no meta.
    kernels, kernel_size
        Of all convolutions, and the width of the first one.
    dilations
        Number of dilated convolutions; number i has the dilation 2^i, counted from 1.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in BPNet(length=2114).parameters())
    104321
    """

    name = "bpnet"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernels: int = 64,
        kernel_size: int = 21,
        dilations: int = 8,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if kernel_size % 2 == 0:
            raise ValueError(f"bpnet: kernel_size is {kernel_size}: expected an odd number")
        if length < kernel_size:
            raise ValueError(f"bpnet needs windows of at least {kernel_size} bp with these sizes, not {length}")
        self.conv = nn.Conv1d(channels, kernels, kernel_size, padding=kernel_size // 2)
        self.relu = nn.ReLU()
        self.dilated = nn.ModuleList(
            nn.Conv1d(kernels, kernels, 3, padding=2**i, dilation=2**i) for i in range(1, dilations + 1)
        )
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(dilations))
        self.output = nn.Linear(kernels, outputs)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        h = self.relu(self.conv(x))  # N, kernels, L
        for conv, relu in zip(self.dilated, self.relus, strict=True):
            h = h + relu(conv(h))
        return self.output(h.mean(dim=-1))
