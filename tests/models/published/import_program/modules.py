"""Small modules of the kinds that users export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

LENGTH = 40


class Plain(nn.Module):
    """Convolution, batch normalisation, pooling, dense."""

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(4, 6, 5, padding="same"),
            nn.BatchNorm1d(6),
            nn.ReLU(inplace=inplace),
            nn.MaxPool1d(4),
            nn.Dropout(0.3),
            nn.Conv1d(6, 5, 3, stride=2, dilation=2, groups=1, padding=1, bias=False),
            nn.GELU(),
        )
        self.dense = nn.Linear(20, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = self.features(x)
        return self.dense(h.flatten(1))


class Viewed(Plain):
    """Its flattening fixes the number of windows where that is not exported as open."""

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.features(x).view(x.shape[0], -1))


class Recurrent(nn.Module):
    """Convolution, recurrent layer of both directions, mean over time; sigmoid at the end."""

    def __init__(self, kind: type[nn.RNNBase], layers: int = 1, *, state: bool = False) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 5, 5)
        self.recurrent = kind(5, 4, layers, batch_first=True, bidirectional=True)
        self.start = nn.Parameter(torch.zeros(2 * layers, 1, 4)) if state else None
        self.dense = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.max_pool1d(torch.relu(self.convolution(x)), 4).transpose(1, 2)
        state = None if self.start is None else self.start.expand(-1, x.shape[0], -1).contiguous()
        h, _ = self.recurrent(h) if state is None else self.recurrent(h, state)
        return torch.sigmoid(self.dense(h.mean(1)))


class Attentive(nn.Module):
    """Scaled dot-product attention, by torch's function or its layer."""

    def __init__(self, *, layer: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 8, 5)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True) if layer else nn.Linear(8, 24)
        self.norm = nn.LayerNorm(8)
        self.dense = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.max_pool1d(torch.relu(self.convolution(x)), 4).transpose(1, 2)
        if isinstance(self.attention, nn.MultiheadAttention):
            mixed, _ = self.attention(h, h, h, need_weights=False)
        else:
            query, key, value = self.attention(h).chunk(3, dim=-1)
            mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.dense(self.norm(h + mixed).amax(1))


