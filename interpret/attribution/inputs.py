"""What can be differentiated: the bases themselves, or the embedded k-mers of a model that reads tokens."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import known_bases, sequence_seed, to_codes
from motiflens.interpret.attribution.gradient_inputs import Bases, call


def differentiable(model: nn.Module, x: Tensor, target: int, meta: Tensor | None) -> Bases:
    """Return the input as gradient methods take it."""
    return (Kmers if reads_kmers(model) else Bases)(model, x, target, meta)


def reads_kmers(model: nn.Module) -> bool:
    """Whether the model embeds k-mers as `KEGRU` does, with ``tokens(x)``, ``embedding``, ``k`` and ``stride``."""
    return isinstance(getattr(model, "embedding", None), nn.Embedding) and all(
        hasattr(model, name) for name in ("tokens", "k", "stride")
    )


class Kmers(Bases):
    """Embedded k-mers: attributed on the embedding, and each k-mer's score spread over its known bases.

    Where k-mers overlap, scores add up. A score is that of the observed sequence, so that nothing is said about
    other bases.
    """

    def encode(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            embedded: Tensor = self.model.embedding(self.model.tokens(x))  # type: ignore[operator]
        return embedded  # N, T, D

    def logits(self, values: Tensor, rows: Tensor) -> Tensor:
        embedding: nn.Embedding = self.model.embedding  # type: ignore[assignment]
        embedding.forward = lambda _: values  # type: ignore[method-assign,assignment]
        try:
            meta = None if self.meta is None else self.meta[rows]
            return call(self.model, self.x[rows], meta)[:, self.target]
        finally:
            del embedding.forward

    def tangent(self, gradient: Tensor, values: Tensor, times_input: bool) -> Tensor:
        return (gradient * values).sum(-1)  # n, T: the gradient of the one-hot k-mer, at the k-mer that is there

    def path(self, multipliers: Tensor, values: Tensor, baselines: Tensor) -> Tensor:
        return ((values - baselines) * multipliers).sum(-1)  # n, T

    def noise(self, samples: int, scale: float, seed: int) -> Tensor:
        """Draw normal noise, (N, samples, T, D), `scale` times the range of each window's embedding."""
        span = self.values.flatten(1).amax(1) - self.values.flatten(1).amin(1)  # N
        drawn = self.values.new_empty((len(self.values), samples, *self.values.shape[1:]))
        for i, row in enumerate(to_codes(self.x)):
            rng = np.random.default_rng(sequence_seed(row, seed))
            drawn[i] = torch.from_numpy(rng.standard_normal(drawn.shape[1:], dtype=np.float32))
        return drawn.mul_(span[:, None, None, None] * scale)

    def finish(self, contributions: Tensor) -> tuple[Tensor | None, Tensor | None]:
        track = self.spread(contributions)  # N, L
        return None, track[:, None] * self.x

    def spread(self, scores: Tensor) -> Tensor:
        """Spread the k-mers' scores, (N, T), over their known bases, (N, L)."""
        k, stride = int(self.model.k), int(self.model.stride)  # type: ignore[arg-type]
        known = known_bases(self.x).to(scores.dtype)  # N, L
        share = scores / known.unfold(1, k, stride).sum(-1).clamp_min(1)  # N, T
        track = torch.zeros_like(known)
        for offset in range(k):
            end = offset + stride * (scores.shape[1] - 1) + 1
            track[:, offset:end:stride] += share
        return track * known
