"""Shared layers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from motiflens.models.architectures.attention import PairwiseAttention, SingleAttention, sinusoids
from motiflens.models.architectures.layers import (
    AttentionWeights,
    LogSignals,
    merge_logits,
    pool_all,
    pooled_length,
)


@pytest.mark.parametrize("merge", ["mean", "max"])
def test_merged_logits_are_those_of_merged_probabilities(merge: str) -> None:
    logits = 4 * torch.randn(3, 50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = logits.sigmoid()
    expected = p.mean(0) if merge == "mean" else p.amax(0)
    torch.testing.assert_close(
        merge_logits(logits, merge),  # type: ignore[arg-type]
        expected.logit(),
        rtol=1e-9,
        atol=1e-9,
    )


def test_merged_logits_far_out() -> None:
    """Where float32 probabilities are 0 or 1: mean of σ(-300) and σ(-200) ≈ e^-200 / 2."""
    logits = torch.tensor([[-300.0, 300.0, 500.0, -1000.0], [-200.0, 200.0, -500.0, -1000.0]], requires_grad=True)
    merged = merge_logits(logits, "mean")
    expected = torch.tensor([-200 - 0.6931472, 200 + 0.6931472, 0.0, -1000.0])
    torch.testing.assert_close(merged.detach(), expected, rtol=1e-6, atol=1e-5)
    merged.sum().backward()
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_weights_average_over_channels() -> None:
    scores = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    averaged = AttentionWeights("vector", average=True)(scores)
    torch.testing.assert_close(averaged, AttentionWeights("channel")(scores).mean(-1), rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match="only attention of kind 'vector'"):
        AttentionWeights("pairwise", average=True)


@pytest.mark.parametrize("vector", [True, False])
def test_single_attention_slowly(vector: bool) -> None:
    torch.manual_seed(0)
    attention = SingleAttention(6, vector=vector, after_recurrent=False).double()
    h = torch.randn(2, 6, 3, dtype=torch.float64)
    w, b = attention.score.weight, attention.score.bias
    alpha = torch.empty_like(h)
    for n in range(2):
        for d in range(3):
            e = torch.stack([(w[t] * h[n, :, d]).sum() + b[t] for t in range(6)])
            alpha[n, :, d] = e.exp() / e.exp().sum()
    if vector:
        alpha = alpha.mean(2, keepdim=True).expand_as(h)
    torch.testing.assert_close(attention(h), h * alpha, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
def test_pairwise_attention_slowly(positions: str) -> None:
    torch.manual_seed(0)
    attention = PairwiseAttention(5, 4, 3, positions=positions, after_recurrent=False)  # type: ignore[arg-type]
    h = torch.randn(2, 5, 4)
    placed = h + {"none": 0.0, "sinusoidal": sinusoids(5, 4)}.get(positions, attention.positions)  # type: ignore[operator]
    expected = torch.empty_like(h)
    for n in range(2):
        q, k, v = (placed[n] @ layer.weight.T for layer in (attention.query, attention.key, attention.value))
        for i in range(5):
            e = torch.stack([(q[i] * k[j]).sum() / 3**0.5 for j in range(5)]).exp()
            expected[n, i] = h[n, i] + sum(e[j] / e.sum() * v[j] for j in range(5))  # the residual lacks positions
    torch.testing.assert_close(attention(h), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="learned, sinusoidal or none"):
        PairwiseAttention(5, 4, 3, positions="rotary", after_recurrent=False)  # type: ignore[arg-type]


def test_signals_on_a_logarithmic_scale() -> None:
    x = torch.tensor([[[1.0], [0.0], [0.0], [0.0], [math.e - 1], [-(math.e**2 - 1)]]])
    torch.testing.assert_close(LogSignals()(x)[0, :, 0], torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, -2.0]))


def test_sinusoids() -> None:
    table = sinusoids(9, 6)
    for t in range(9):
        for i in range(3):
            angle = torch.tensor(t / 10000 ** (2 * i / 6), dtype=torch.float64)
            torch.testing.assert_close(table[t, 2 * i].double(), angle.sin(), rtol=1e-6, atol=1e-7)
            torch.testing.assert_close(table[t, 2 * i + 1].double(), angle.cos(), rtol=1e-6, atol=1e-7)


def test_pooling_over_everything() -> None:
    pool = nn.MaxPool1d(3)
    h = torch.randn(2, 3, 11)
    assert torch.equal(pool_all(pool, h), h.amax(-1))
    assert torch.equal(pool_all(pool, h[..., :4]), h[..., :4].amax(-1))


def test_pooled_length() -> None:
    assert pooled_length("m", 1000, kernel_size=26, pool=13) == 75
    assert pooled_length("m", 38, kernel_size=26, pool=13) == 1
    with pytest.raises(ValueError, match="m needs windows of at least 38 bp with these sizes, not 37"):
        pooled_length("m", 37, kernel_size=26, pool=13)
