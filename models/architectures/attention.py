"""DeepGRN's attention modules, over (N, T, D)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import AttentionWeights, MatMul, Multiply

Positions = Literal["learned", "sinusoidal", "none"]


class SingleAttention(nn.Module):
    """For each channel, e = W h + b over time (one W, T × T, for all channels); h ⊙ softmax of e over time.

    With `vector` the weights are averaged over channels, so that all channels share one vector.
    """

    def __init__(self, steps: int, *, vector: bool, after_recurrent: bool) -> None:
        super().__init__()
        self.score = nn.Linear(steps, steps)
        self.weights = AttentionWeights(
            "vector" if vector else "channel", after_recurrent=after_recurrent, average=vector
        )
        self.attend = Multiply()

    def forward(self, h: Tensor) -> Tensor:
        weights = self.weights(self.score(h.transpose(1, 2)).transpose(1, 2))  # N, T or N, T, D
        return self.attend(h, weights.unsqueeze(-1) if weights.ndim == 2 else weights)


class SummedAttention(SingleAttention):
    """Σ over time of h ⊙ α, α as in `SingleAttention`: (N, D), z_r of DeepGRN's arXiv version (equation 4)."""

    def forward(self, h: Tensor) -> Tensor:
        return super().forward(h).sum(dim=1)


class ChannelAttention(nn.Module):
    """Σ over time of h ⊙ softmax of h itself over time, a channel at a time: (N, D). It has no parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = AttentionWeights("channel", after_recurrent=True)
        self.attend = Multiply()

    def forward(self, h: Tensor) -> Tensor:
        return self.attend(h, self.weights(h)).sum(dim=1)


class PairwiseAttention(nn.Module):
    """h + softmax(Q Kᵀ / √size) V with Q, K, V linear in h + P, P the embedding of positions.

    Parameters
    ----------
    steps, width
        T and D of the input.
    size
        Width of queries and keys (d_k).
    positions
        ``learned``, ``sinusoidal`` or ``none``.
    after_recurrent
        See `AttentionWeights`.
    value_size
        Width of the values (d_v); None for `width`. With a residual a further linear map takes another width back
        (ours: the paper has no residual).
    residual
        Whether h is added (without P, as in the published weights); the paper does not.
    """

    def __init__(
        self,
        steps: int,
        width: int,
        size: int,
        *,
        positions: Positions,
        after_recurrent: bool,
        value_size: int | None = None,
        residual: bool = True,
    ) -> None:
        super().__init__()
        if positions == "learned":
            self.positions: Tensor | None = nn.Parameter(torch.empty(steps, width))
        elif positions == "sinusoidal":
            self.register_buffer("positions", sinusoids(steps, width), persistent=False)
        elif positions == "none":
            self.positions = None
        else:
            raise ValueError(f"positions must be learned, sinusoidal or none, not {positions!r}")
        self.query = nn.Linear(width, size, bias=False)
        self.key = nn.Linear(width, size, bias=False)
        values = value_size or width
        self.value = nn.Linear(width, values, bias=False)
        self.residual = residual
        self.width = width if residual else values  # that comes out
        self.back: nn.Module = nn.Identity()
        if residual and values != width:
            self.back = nn.Linear(values, width, bias=False)
        self.product = MatMul()
        self.weights = AttentionWeights("pairwise", after_recurrent=after_recurrent)
        self.attend = MatMul()
        self.scale = size**-0.5
        self.initialise()

    def initialise(self) -> None:
        """Draw the learned positions, uniform ±0.05 as in Keras' embeddings."""
        if isinstance(self.positions, nn.Parameter):
            nn.init.uniform_(self.positions, -0.05, 0.05)

    def forward(self, h: Tensor) -> Tensor:
        placed = h if self.positions is None else h + self.positions
        scores = self.product(self.query(placed), self.key(placed).transpose(1, 2)) * self.scale  # N, T, T
        attended = self.back(self.attend(self.weights(scores), self.value(placed)))
        return h + attended if self.residual else attended


def sinusoids(steps: int, width: int) -> Tensor:
    """Positional encoding (steps, width) of Vaswani et al. 2017: sines in even, cosines in odd columns."""
    column = torch.arange(width)
    rate = 10000.0 ** (-(column - column % 2).double() / width)
    angle = torch.arange(steps).double()[:, None] * rate
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()
