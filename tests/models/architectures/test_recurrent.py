"""Recurrent layers against torch's own and against slow loops over every sequence, step and gate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.recurrent import (
    LSTM,
    KerasGRU,
    KerasLSTM,
    bidirectional_lstm,
    hard_sigmoid,
)


def _inputs(n: int = 3, steps: int = 7, width: int = 5) -> Tensor:
    return torch.randn(n, steps, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _drawn(layer: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layer.double()


def test_hard_sigmoid_is_that_of_keras_2() -> None:
    x = torch.tensor([-4.0, -2.5, -1.0, 0.0, 1.0, 2.5, 4.0])
    expected = torch.tensor([0.0, 0.0, 0.3, 0.5, 0.7, 1.0, 1.0])
    torch.testing.assert_close(hard_sigmoid(x), expected, rtol=0.0, atol=1e-7)


def test_choice_of_the_layer() -> None:
    assert isinstance(bidirectional_lstm(3, 4), LSTM)
    for options in ({"gates": "hard_sigmoid"}, {"input_dropout": 0.1}, {"recurrent_dropout": 0.1}):
        layer = bidirectional_lstm(3, 4, **options)  # type: ignore[arg-type]
        assert isinstance(layer, KerasLSTM)
        assert layer.state_dict().keys() == LSTM(3, 4).state_dict().keys()
    with pytest.raises(ValueError, match="gates must be one of sigmoid, hard_sigmoid, not 'tanh'"):
        bidirectional_lstm(3, 4, gates="tanh")  # type: ignore[arg-type]


def test_lstm_has_one_bias_and_is_torchs() -> None:
    ours = _drawn(LSTM(5, 4))
    theirs = nn.LSTM(5, 4, batch_first=True, bidirectional=True).double()
    state = dict(ours.state_dict())
    assert sum(p.numel() for p in ours.parameters()) == 2 * 4 * 4 * (5 + 4 + 1)
    for direction in ("", "_reverse"):
        state[f"bias_hh_l0{direction}"] = torch.zeros(16, dtype=torch.float64)
    theirs.load_state_dict(state)
    x = _inputs()
    for a, b in zip(_flat(ours(x)), _flat(theirs(x)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_keras_lstm_with_true_sigmoids_is_torchs() -> None:
    ours, theirs = _drawn(KerasLSTM(5, 4, gates="sigmoid")), _drawn(LSTM(5, 4))
    theirs.load_state_dict(ours.state_dict())
    x = _inputs().requires_grad_()
    for a, b in zip(_flat(ours(x)), _flat(theirs(x)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    (mine,) = torch.autograd.grad(ours(x)[0].square().sum(), x)
    (other,) = torch.autograd.grad(theirs(x)[0].square().sum(), x)
    torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


def _flat(result: tuple[Tensor, tuple[Tensor, Tensor]]) -> list[Tensor]:
    return [result[0], *result[1]]


def _hard(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def test_keras_lstm_step_by_step() -> None:
    layer = _drawn(KerasLSTM(5, 4))
    state = {name: tensor.detach().numpy() for name, tensor in layer.state_dict().items()}
    x = _inputs().numpy()
    expected = np.zeros((3, 7, 8))
    for n in range(3):
        for half, direction in enumerate(("", "_reverse")):
            w, u, b = (state[f"{part}_l0{direction}"] for part in ("weight_ih", "weight_hh", "bias_ih"))
            h = c = np.zeros(4)
            for t in range(7) if not half else reversed(range(7)):
                i, f, g, o = np.split(w @ x[n, t] + u @ h + b, 4)
                c = _hard(f) * c + _hard(i) * np.tanh(g)
                h = _hard(o) * np.tanh(c)
                expected[n, t, 4 * half : 4 * half + 4] = h
    with torch.no_grad():
        outputs, (h, _) = layer(torch.from_numpy(x))
    np.testing.assert_allclose(outputs.numpy(), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(h[0].numpy(), expected[:, -1, :4], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(h[1].numpy(), expected[:, 0, 4:], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("gates", ["sigmoid", "hard_sigmoid"])
def test_gru_step_by_step(gates: str) -> None:
    layer = _drawn(KerasGRU(5, 4, gates=gates))  # type: ignore[arg-type]
    state = {name: tensor.detach().numpy() for name, tensor in layer.state_dict().items()}
    gate = _hard if gates == "hard_sigmoid" else lambda v: 1 / (1 + np.exp(-v))
    x = _inputs().numpy()
    expected = np.zeros((3, 7, 8))
    for n in range(3):
        for half, direction in enumerate(("", "_reverse")):
            w, u, b = (state[f"{part}_l0{direction}"] for part in ("weight_ih", "weight_hh", "bias_ih"))
            h = np.zeros(4)
            for t in range(7) if not half else reversed(range(7)):
                p = w @ x[n, t] + b
                r = gate(p[:4] + u[:4] @ h)
                z = gate(p[4:8] + u[4:8] @ h)
                h = z * h + (1 - z) * np.tanh(p[8:] + u[8:] @ (r * h))  # the reset gate before the product
                expected[n, t, 4 * half : 4 * half + 4] = h
    with torch.no_grad():
        outputs, _ = layer(torch.from_numpy(x))
    np.testing.assert_allclose(outputs.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_dropouts_are_held_in_time_and_kind_to_the_mean() -> None:
    """In training each gate's mask is one per sequence; in evaluation there is none."""
    layer = _drawn(KerasLSTM(5, 4, input_dropout=0.3, recurrent_dropout=0.2))
    x = _inputs()
    assert isinstance(layer, KerasLSTM)
    plain = KerasLSTM(5, 4).double()
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer.eval()(x)[0], plain(x)[0], rtol=1e-12, atol=1e-12)
    layer.train()
    torch.manual_seed(0)
    mask = layer._mask(x, 0.3, 5)
    assert mask is not None
    assert mask.shape == (2, 3, 4, 5)
    assert set(mask.unique().tolist()) == {0.0, 1 / 0.7}
    torch.manual_seed(0)
    projected = layer._project(x, layer._mask(x, 0.3, 5))  # T, 2, N, gates · units
    for t in range(7):
        for half, direction in enumerate(("", "_reverse")):
            w = getattr(layer, f"weight_ih_l0{direction}").view(4, 4, 5)
            b = getattr(layer, f"bias_ih_l0{direction}")
            step = x[:, t if not half else 6 - t]
            gates = [(step * mask[half, :, g]) @ w[g].T for g in range(4)]
            torch.testing.assert_close(projected[t, half], torch.cat(gates, -1) + b, rtol=1e-10, atol=1e-12)


