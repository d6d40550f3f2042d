"""Rectifying after the pooling gives the same outputs and gradients to the bit, ties and all."""

from __future__ import annotations

import torch
from torch import nn

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
