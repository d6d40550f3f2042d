"""Dropout draws torch's own numbers: outputs, gradients and the generator afterwards are the same to the bit."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import Tensor, nn

from motiflens.models.architectures.dropout import Dropout, rectified_and_dropped, same_draws

from .cases import CASES

DROPOUT = importlib.import_module("motiflens.models.architectures.dropout")
INPUTS = {
    "plain": torch.randn(50, 128, 21, generator=torch.Generator().manual_seed(0)),
    "channels last": torch.randn(9, 16, 1, 40, generator=torch.Generator().manual_seed(1)).to(
        memory_format=torch.channels_last
    ),
    "an odd number": torch.randn(7, 1001, generator=torch.Generator().manual_seed(2)),
    "with gaps": torch.randn(64, 200, generator=torch.Generator().manual_seed(3))[:, ::2],
    "few": torch.randn(5, 3, generator=torch.Generator().manual_seed(4)),
}


def step(layers: nn.Module, x: Tensor, before: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return outputs, gradients, the generator's state, and the next number, after some words were drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        torch.rand(before)
        leaf = x.clone(memory_format=torch.preserve_format).requires_grad_()
        out = layers(leaf)
        (gradient,) = torch.autograd.grad(out, leaf, torch.linspace(-1, 1, out.numel()).view(out.shape))
        return out.detach(), gradient, torch.get_rng_state(), torch.randn(3)


def test_this_torch_draws_as_expected() -> None:
    """Where it does not, dropout is as slow as torch's, and everything else here still holds."""
    assert same_draws()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.98, 1.0])
@pytest.mark.parametrize("before", [0, 1, 622, 623, 624])  # words: within a block, and about its end
@pytest.mark.parametrize("name", INPUTS)
def test_equal_to_torch_to_the_bit(name: str, before: int, rate: float) -> None:
    x = INPUTS[name]
    found = [step(layer, x, before) for layer in (Dropout(rate), nn.Dropout(rate))]
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)
    assert found[0][0].stride() == found[1][0].stride()


class _Rectified(nn.Module):
    def __init__(self, dropout: nn.Dropout) -> None:
        super().__init__()
        self.relu, self.dropout = nn.ReLU(), dropout

    def forward(self, x: Tensor) -> Tensor:
        return rectified_and_dropped(self.relu, self.dropout, x)


@pytest.mark.parametrize("name", INPUTS)
def test_rectified_and_dropped_in_one_pass(name: str) -> None:
    """As ReLU and dropout one after the other, also of numbers at 0, without end, and that are none."""
    x = INPUTS[name].clone(memory_format=torch.preserve_format)
    x[0, 0], x[1, 0] = 0.0, float("inf")
    x[2, 0] = float("nan")
    found = [
        step(layers, x, 7) for layers in (_Rectified(Dropout(0.3)), nn.Sequential(nn.ReLU(), nn.Dropout(0.3)))
    ]
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)


def test_in_eval_mode_nothing_is_dropped() -> None:
    assert torch.equal(Dropout(0.5).eval()(INPUTS["plain"]), INPUTS["plain"])


def test_gradients_of_gradients() -> None:
    """Dropout is linear: the gradient of its gradient's square is twice its noise's, squared."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        leaf, weight = torch.ones(5000, requires_grad=True), torch.ones(5000, requires_grad=True)
        out = Dropout(0.5)(leaf)
        (first,) = torch.autograd.grad((out * weight).sum(), leaf, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), weight)
    assert torch.equal(second, 2 * out.detach() ** 2)


def test_a_torch_that_draws_otherwise_is_called_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("taken apart")

    monkeypatch.setattr(DROPOUT, "same_draws", lambda: False)
    monkeypatch.setattr(DROPOUT, "_drop", refuse)
    found = [step(layer, INPUTS["plain"], 0) for layer in (Dropout(0.5), nn.Dropout(0.5))]
    assert torch.equal(found[0][0], found[1][0])


@pytest.mark.parametrize("name", CASES)
def test_every_architecture_drops_so(name: str) -> None:
    for module in CASES[name].build(outputs=1).modules():
        assert not isinstance(module, nn.Dropout) or isinstance(module, Dropout)
