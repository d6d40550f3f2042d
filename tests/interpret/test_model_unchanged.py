"""The guard puts back whatever was changed, also on an exception."""

# ruff: noqa: NPY002 (the global random state is what is tested)

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.interpret.model_unchanged import model_unchanged


def _model() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3), nn.ReLU(), nn.Dropout(0.5))
    model[1].eval()  # a mixture of modes
    model[0].bias.requires_grad_(False)
    model[0].weight.grad = torch.ones_like(model[0].weight)
    return model


def _break(model: nn.Sequential) -> None:
    model[0].register_forward_hook(lambda *_: None)
    model[2].register_full_backward_hook(lambda *_: None)
    model[2].register_forward_pre_hook(lambda *_: None)
    model.train()
    model[2].leftover = "x"
    model[3] = nn.Identity()
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    model(torch.randn(2, 4, 9)).sum().backward()
    np.random.rand()
    random.random()
    torch.set_grad_enabled(False)
    torch.backends.cudnn.enabled = False


@pytest.mark.parametrize("raises", [False, True])
def test_everything_is_put_back(raises: bool) -> None:
    model = _model()
    calls: list[int] = []
    handle = model[0].register_forward_hook(lambda *_: calls.append(1))
    grad, dropout, keys = model[0].weight.grad, model[3], [set(m.__dict__) for m in model.modules()]
    modes = [m.training for m in model.modules()]
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    cudnn = torch.backends.cudnn.enabled
    try:
        with model_unchanged(model, seed=3):
            assert not any(m.training for m in model.modules())
            assert model[0].weight.grad is None
            assert not any(p.requires_grad for p in model.parameters())
            _break(model)
            if raises:
                raise KeyError("from within")
    except KeyError:
        assert raises
    assert [m.training for m in model.modules()] == modes
    assert model[3] is dropout
    assert [set(m.__dict__) for m in model.modules()] == keys
    assert model[0].weight.grad is grad
    assert torch.equal(grad, torch.ones_like(grad))
    assert [p.requires_grad for p in model.parameters()] == [True, False, True, True]
    assert not model[2]._forward_pre_hooks
    assert not model[2]._backward_hooks
    assert model[2]._is_full_backward_hook is None
    assert torch.is_grad_enabled()
    assert torch.backends.cudnn.enabled == cudnn
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert random.getstate() == states[2]
    calls.clear()
    model(torch.randn(2, 4, 9))
    assert calls == [1]  # the hook that was there still is, and its handle still removes it
    handle.remove()
    model(torch.randn(2, 4, 9))
    assert calls == [1]


def test_a_seed_starts_the_block_anew() -> None:
    draws = []
    for _ in range(2):
        with model_unchanged(nn.Linear(1, 1), seed=5):
            draws.append((torch.rand(1).item(), np.random.rand(), random.random()))
    assert draws[0] == draws[1]


def test_recurrent_layers_give_input_gradients_in_eval_mode(device: torch.device) -> None:
    model = nn.LSTM(4, 3, batch_first=True).to(device)
    x = torch.randn(2, 5, 4, device=device, requires_grad=True)
    with model_unchanged(model):
        enabled = torch.backends.cudnn.enabled
        (gradient,) = torch.autograd.grad(model(x)[0].sum(), x)
        assert torch.backends.cudnn.enabled == enabled
    assert gradient.abs().sum() > 0
    assert not model._forward_hooks
    assert not model._forward_pre_hooks


def test_the_cudnn_flag_returns_when_a_recurrent_layer_raises() -> None:
    model, enabled = nn.GRU(4, 3), torch.backends.cudnn.enabled
    with model_unchanged(model):
        with pytest.raises(RuntimeError):
            model(torch.zeros(2, 5, 9))
        assert torch.backends.cudnn.enabled == enabled
