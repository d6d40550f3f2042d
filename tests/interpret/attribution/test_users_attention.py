"""Attention × gradient of modules that are not this package's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret import adapt, attribute
from motiflens.interpret.attribution.attention_x_gradient import _reduced
from motiflens.interpret.coordinates import to_bp


class Own(nn.Module):
    """A convolution, pooling, and two heads of attention computed in one of several ways."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.convolution = nn.Conv1d(4, 6, 5, padding=2)
        self.pool = nn.MaxPool1d(3)
        self.heads = nn.MultiheadAttention(6, 2, batch_first=True)
        self.out = nn.Linear(6, 2)
        self.softmax = nn.Softmax(dim=-1)
        self.scale: Tensor | float = 1.0  # of the weights, by key

    def forward(self, x: Tensor) -> Tensor:
        h = self.pool(torch.relu(self.convolution(x))).transpose(1, 2)  # N, T, 6
        if self.way == "heads":
            return self.out(self.heads(h, h, h)[0].sum(1))
        projected = nn.functional.linear(h, self.heads.in_proj_weight, self.heads.in_proj_bias)
        query, key, value = (
            part.reshape(len(x), -1, 2, 3).transpose(1, 2) for part in projected.chunk(3, dim=-1)
        )  # N, 2, T, 3
        if self.way == "fused":
            mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        else:
            scores = query @ key.transpose(2, 3) / 3**0.5
            weights = self.softmax(scores) if self.way == "module" else scores.softmax(dim=-1)
            mixed = (weights * self.scale) @ value
        return self.out(self.heads.out_proj(mixed.transpose(1, 2).flatten(2)).sum(1))


def made(way: str) -> tuple[Own, Tensor]:
    torch.manual_seed(0)
    model = Own(way).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.4)
    bases = torch.randint(4, (3, 30))
    return model, nn.functional.one_hot(bases, 4).transpose(1, 2).double()


@pytest.mark.parametrize(("way", "layer"), [("module", "softmax"), ("function", "softmax:0")])
def test_by_finite_differences(way: str, layer: str) -> None:
    """Scale all weights of one key by 1 ± 1e-6; rtol 1e-6 (double)."""
    model, x = made(way)
    profile = np.zeros((3, 10))
    for at in range(10):
        sides = []
        for step in (1e-6, -1e-6):
            model.scale = torch.ones(10, dtype=torch.float64)
            model.scale[at] += step
            with torch.no_grad():
                sides.append(model(x)[:, 1].numpy())
        profile[:, at] = (sides[0] - sides[1]) / 2e-6
    model.scale = 1.0
    adapter = adapt(model)
    found = adapter.attribute(x, method="attention_x_gradient", target=1).scores.sum(1)
    expected = to_bp(profile, adapter.field(layer, length=30), 30)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    told = adapt(model, attention=layer).attribute(x, method="attention_x_gradient", target=1)
    np.testing.assert_array_equal(told.scores.sum(1), found)


def test_multihead_attention_is_the_same_by_hand() -> None:
    """PyTorch's layer hands out a view of its weights; rtol 1e-9 (double)."""
    (layer, x), (by_hand, _) = made("heads"), made("module")
    found, expected = (
        attribute(model, x, method="attention_x_gradient", target=1).scores for model in (layer, by_hand)
    )
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_weights_within_a_fused_function_are_refused() -> None:
    model, x = made("fused")
    with pytest.raises(ValueError, match="no gradient reaches them"):
        adapt(model).attribute(x, method="attention_x_gradient")


def test_a_module_without_attention_is_told_so() -> None:
    model = nn.Sequential(nn.Conv1d(4, 2, 30), nn.Flatten())
    with pytest.raises(ValueError, match="Sequential has no attention"):
        adapt(model).attribute(made("module")[1].float(), method="attention_x_gradient")


def test_weights_of_every_layout_end_as_one_number_a_position() -> None:
    """Queries and heads are added up and channels are, keys and positions are not."""
    product = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.equal(_reduced(product, "nqk", 2), product.sum(1)), "over queries"
    assert torch.equal(_reduced(product, "ntd", 2), product.sum(2)), "over channels"
    assert torch.equal(_reduced(product, "ndt", 2), product.sum(1))
    assert torch.equal(_reduced(product[:, :1], "n1t", 2), product[:, 0])
    heads = torch.arange(48.0).reshape(2, 2, 3, 4)
    assert torch.equal(_reduced(heads, "nhqk", 2), heads.sum((1, 2)))
    assert torch.equal(_reduced(heads[:, :, :1], "nh1t", 2), heads[:, :, 0].sum(1))
