"""Keras' recurrent layers of every version: gate orders, biases, masks, states, and both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from motiflens.models.published.import_keras.activations import activation_name, tensor_function
from motiflens.models.published.import_keras.kinds import canonical, choice, number, refused
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]
Cell = Literal["LSTM", "GRU", "SimpleRNN"]
GATES: dict[str, int] = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
CUDNN = {"CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU"}
KINDS = (*GATES, *CUDNN)
# torch's order of gates among Keras': LSTM i, f, c, o alike; GRU z, r, h against r, z, n.
_ORDER: dict[str, list[int]] = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2], "SimpleRNN": [0]}
_PER_GATE: dict[str, list[int]] = {"LSTM": [0, 2, 1, 3], "GRU": [0, 1, 2], "SimpleRNN": [0]}  # Keras 1: i, c, f, o


class Options(NamedTuple):
    """What a recurrent layer computes, and what it gives."""

    kind: str
    units: int
    activation: str
    gates: str
    bias: bool
    reset_after: bool
    backwards: bool
    sequences: bool
    states: bool
    zero_masked: bool
    major: int


class Steps(nn.Module):
    """A recurrent layer in one direction with any activations: outputs at every step, (N, T, H), from zeros.

    Weights and biases are named and laid out as in `torch.nn`; they stay in torch's own layer where that computes
    the same.
    """

    def __init__(self, options: Options, inputs: int) -> None:
        super().__init__()
        self.options = options
        rows = GATES[options.kind] * options.units
        self.weight_ih_l0 = nn.Parameter(torch.zeros(rows, inputs))
        self.weight_hh_l0 = nn.Parameter(torch.zeros(rows, options.units))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(rows))
        self.bias_hh_l0 = nn.Parameter(torch.zeros(rows))

    def forward(self, x: Tensor) -> Tensor:
        return walk(self, self.options, x, None, None)[0]


def walk(
    weights: nn.Module, options: Options, x: Tensor, mask: Tensor | None, states: list[Tensor] | None
) -> tuple[Tensor, list[Tensor]]:
    """Go along (N, T, D) step by step; return outputs (N, T, H) and the last states.

    Where a mask (N, T) is false, states stay and the output is the last one (or zero, as the layer says).
    """
    step = _step(weights, options)
    zeros = x.new_zeros(len(x), options.units)
    now = states or [zeros] * (2 if options.kind == "LSTM" else 1)
    projected = x @ weights.weight_ih_l0.T + weights.bias_ih_l0  # type: ignore[operator,union-attr]
    outputs, last = [], zeros
    for t in range(x.shape[1]):
        new = step(projected[:, t], now)
        if mask is None:
            now = new
            last = now[0]
        else:
            keep = mask[:, t, None]
            last = torch.where(keep, new[0], torch.zeros_like(last) if options.zero_masked else last)
            now = [torch.where(keep, a, b) for a, b in zip(new, now, strict=True)]
        outputs.append(last)
    return torch.stack(outputs, dim=1), now


def _step(weights: nn.Module, options: Options) -> Callable[[Tensor, list[Tensor]], list[Tensor]]:
    recurrent: Tensor = weights.weight_hh_l0  # type: ignore[assignment]
    bias: Tensor = weights.bias_hh_l0  # type: ignore[assignment]
    act, gate = (tensor_function(name, options.major) for name in (options.activation, options.gates))
    units = options.units

    def lstm(x: Tensor, states: list[Tensor]) -> list[Tensor]:
        h, c = states
        i, f, g, o = (x + h @ recurrent.T + bias).chunk(4, dim=-1)
        c = gate(f) * c + gate(i) * act(g)
        return [gate(o) * act(c), c]

    def gru(x: Tensor, states: list[Tensor]) -> list[Tensor]:
        h = states[0]
        both = h @ recurrent[: 2 * units].T + bias[: 2 * units]
        r, z = gate(x[:, : 2 * units] + both).chunk(2, dim=-1)
        of_state, own = recurrent[2 * units :].T, bias[2 * units :]
        inner = r * (h @ of_state + own) if options.reset_after else (r * h) @ of_state + own
        return [z * h + (1 - z) * act(x[:, 2 * units :] + inner)]

    def simple(x: Tensor, states: list[Tensor]) -> list[Tensor]:
        return [act(x + states[0] @ recurrent.T + bias)]

    return {"LSTM": lstm, "GRU": gru, "SimpleRNN": simple}[options.kind]


def _core(options: Options, inputs: int) -> nn.Module:
    """torch's own layer where it computes the same, ours otherwise."""
    if options.kind == "LSTM" and (options.activation, options.gates) == ("tanh", "sigmoid"):
        return nn.LSTM(inputs, options.units, batch_first=True)
    if options.kind == "GRU" and (options.activation, options.gates, options.reset_after) == (
        "tanh",
        "sigmoid",
        True,
    ):
        return nn.GRU(inputs, options.units, batch_first=True)
    if options.kind == "SimpleRNN" and options.activation in ("tanh", "relu"):
        return nn.RNN(inputs, options.units, nonlinearity=options.activation, batch_first=True)
    return Steps(options, inputs)


