"""Bidirectional LSTM and GRU layers as Keras 2 has them: one bias, hard-sigmoid gates, dropouts held in time."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Gates = Literal["sigmoid", "hard_sigmoid"]
GATES: tuple[Gates, ...] = ("sigmoid", "hard_sigmoid")
DIRECTIONS = ("", "_reverse")


def hard_sigmoid(x: Tensor) -> Tensor:
    """Keras 2's hard sigmoid, clip(0.2 x + 0.5, 0, 1). That of torch and Keras 3 has the slope 1/6."""
    return (0.2 * x + 0.5).clamp(0.0, 1.0)


def bidirectional_lstm(
    inputs: int,
    units: int,
    *,
    gates: Gates = "sigmoid",
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
) -> LSTM | KerasLSTM:
    """Make the fastest layer that does what is asked; both kinds have the same parameters by the same names."""
    if gates not in GATES:
        raise ValueError(f"gates must be one of {', '.join(GATES)}, not {gates!r}")
    if gates == "sigmoid" and not input_dropout and not recurrent_dropout:
        return LSTM(inputs, units)
    return KerasLSTM(inputs, units, gates=gates, input_dropout=input_dropout, recurrent_dropout=recurrent_dropout)


class LSTM(nn.LSTM):
    """torch's bidirectional LSTM over (N, T, D) with one bias a gate, as in Keras, in place of two that add up."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units, batch_first=True, bidirectional=True)
        for direction in DIRECTIONS:
            name = f"bias_hh_l0{direction}"
            delattr(self, name)
            self.register_buffer(name, torch.zeros(4 * units), persistent=False)
        self._init_flat_weights()


class _Recurrent(nn.Module):
    """Parameters of a bidirectional layer, named as in `torch.nn`, and the walk along the sequence."""

    def __init__(self, inputs: int, units: int, n_gates: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.n_gates = inputs, units, n_gates
        bound = units**-0.5
        for direction in DIRECTIONS:
            for name, shape in (("weight_ih", (inputs,)), ("weight_hh", (units,)), ("bias_ih", ())):
                parameter = nn.Parameter(torch.empty(n_gates * units, *shape).uniform_(-bound, bound))
                self.register_parameter(f"{name}_l0{direction}", parameter)

    def _both(self, name: str) -> Tensor:
        """Return a parameter of the two directions, stacked."""
        return torch.stack([getattr(self, f"{name}_l0{direction}") for direction in DIRECTIONS])

    def _project(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Input's share of every gate before activation, (T, 2, N, gates · units), the backward one reversed."""
        both = torch.stack([x, x.flip(1)])  # 2, N, T, D
        weight, bias = self._both("weight_ih"), self._both("bias_ih")
        if mask is None:
            gates = torch.einsum("sntd,sgd->tsng", both, weight)
        else:  # one mask (2, N, gates, D) for all positions
            split = weight.unflatten(1, (self.n_gates, self.hidden_size))  # 2, gates, H, D
            gates = torch.einsum("sntd,sngd,sghd->tsngh", both, mask, split).flatten(-2)
        return gates + bias[:, None]

    def _mask(self, x: Tensor, rate: float, width: int) -> Tensor | None:
        if not (self.training and rate):
            return None
        keep = x.new_full((2, x.shape[0], self.n_gates, width), 1.0 - rate)
        return torch.bernoulli(keep) / (1.0 - rate)

    @staticmethod
    def _joined(states: list[Tensor]) -> Tensor:
        """Outputs (N, T, 2 · units) of the states (2, N, units) of each step, the backward ones put straight."""
        forward, backward = torch.stack(states, dim=2)  # each N, T, units
        return torch.cat([forward, backward.flip(1)], dim=-1)


