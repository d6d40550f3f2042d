"""BPNet (Avsec et al. 2021, Nature Genetics 53:354): dilated convolutions, a profile and a counts head."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments


class BPNet(SequenceModel):
    """Convolution → dilated convolutions, each added to what it read → counts' head (and a profile head).

    As in bpnet-lite: each dilated convolution of width 3 sees twice as far as the one before, zeros stand outside
    of the window, the counts' head is a dense layer on the mean over positions, the profile head a convolution.
    A label has no profile: without `profile` the counts' head alone gives the logits of labels. With it both heads
    learn from base-wise tracks (see `profile_loss`), and what the model gives, (N, outputs), are log counts; they
    rank windows as logits do, but their sigmoid is no probability.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`; takes no meta.
    kernels, kernel_size
        Of all convolutions, and the width of the first one.
    dilations
        Number of dilated convolutions; number i has the dilation 2^i, counted from 1.
    profile
        Bases in the middle of the window whose profile is predicted; 0 for no profile head.
    profile_kernel
        Width of the profile head's convolution; the counts' head then averages over the bases that it sees.

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
        profile: int = 0,
        profile_kernel: int = 75,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if kernel_size % 2 == 0:
            raise ValueError(f"bpnet: kernel_size is {kernel_size}: expected an odd number")
        if length < kernel_size:
            raise ValueError(f"bpnet needs windows of at least {kernel_size} bp with these sizes, not {length}")
        if not 0 <= profile <= length or profile_kernel < 1 or profile_kernel % 2 == 0:
            raise ValueError(
                f"bpnet: profile={profile}, profile_kernel={profile_kernel}: expected 0 to {length}, an odd number"
            )
        self.conv = nn.Conv1d(channels, kernels, kernel_size, padding=kernel_size // 2)
        self.relu = nn.ReLU()
        self.dilated = nn.ModuleList(
            nn.Conv1d(kernels, kernels, 3, padding=2**i, dilation=2**i) for i in range(1, dilations + 1)
        )
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(dilations))
        self.output = nn.Linear(kernels, outputs)
        self.profile = profile
        self.profile_head: nn.Conv1d | None = None
        if profile:
            self.profile_head = nn.Conv1d(kernels, outputs, profile_kernel, padding=profile_kernel // 2)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        return self._counts(self._trunk(x))

    def all_heads(self, x: Tensor, meta: Tensor | None = None) -> dict[str, Tensor]:
        """Return ``profile``, logits (N, outputs, profile), where there is one, and ``counts``, (N, outputs)."""
        self.check(x, meta)
        h = self._trunk(x)
        if self.profile_head is None:
            return {"counts": self._counts(h)}
        start = (self.length - self.profile) // 2
        profile = self.profile_head(h)[:, :, start : start + self.profile]
        return {"profile": profile, "counts": self._counts(h)}

    def training_logits(self, x: Tensor, meta: Tensor | None = None) -> tuple[Tensor, ...]:
        if self.profile_head is None:
            return super().training_logits(x, meta)
        heads = self.all_heads(x, meta)
        return heads["profile"], heads["counts"]

    def _counts(self, h: Tensor) -> Tensor:
        if self.profile_head is not None:
            start = (self.length - self.profile) // 2
            beside = self.profile_head.kernel_size[0] // 2
            h = h[:, :, max(0, start - beside) : start + self.profile + beside]
        return self.output(h.mean(dim=-1))

    def _trunk(self, x: Tensor) -> Tensor:
        h = self.relu(self.conv(x))  # N, kernels, L
        for conv, relu in zip(self.dilated, self.relus, strict=True):
            h = h + relu(conv(h))
        return h