class Recurrent(nn.Module):
    """LSTM, GRU or SimpleRNN over (N, T, D)."""

    takes_masks = True

    def __init__(self, options: Options, inputs: int, cudnn: bool) -> None:
        super().__init__()
        self.options, self.cudnn, self.inputs = options, cudnn, inputs
        self.core = _core(options, inputs)

    def run(self, x: Tensor, mask: Tensor | None, states: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Outputs at every step in the order of walking, (N, T, H), and the last states."""
        own = self.options
        if own.backwards:
            x, mask = x.flip(1), None if mask is None else mask.flip(1)
        if mask is not None or states or (own.states and own.kind == "LSTM"):
            return walk(self.core, own, x, mask, states)
        outputs = self.core(x)
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        return outputs, [outputs[:, -1]]

    def forward(
        self, x: Tensor, *states: Tensor, masks: list[Tensor | None] | None = None
    ) -> Tensor | tuple[Tensor, ...]:
        outputs, last = self.run(x, masks[0] if masks else None, list(states) or None)
        y = outputs if self.options.sequences else last[0]
        return (y, *last) if self.options.states else y

    def output_mask(self, mask: Tensor | None) -> Tensor | None:
        """Mask of what it gives."""
        return mask if self.options.sequences else None

    def put(self, arrays: list[Tensor]) -> None:
        """Take kernel, recurrent kernel and bias of Keras, of any version and layout."""
        kind, units = self.options.kind, self.options.units
        if len(arrays) == 3 * GATES[kind] and GATES[kind] > 1:  # Keras 1: W, U, b of each gate
            gates = [arrays[3 * i : 3 * i + 3] for i in _PER_GATE[kind]]
            arrays = [torch.cat(parts, dim=-1) for parts in zip(*gates, strict=True)]
        kernel, recurrent = arrays[0], arrays[1]
        if self.cudnn:
            split = [part.reshape(units, -1).T for part in kernel.split(units, dim=1)]
            kernel = torch.cat(split, dim=1)
            recurrent = torch.cat([part.T for part in recurrent.split(units, dim=1)], dim=1)
        core = self.core

        def ordered(matrix: Tensor) -> Tensor:
            parts = matrix.split(units, dim=-1)
            return torch.cat([parts[i] for i in _ORDER[kind]], dim=-1)

        core.weight_ih_l0.data.copy_(ordered(kernel).T)  # type: ignore[union-attr,operator]
        core.weight_hh_l0.data.copy_(ordered(recurrent).T)  # type: ignore[union-attr,operator]
        rows = torch.zeros(2, GATES[kind] * units)
        if self.options.bias:
            bias = arrays[2]
            rows[: 1 if bias.numel() == rows.shape[1] else 2] = bias.reshape(-1, rows.shape[1])
        core.bias_ih_l0.data.copy_(ordered(rows[0]))  # type: ignore[union-attr,operator]
        core.bias_hh_l0.data.copy_(ordered(rows[1]))  # type: ignore[union-attr,operator]


class Bidirectional(nn.Module):
    """Two recurrent layers, one of which walks backwards."""

    takes_masks = True

    def __init__(self, forward: Recurrent, backward: Recurrent, merge: str | None) -> None:
        super().__init__()
        self.forward_layer, self.backward_layer, self.merge = forward, backward, merge

    def forward(
        self, x: Tensor, *states: Tensor, masks: list[Tensor | None] | None = None
    ) -> Tensor | tuple[Tensor, ...]:
        mask = masks[0] if masks else None
        half = len(states) // 2
        a, last_a = self.forward_layer.run(x, mask, list(states[:half]) or None)
        b, last_b = self.backward_layer.run(x, mask, list(states[half:]) or None)
        options = self.forward_layer.options
        if options.sequences:
            b = b.flip(1)
        else:
            a, b = last_a[0], last_b[0]
        y = self._merged(a, b)
        if options.states:
            return (*y, *last_a, *last_b) if isinstance(y, tuple) else (y, *last_a, *last_b)
        return y

    def _merged(self, a: Tensor, b: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        if self.merge == "concat":
            return torch.cat([a, b], dim=-1)
        if self.merge in ("sum", "ave"):
            return (a + b) / (2 if self.merge == "ave" else 1)
        return a * b if self.merge == "mul" else (a, b)

    def output_mask(self, mask: Tensor | None) -> Tensor | None:
        """Mask of what it gives."""
        return self.forward_layer.output_mask(mask)

    def put(self, arrays: list[Tensor]) -> None:
        """Take the arrays of the forward layer, then those of the backward one."""
        half = len(arrays) // 2
        self.forward_layer.put(arrays[:half])
        self.backward_layer.put(arrays[half:])


def _options(kind: str, config: Json, major: int) -> Options:
    if config.get("time_major"):
        raise ValueError("time_major is not supported")
    own = CUDNN.get(kind, kind)
    cudnn = kind in CUDNN
    default = "hard_sigmoid" if major < 3 and not cudnn else "sigmoid"
    gates = "sigmoid" if cudnn else activation_name(config.get("recurrent_activation", default))
    return Options(
        kind=own,
        units=number(config, "units"),
        activation="tanh" if cudnn else activation_name(config.get("activation", "tanh")),
        gates=gates,
        bias=config.get("use_bias", True) is not False,
        reset_after=cudnn or bool(config.get("reset_after", major >= 3)),
        backwards=bool(config.get("go_backwards", False)),
        sequences=bool(config.get("return_sequences", False)),
        states=bool(config.get("return_state", False)),
        zero_masked=bool(config.get("zero_output_for_mask", False)),
        major=major,
    )


def recurrent_shapes(kind: str, config: Json, shapes: Shapes, major: int) -> Shapes:
    """Return the shapes that a layer's arrays must have; the width of the input is taken from the first."""
    options = _options(kind, config, major)
    units, n = options.units, GATES[options.kind]
    inputs = shapes[0][0] if shapes and len(shapes[0]) == 2 else 0
    if len(shapes) == 3 * n and n > 1:
        return [(inputs, units), (units, units), (units,)] * n
    if not options.bias:
        return [(inputs, n * units), (units, n * units)]
    bias: tuple[int, ...] = (n * units,)
    if kind in CUDNN:
        bias = (2 * n * units,)
    elif options.kind == "GRU" and options.reset_after:
        bias = (2, n * units)
    return [(inputs, n * units), (units, n * units), bias]


def inner_layers(config: Json, major: int) -> list[tuple[str, Json]]:
    """Class and options of a Bidirectional layer's two layers.

    Raises
    ------
    ValueError
        If they are no recurrent layers of Keras' own.
    """
    inner = []
    for entry in (config.get("layer"), config.get("backward_layer") or config.get("layer")):
        if not isinstance(entry, dict) or refused(entry) or not isinstance(entry.get("config"), dict):
            raise ValueError("what it wraps is no layer of Keras' own")
        kind, own = canonical(str(entry.get("class_name")), entry["config"], major)
        if kind not in KINDS:
            raise ValueError(f"it wraps a {kind}, only {', '.join(KINDS)} are supported")
        if major > 1:  # both directions meet at a position only if neither repeats itself there
            own = {**own, "zero_output_for_mask": True}
        inner.append((kind, own))
    if not config.get("backward_layer"):
        kind, own = inner[1]
        inner[1] = (kind, {**own, "go_backwards": not own.get("go_backwards", False)})
    return inner


def build_recurrent(kind: str, config: Json, shapes: Shapes, major: int) -> Recurrent:
    """Make the module of an LSTM, GRU, SimpleRNN or cuDNN layer."""
    return Recurrent(_options(kind, config, major), shapes[0][0], kind in CUDNN)


def build_bidirectional(config: Json, shapes: Shapes, major: int) -> Bidirectional:
    """Make the module of a Bidirectional layer."""
    half = len(shapes) // 2
    (a, first), (b, second) = inner_layers(config, major)
    merge: Any = choice(config, "merge_mode", ("concat", "sum", "ave", "mul", None), "concat")
    return Bidirectional(
        build_recurrent(a, first, shapes[:half], major), build_recurrent(b, second, shapes[half:], major), merge
    )