def test_recurrent_dropout_step_by_step() -> None:
    layer = _drawn(KerasLSTM(5, 4, recurrent_dropout=0.4)).train()
    assert isinstance(layer, KerasLSTM)
    x = _inputs()
    torch.manual_seed(3)
    outputs = layer(x)[0].detach()
    torch.manual_seed(3)
    mask = layer._mask(x, 0.4, 4)
    assert mask is not None
    w, u, b = (getattr(layer, f"{part}_l0").detach() for part in ("weight_ih", "weight_hh", "bias_ih"))
    h = c = torch.zeros(3, 4, dtype=torch.float64)
    for t in range(7):
        z = [x[:, t] @ w[4 * g : 4 * g + 4].T + (h * mask[0, :, g]) @ u[4 * g : 4 * g + 4].T for g in range(4)]
        i, f, g, o = (part + b[4 * k : 4 * k + 4] for k, part in enumerate(z))
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * g.tanh()
        h = hard_sigmoid(o) * c.tanh()
        torch.testing.assert_close(outputs[:, t, :4], h, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("per_gate", [False, True])
@pytest.mark.parametrize("kind", [LSTM, KerasLSTM])
def test_initial_weights(kind: type[nn.Module], per_gate: bool) -> None:
    torch.manual_seed(0)
    layer = kind(30, 20)
    keras_initialise(layer, per_gate=per_gate)
    bound = (6 / (30 + (20 if per_gate else 80))) ** 0.5
    for direction in ("", "_reverse"):
        kernel = getattr(layer, f"weight_ih_l0{direction}")
        assert 0.97 * bound < kernel.abs().max().item() <= bound
        recurrent = getattr(layer, f"weight_hh_l0{direction}")
        for u in recurrent.split(20) if per_gate else [recurrent]:
            torch.testing.assert_close(u.T @ u, torch.eye(20), rtol=0.0, atol=1e-5)
        bias = getattr(layer, f"bias_ih_l0{direction}")
        assert bias.tolist() == [0.0] * 20 + [1.0] * 20 + [0.0] * 40


@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 2, 5])])
def test_gru_of_numbered_rows(lengths: Tensor | None) -> None:
    """Logits and gradients of rows by number are those of the rows themselves."""
    layer, found = _drawn(KerasGRU(5, 4)), []
    numbers = torch.randint(6, (3, 7), generator=torch.Generator().manual_seed(1))
    for by_number in (True, False):
        layer.zero_grad()
        rows = _inputs(1, 6)[0].requires_grad_()
        outputs, last = layer.of_rows(rows, numbers, lengths) if by_number else layer(rows[numbers], lengths)
        (outputs.square().sum() + last.sum()).backward()
        found.append([outputs.detach(), last.detach(), rows.grad, *(w.grad.clone() for w in layer.parameters())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
