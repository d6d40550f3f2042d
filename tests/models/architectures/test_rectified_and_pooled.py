"""Rectifying after the pooling gives the same outputs and gradients to the bit, ties and all."""

from __future__ import annotations

import copy
import importlib

import pytest
import torch
from torch import nn

from motiflens.models import build
from motiflens.models.architectures.layers import rectified_and_pooled


def test_outputs_and_gradients_are_equal() -> None:
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(3, 5, 40, generator=generator).mul(2).round() / 2  # many ties, many zeros
    h[0, :2, :12] = -1  # stretches that are rectified as a whole
    found = []
    for training in (False, True):
        leaf = h.clone().requires_grad_()
        out = rectified_and_pooled(nn.ReLU(), nn.MaxPool1d(4), leaf, training=training)
        slopes = torch.autograd.grad((out * torch.arange(out.numel()).reshape(out.shape)).sum(), leaf)[0]
        found.append((out.detach(), slopes))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


@pytest.mark.parametrize("name", ["factornet", "deepgrn"])
def test_a_training_step_is_that_of_the_published_order(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    sizes = {"kernels": 8, "kernel_size": 12, "units": 4, "dense": 6}
    model = build(name, length=100, **sizes).train()
    other = copy.deepcopy(model)
    x = nn.functional.one_hot(torch.randint(4, (6, 100)), 4).transpose(1, 2).float()
    gradients = []
    for each in (model, other):
        torch.manual_seed(1)
        each(x).square().sum().backward()
        gradients.append([weight.grad for weight in each.parameters()])
        monkeypatch.setattr(
            importlib.import_module(f"motiflens.models.architectures.{name}"),
            "rectified_and_pooled",
            lambda relu, pool, h, *, training: pool(relu(h)),
        )
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