class KerasLSTM(_Recurrent):
    """Bidirectional LSTM over (N, T, D) as in Keras 2 (`implementation=1`).

    Parameters
    ----------
    inputs, units
        D, and the units of each direction.
    gates
        Activation of the three gates.
    input_dropout, recurrent_dropout
        In training, inputs and states are dropped by masks that are drawn once a sequence, gate and direction.

    Notes
    -----
    Gates lie in the order i, f, c, o (torch's i, f, g, o). The input's share of all steps is one matrix product.
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        gates: Gates = "hard_sigmoid",
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, units, 4)
        self.gates: Gates = gates
        self.input_dropout, self.recurrent_dropout = input_dropout, recurrent_dropout

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (N, T, 2 · units) and the last states h and c, each (2, N, units), as `nn.LSTM` gives them."""
        gate = torch.sigmoid if self.gates == "sigmoid" else hard_sigmoid
        projected = self._project(x, self._mask(x, self.input_dropout, self.input_size))
        mask = self._mask(x, self.recurrent_dropout, self.hidden_size)
        recurrent = self._both("weight_hh").transpose(1, 2)  # 2, H, 4H
        if mask is not None:
            recurrent = recurrent.unflatten(2, (4, self.hidden_size))  # 2, H, 4, H
        h = c = x.new_zeros(2, x.shape[0], self.hidden_size)
        states = []
        for step in projected:  # 2, N, 4H
            if mask is None:
                z = torch.baddbmm(step, h, recurrent)
            else:
                z = step + torch.einsum("snh,sngh,shgk->sngk", h, mask, recurrent).flatten(-2)
            i, f, g, o = z.chunk(4, dim=-1)
            c = gate(f) * c + gate(i) * g.tanh()
            h = gate(o) * c.tanh()
            states.append(h)
        return self._joined(states), (h, c)


class KerasGRU(_Recurrent):
    """Bidirectional GRU over (N, T, D) whose reset gate acts before the recurrent product (Cho et al. 2014).

    h̃ = tanh(W x + U (r ⊙ h)), h' = z ⊙ h + (1 − z) ⊙ h̃. The gates lie in torch's order r, z, n (Keras: z, r, h).
    torch's and cuDNN's `nn.GRU` applies the reset gate after the product.
    """

    def __init__(self, inputs: int, units: int, *, gates: Gates = "sigmoid") -> None:
        super().__init__(inputs, units, 3)
        if gates not in GATES:
            raise ValueError(f"gates must be one of {', '.join(GATES)}, not {gates!r}")
        self.gates: Gates = gates

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, 2 · units) and the last states (2, N, units), as `nn.GRU` gives them.

        Parameters
        ----------
        x
            (N, T, D).
        lengths
            (N,) steps of each sequence; those after them are not there for either direction. None: all are.
        """
        return self._walk(self._project(x, None), lengths)

    def of_rows(self, rows: Tensor, numbers: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What `forward` gives for the rows (V, D) that are numbered by (N, T): fewer products where T · N > V."""
        weight, bias = self._both("weight_ih"), self._both("bias_ih")
        shares = rows @ weight.transpose(1, 2) + bias[:, None]  # 2, V, 3H
        forward, backward = (
            functional.embedding(each.t(), share)
            for each, share in zip((numbers, numbers.flip(1)), shares, strict=True)
        )
        return self._walk(torch.stack([forward, backward], dim=1), lengths)

    def _walk(self, projected: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Go along the input's share of all gates, (T, 2, N, 3H)."""
        gate = torch.sigmoid if self.gates == "sigmoid" else hard_sigmoid
        units = self.hidden_size
        recurrent = self._both("weight_hh").transpose(1, 2)  # 2, H, 3H
        of_gates, of_state = recurrent[..., : 2 * units], recurrent[..., 2 * units :]
        h = projected.new_zeros(2, projected.shape[2], units)
        states = []
        steps = torch.arange(len(projected), device=projected.device)
        for time, step in enumerate(projected):  # 2, N, 3H
            r, z = gate(torch.baddbmm(step[..., : 2 * units], h, of_gates)).chunk(2, dim=-1)
            new = torch.baddbmm(step[..., 2 * units :], r * h, of_state).tanh()
            after = z * h + (1 - z) * new
            if lengths is None:
                h = after
            else:  # the backward direction begins at the padding
                there = torch.stack([steps[time] < lengths, steps[-1 - time] < lengths])  # 2, N
                h = torch.where(there.unsqueeze(-1), after, h)
            states.append(h)
        return self._joined(states), h
