"""Write small Keras files of every version without Keras, to test their reading."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
STYLES = ("1.h5", "2.h5", "3.h5", "2.keras", "3.keras")
_KERAS1 = {
    "Conv1D": (
        "Convolution1D",
        {"filters": "nb_filter", "kernel_size": "filter_length", "strides": "subsample_length"},
    ),
    "Dense": ("Dense", {"units": "output_dim"}),
    "MaxPooling1D": ("MaxPooling1D", {"pool_size": "pool_length", "strides": "stride"}),
    "AveragePooling1D": ("AveragePooling1D", {"pool_size": "pool_length", "strides": "stride"}),
    "LSTM": ("LSTM", {"units": "output_dim", "recurrent_activation": "inner_activation"}),
    "GRU": ("GRU", {"units": "output_dim", "recurrent_activation": "inner_activation"}),
    "SimpleRNN": ("SimpleRNN", {"units": "output_dim"}),
    "Dropout": ("Dropout", {"rate": "p"}),
}
_COMMON1 = {"padding": "border_mode", "use_bias": "bias"}


class Layer(NamedTuple):
    """One layer: name, class, options by their names in Keras 2, arrays in order, and names of what feeds it.

    An input has a shape (without the batch) as its options' ``shape`` and feeds on nothing. Where `inputs` holds
    tuples, each is one call of the layer; the others refer to the second call as ``name:1``.
    """

    name: str
    kind: str
    config: dict[str, Any]
    arrays: list[Array]
    inputs: tuple[Any, ...]


def write(path: Path, layers: list[Layer], outputs: list[str], style: str) -> Path:
    """Write a functional model as the file of one of `STYLES`."""
    version = int(style[0])
    inputs = [layer.name for layer in layers if layer.kind == "InputLayer"]
    config = {
        "name": "model",
        "layers": [_entry(layer, version, style) for layer in layers],
        "input_layers": [_reference(name) for name in inputs],
        "output_layers": [_reference(name) for name in outputs],
    }
    whole = {"class_name": "Model" if version < 2 else "Functional", "config": config}
    if style.endswith("keras"):
        write_zip(path, whole, layers, f"{version}.0.0")
    else:
        write_h5(path, whole, layers, f"{version}.0.0")
    return path


def write_h5(path: Path, config: dict[str, Any], layers: list[Layer], version: str) -> None:
    """Write an .h5 file."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = root.create_group(layer.name)
            names = [f"{layer.name}/{i}:0" for i in range(len(layer.arrays))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, array in zip(names, layer.arrays, strict=True):
                group[name] = array


def write_zip(path: Path, config: dict[str, Any], layers: list[Layer], version: str) -> None:
    """Write a .keras file."""
    content = io.BytesIO()
    used: dict[str, int] = {}
    with h5py.File(content, "w") as file:
        for layer in layers:
            name = snake(layer.kind)
            count = used[name] = used.get(name, -1) + 1
            place = f"layers/{name}_{count}" if count else f"layers/{name}"
            for part, arrays in _parts(layer, version):
                for i, array in enumerate(arrays):
                    file[f"{place}/{part}/vars/{i}".replace("//", "/")] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())


def snake(name: str) -> str:
    """Class name as a name of a group."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _parts(layer: Layer, version: str) -> list[tuple[str, list[Array]]]:
    arrays, half = layer.arrays, len(layer.arrays) // 2
    if layer.kind in ("LSTM", "GRU", "SimpleRNN"):
        return [("cell", arrays)]
    if layer.kind == "Bidirectional":
        return [("forward_layer/cell", arrays[:half]), ("backward_layer/cell", arrays[half:])]
    if layer.kind == "TimeDistributed":
        return [("layer", arrays)]
    if layer.kind == "MultiHeadAttention":
        step, mark = len(arrays) // 4, "_" if version[0] == "2" else ""
        names = ("query", "key", "value", "output")
        return [(f"{mark}{name}_dense", arrays[i * step : (i + 1) * step]) for i, name in enumerate(names)]
    return [("", arrays)]


def _reference(name: str) -> list[Any]:
    layer, _, call = name.partition(":")
    return [layer, int(call or 0), 0]


def _entry(layer: Layer, version: int, style: str) -> dict[str, Any]:
    kind, config = layer.kind, {"name": layer.name, **layer.config}
    if kind == "InputLayer":
        shape = [None, *config.pop("shape")]
        config["batch_shape" if version == 3 else "batch_input_shape"] = shape
    if version == 1:
        kind, names = _KERAS1.get(kind, (kind, {}))
        config = {{**_COMMON1, **names}.get(key, key): value for key, value in config.items()}
    calls = [call if isinstance(call, tuple) else (call,) for call in layer.inputs]
    calls = (
        calls if layer.inputs and isinstance(layer.inputs[0], tuple) else [layer.inputs] if layer.inputs else []
    )
    entry: dict[str, Any] = {"name": layer.name, "class_name": kind, "config": config}
    if style.endswith("keras"):
        entry |= {"module": "keras.layers", "registered_name": None}
    if version == 3:
        nodes: list[Any] = [{"args": _arguments(call), "kwargs": {}} for call in calls]
    else:
        nodes = [[[*_reference(name), *([{}] if version == 2 else [])] for name in call] for call in calls]
    return entry | {"inbound_nodes": nodes}


def _arguments(call: tuple[str, ...]) -> list[Any]:
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [], "dtype": "float32", "keras_history": _reference(n)},
        }
        for n in call
    ]
    return tensors if len(tensors) == 1 else [tensors]