class Gated(nn.Module):
    """Softmax over positions by hand, products, concatenation, powers, padding, flips, unusual activations."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 4, 7), nn.Conv1d(4, 4, 7)
        self.scores = nn.Conv1d(4, 1, 1)
        self.scale = nn.Parameter(torch.tensor([0.5, 1.0, 1.5, 2.0]))
        self.register_buffer("shift", torch.arange(4.0), persistent=False)
        self.dense = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        both = functional.pad(x, (2, 1)) + 0
        h = torch.tanh(self.a(both)) * torch.sigmoid(self.b(both.flip(-1)))
        h = functional.elu(h * self.scale[:, None] + self.shift[None, :, None])
        weights = torch.softmax(self.scores(h), dim=-1)
        pooled = torch.matmul(weights, h.transpose(1, 2)).squeeze(1)
        most, _ = h.max(-1)
        joined = torch.cat([pooled, most, h[:, :, ::2].pow(2).mean(-1).clamp(min=1e-3).sqrt()], dim=1)
        return self.dense(joined)


class Residual(nn.Module):
    """BPNet's body: dilated convolutions added up, a profile and counts by name."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(4, 6, 5, padding=2)
        self.dilated = nn.ModuleList([nn.Conv1d(6, 6, 3, padding=2**i, dilation=2**i) for i in (1, 2)])
        self.profile, self.counts = nn.Conv1d(6, 1, 5), nn.Linear(6, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        h = self.first(x).relu()
        for layer in self.dilated:
            h = h + layer(h).relu()
        return {"profile": self.profile(h), "counts": self.counts(h.mean(-1))}


class Two(nn.Module):
    """A sequence, a signal along it and two features; a tuple of heads, each ends as a probability."""

    def __init__(self) -> None:
        super().__init__()
        self.sequence, self.signal = nn.Conv1d(4, 5, 5), nn.Conv1d(2, 3, 5)
        self.one, self.three = nn.Linear(10, 1), nn.Linear(10, 3)

    def forward(self, x: Tensor, signal: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        parts = [self.sequence(x).relu().amax(-1), self.signal(signal).relu().mean(-1), features]
        h = torch.cat(parts, dim=1)
        return torch.sigmoid(self.one(h)), torch.softmax(self.three(h), dim=-1)


class Last(nn.Module):
    """Positions before channels, and convolutions in two dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 6, (7, 4))
        self.dense = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.convolution(x[:, None]).relu().squeeze(-1).amax(-1))


class Shared(nn.Module):
    """One convolution on both strands, and the same weights used by a function too."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 5, 5)
        self.again = nn.Linear(5, 5)
        self.dense = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        both = [self.convolution(part).relu().amax(-1) for part in (x, x.flip([1, 2]))]
        h = self.again(torch.maximum(*both))
        return self.dense(h + functional.linear(h, self.again.weight.t()))


class Written(nn.Module):
    """Writes into what it has computed, partly through views."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 5, 5)
        self.dense = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.convolution(x)
        h += 0.1
        functional.relu_(h)
        h[:, :2] *= 2
        x = x.clone()
        x[:, 0] = 0
        return self.dense(h.mean(-1)) + x.mean(dim=(1, 2))[:, None] + h.amax(dim=(1, 2)).unsqueeze(1)


class Normed(nn.Module):
    """Group, instance and batch normalisation, PReLU, global pooling, embedding of no one, statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 6, 5)
        self.group, self.instance = nn.GroupNorm(2, 6), nn.InstanceNorm1d(6, affine=True)
        self.slope = nn.PReLU(6)
        self.most, self.mean = nn.AdaptiveMaxPool1d(1), nn.AdaptiveAvgPool1d(3)
        self.up = nn.ConvTranspose1d(6, 2, 3, stride=2)
        self.dense = nn.Linear(6 + 18 + 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.slope(self.instance(self.group(self.convolution(x))))
        parts = [self.most(h).squeeze(-1), self.mean(h).reshape(h.size(0), -1), self.up(h).std(-1)]
        return self.dense(torch.cat(parts, dim=1))


def ours(name: str, **settings: Any) -> Callable[[], nn.Module]:
    """Make one of this package's own architectures."""
    from motiflens.models import build

    return lambda: build(name, length=LENGTH, outputs=2, **settings)


class Case(NamedTuple):
    """A module, how it is made, and the shapes of its inputs without the batch."""

    make: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...] = ((4, LENGTH),)
    probabilities: bool = False  # the heads end as such


SMALL = {"kernels": 4, "kernel_size": 8, "pool": 4, "units": 3, "dense": 4}
CASES: dict[str, Case] = {
    "plain": Case(Plain),
    "inplace": Case(lambda: Plain(inplace=True)),
    "viewed": Case(Viewed),
    "lstm": Case(lambda: Recurrent(nn.LSTM), probabilities=True),
    "gru": Case(lambda: Recurrent(nn.GRU, 2), probabilities=True),
    "gru_state": Case(lambda: Recurrent(nn.GRU, state=True), probabilities=True),
    "attention": Case(lambda: Attentive(layer=False)),
    "multihead": Case(lambda: Attentive(layer=True)),
    "gated": Case(Gated),
    "residual": Case(Residual),
    "two": Case(Two, ((4, LENGTH), (2, LENGTH), (2,)), probabilities=True),
    "last": Case(Last, ((LENGTH, 4),)),
    "shared": Case(Shared),
    "written": Case(Written),
    "normed": Case(Normed),
    "tbinet": Case(ours("tbinet", **SMALL)),
    "danq": Case(ours("danq", **SMALL)),
    "deepbind": Case(ours("deepbind")),
}
