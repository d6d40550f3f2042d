"""Weights of Keras' bidirectional LSTM layers, Keras 1, Keras 2 and cuDNN, in the layout of our own."""

from __future__ import annotations

import torch
from torch import Tensor

from motiflens.models.architectures.recurrent import DIRECTIONS, Gates
from motiflens.models.published.keras_file import KerasFile, Layer, expect
from motiflens.models.types import Json


def inner(layer: Layer) -> Layer:
    """Return the LSTM inside a Bidirectional layer, checked to be of the kind that we have."""
    expect(layer, "concat", "merge_mode")
    wrapped = layer.config["layer"]
    if not isinstance(wrapped, dict) or wrapped.get("class_name") not in ("LSTM", "CuDNNLSTM"):
        kind = wrapped.get("class_name") if isinstance(wrapped, dict) else wrapped
        raise ValueError(f"layer {layer.name!r} wraps a {kind}, not an LSTM")
    lstm = Layer(layer.name, wrapped["class_name"], wrapped["config"], ())
    expect(lstm, True, "return_sequences")
    if lstm.kind == "LSTM":
        expect(lstm, "tanh", "activation")
        expect(lstm, ("hard_sigmoid", "sigmoid"), "recurrent_activation", "inner_activation")
        if not lstm.config.get("use_bias", True):
            raise ValueError(f"layer {layer.name!r} (LSTM): use_bias False is not supported")
    return lstm


def gates(lstm: Layer) -> Gates:
    """Activation of its gates."""
    if lstm.kind == "LSTM" and lstm.get("recurrent_activation", "inner_activation") == "hard_sigmoid":
        return "hard_sigmoid"
    return "sigmoid"


def dropouts(lstm: Layer) -> tuple[float, float]:
    """Its dropouts of inputs and of states."""
    given = [
        lstm.config.get(new, lstm.config.get(old, 0.0)) or 0.0
        for new, old in (("dropout", "dropout_W"), ("recurrent_dropout", "dropout_U"))
    ]
    for value in given:
        if not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise ValueError(f"layer {lstm.name!r} (LSTM): dropout {value!r} is not in [0, 1)")
    return float(given[0]), float(given[1])


def lstm_state(file: KerasFile, layer: Layer, lstm: Layer, inputs: int) -> Json:
    """State of our LSTM layers of a Bidirectional layer's arrays; names as in `torch.nn.LSTM`."""
    units = lstm.number("units", "output_dim")
    if lstm.kind == "CuDNNLSTM":
        directions = _cudnn(file, layer, inputs, units)
    elif len(file.shapes(layer)) == 24:
        directions = _per_gate(file, layer, inputs, units)
    else:
        shapes = [(inputs, 4 * units), (units, 4 * units), (4 * units,)] * 2
        arrays = file.arrays(layer, *shapes)
        directions = [arrays[:3], arrays[3:]]
    state: Json = {}
    for name, (kernel, recurrent, bias) in zip(DIRECTIONS, directions, strict=True):
        state[f"weight_ih_l0{name}"] = kernel.T
        state[f"weight_hh_l0{name}"] = recurrent.T
        state[f"bias_ih_l0{name}"] = bias
    return state


def _per_gate(file: KerasFile, layer: Layer, inputs: int, units: int) -> list[list[Tensor]]:
    """Keras 1 stores W, U and b of the gates i, c, f, o one after the other."""
    arrays = file.arrays(layer, *([(inputs, units), (units, units), (units,)] * 8))
    directions = []
    for start in (0, 12):
        i, c, f, o = (arrays[start + 3 * gate : start + 3 * gate + 3] for gate in range(4))
        directions.append([torch.cat(parts, dim=-1) for parts in zip(i, f, c, o, strict=True)])
    return directions


def _cudnn(file: KerasFile, layer: Layer, inputs: int, units: int) -> list[list[Tensor]]:
    """Keras' CuDNNLSTM keeps each gate's kernel as cuDNN lays it out in memory, and two biases that add up."""
    arrays = file.arrays(layer, *([(inputs, 4 * units), (units, 4 * units), (8 * units,)] * 2))
    directions = []
    for start in (0, 3):
        kernel, recurrent, bias = arrays[start : start + 3]
        directions.append(
            [
                torch.cat([gate.reshape(units, inputs).T for gate in kernel.split(units, dim=1)], dim=1),
                torch.cat([gate.T for gate in recurrent.split(units, dim=1)], dim=1),
                bias[: 4 * units] + bias[4 * units :],
            ]
        )
    return directions
