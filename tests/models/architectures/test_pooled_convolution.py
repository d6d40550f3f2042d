"""Scored letter by letter, a training step is that of the layers, but for the order of sums."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.models import build
from motiflens.models.architectures.pooled_convolution import convolution_maximum, pooled_convolution

MODULE = importlib.import_module("motiflens.models.architectures.pooled_convolution")


def windows(count: int, length: int, *, unknown: bool = True) -> Tensor:
    """One-hot windows, some bases of which are unknown."""
    codes = torch.randint(5 if unknown else 4, (count, length), generator=torch.Generator().manual_seed(1))
    return nn.functional.one_hot(codes, 5)[..., :4].transpose(1, 2).float().contiguous()


def convolution(kernels: int, size: int, padding: int = 0, *, bias: bool = True) -> nn.Conv1d:
    """A convolution with weights of a fixed generator."""
    layer = nn.Conv1d(4, kernels, size, padding=padding, bias=bias)
    for weight in layer.parameters():
        weight.data.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(2)))
    return layer


def refuse(*_: object) -> None:
    """Fail where letters would be read."""
    raise AssertionError("read as letters")


@pytest.mark.parametrize(
    ("kernels", "size", "pool", "padding", "bias"),
    [(7, 1, 1, 0, True), (40, 20, 13, 0, True), (33, 24, 5, 23, False), (3, 11, 60, 4, True)],
)
def test_outputs_and_gradients_are_those_of_the_layers(
    kernels: int, size: int, pool: int, padding: int, bias: bool
) -> None:
    layer, x = convolution(kernels, size, padding, bias=bias), windows(9, 70)
    found = []
    for training in (False, True):
        layer.zero_grad()
        h = pooled_convolution(layer, nn.ReLU(), nn.MaxPool1d(pool), x, training=training)
        (h * torch.linspace(-1, 1, h.numel()).reshape(h.shape)).sum().backward()
        found.append(
            (h.detach(), *(weight.grad.clone() for weight in layer.parameters() if weight.grad is not None))
        )
    for ours, theirs in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
        assert ours.is_contiguous()


def test_first_of_equal_places_passes_the_gradient() -> None:
    """As in max pooling: the kernel scores A, then anything, so that both As are equal and C follows the first."""
    layer = nn.Conv1d(4, 1, 2, bias=False)
    layer.weight.data.zero_()
    layer.weight.data[0, 0, 0] = 1
    x = nn.functional.one_hot(torch.tensor([[2, 0, 1, 0, 3, 2]]), 4).transpose(1, 2).float()
    pooled_convolution(layer, nn.ReLU(), nn.MaxPool1d(5), x, training=True).sum().backward()
    expected = torch.zeros(1, 4, 2)
    expected[0, 0, 0] = expected[0, 1, 1] = 1
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, expected, rtol=0, atol=0)


def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "_LEAST", 0)
    layer, x, found = convolution(37, 9), windows(11, 50), []
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        layer.zero_grad()
        h = pooled_convolution(layer, nn.ReLU(), nn.MaxPool1d(4), x, training=True)
        h.square().sum().backward()
        assert layer.weight.grad is not None
        found.append((h.detach(), layer.weight.grad.clone()))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def looked_at(layer: nn.Conv1d, x: Tensor) -> Tensor:
    layer.register_forward_hook(lambda *_: None)
    return x


def not_finite(layer: nn.Conv1d, x: Tensor) -> Tensor:
    layer.weight.data[0, 0, 0] = np.nan
    return x


WAYS: dict[str, Callable[[nn.Conv1d, Tensor], Tensor]] = {
    "a hook": looked_at,
    "weights not finite": not_finite,
    "the input's gradient": lambda layer, x: x.requires_grad_(),
    "no letters": lambda layer, x: x * 0.25,
    "two letters at once": lambda layer, x: torch.ones_like(x),
    "double precision": lambda layer, x: x.to(layer.double().weight),
}


@pytest.mark.parametrize("way", WAYS)
def test_layers_are_called_where_letters_do_not_do(way: str) -> None:
    layer = convolution(5, 4)
    x = WAYS[way](layer, windows(3, 20))
    pool, relu = nn.MaxPool1d(3), nn.ReLU()
    h = pooled_convolution(layer, relu, pool, x, training=True)
    torch.testing.assert_close(h, relu(pool(layer(x))), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("layer", [nn.Conv1d(4, 3, 4, stride=2), nn.Conv1d(4, 3, 3, padding="same"),
                                   nn.Conv1d(4, 4, 4, groups=2), nn.Conv1d(4, 3, 4, dilation=2)])  # fmt: skip
def test_other_convolutions_are_left_alone(layer: nn.Conv1d, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "Letters", refuse)
    pooled_convolution(layer, nn.ReLU(), nn.MaxPool1d(3), windows(2, 30), training=True)


def test_maximum_of_the_whole_window() -> None:
    layer, relu, pool = convolution(6, 5, 4), nn.ReLU(), nn.MaxPool1d(1)
    for length in (20, 31):
        x = windows(4, length)
        ours = convolution_maximum(layer, relu, pool, x, training=True)
        torch.testing.assert_close(ours, relu(layer(x)).amax(-1), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            convolution_maximum(layer, relu, pool, x, training=False), relu(layer(x)).amax(-1), rtol=0, atol=0
        )


@pytest.mark.parametrize("name", ["tbinet", "danq", "deepsea", "cnn_zeng", "deepbind"])
def test_a_training_step_is_that_of_the_layers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout included: what it draws is what it drew."""
    torch.manual_seed(0)
    small: dict[str, dict[str, Any]] = {
        "tbinet": {"kernels": 8, "units": 4, "dense": 6},
        "deepsea": {"kernels": (8, 8, 8), "pool": 2},
    }
    model = build(name, length=100, **small.get("tbinet" if name == "danq" else name, {})).train()
    gradients, made = [], MODULE.Letters
    used = []

    def counted(*values: object) -> object:
        used.append(values)
        return made(*values)

    monkeypatch.setattr(MODULE, "Letters", counted)
    for each in (model, copy.deepcopy(model)):
        torch.manual_seed(1)
        each(windows(6, 100)).square().sum().backward()
        gradients.append([weight.grad for weight in each.parameters()])
        assert used
        monkeypatch.setattr(MODULE, "letters_of", lambda *_: None)
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_scoring_is_that_of_the_layers() -> None:
    """In inference mode letters are scored, too; elsewhere layers are called."""
    torch.manual_seed(0)
    for name in ("tbinet", "deepsea", "cnn_zeng", "deepbind"):
        model, x = build(name, length=200, outputs=2).eval(), windows(3, 200)
        with torch.inference_mode():
            fast = model(x)
        with torch.no_grad():
            torch.testing.assert_close(fast, model(x), rtol=1e-4, atol=1e-5)
