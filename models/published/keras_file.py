"""Read a Keras model file as a graph and its arrays, by h5py and json alone: nothing in it is ever executed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import torch
from torch import Tensor

from motiflens.models.hdf5 import names
from motiflens.models.reading import reading
from motiflens.models.types import Json

Node = tuple[str, int]  # a layer's name, and which of its calls


@dataclass(frozen=True)
class Layer:
    """One layer of a Keras graph: class, configuration, and the inputs of each of its calls."""

    name: str
    kind: str
    config: Json
    calls: tuple[tuple[Node, ...], ...]

    def get(self, *names: str) -> object:
        """First of several configuration entries that is there (Keras 1 and 2 name them differently)."""
        for name in names:
            if name in self.config:
                return self.config[name]
        raise ValueError(f"layer {self.name!r} ({self.kind}) has no {names[0]!r} in its configuration")

    def shape(self) -> list[int | None]:
        """Shape of an input layer, the batch first; None where it is open."""
        shape = self.get("batch_input_shape", "batch_shape")
        if not isinstance(shape, list) or not all(size is None or isinstance(size, int) for size in shape):
            raise ValueError(f"layer {self.name!r} ({self.kind}): {shape!r} is no shape")
        return shape

    def number(self, *names: str) -> int:
        """Like `get`, a whole number; Keras 2 puts some into lists of one."""
        value = self.get(*names)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"layer {self.name!r} ({self.kind}): {names[0]} is {value!r}, not a whole number")
        return value


class Graph:
    """A functional Keras model's layers and who feeds whom.

    Raises
    ------
    ValueError
        If `config` is not the configuration of such a model.
    """

    def __init__(self, config: object) -> None:
        if not isinstance(config, dict) or config.get("class_name") not in ("Model", "Functional"):
            kind = config.get("class_name") if isinstance(config, dict) else type(config).__name__
            raise ValueError(f"its configuration is of class {kind!r}, not of a Keras functional model")
        try:
            layers = [_layer(entry) for entry in config["config"]["layers"]]
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ValueError(f"its configuration is damaged or of another Keras version ({error!r})") from error
        self.layers = {layer.name: layer for layer in layers}

    def consumers(self, node: Node) -> list[Node]:
        """Calls of layers that take the output of `node`."""
        return [
            (layer.name, i)
            for layer in self.layers.values()
            for i, inputs in enumerate(layer.calls)
            if node in inputs
        ]

    def inputs(self, dimensions: int) -> list[Layer]:
        """Input layers whose arrays have that many dimensions, the batch included."""
        layers = (layer for layer in self.layers.values() if layer.kind == "InputLayer")
        return [layer for layer in layers if len(layer.shape()) == dimensions]


class Inputs(NamedTuple):
    """What a Siamese model takes."""

    start: Node  # one of the two strands; they share their weights
    length: int
    channels: int
    meta_input: Node | None
    meta: int


def siamese_inputs(graph: Graph, model: str, length: int) -> Inputs:
    """Read the inputs of a model of both strands; `length` is taken where the file leaves it open.

    Raises
    ------
    ValueError
        If they are other ones; `model` is what the graph is taken for.
    """
    strands, metas = graph.inputs(3), graph.inputs(2)
    if len(strands) != 2:
        raise ValueError(f"no {model} model: it has {len(strands)} sequence inputs, not the two strands")
    if len(metas) > 1:
        raise ValueError(f"no {model} model: it has {len(metas)} inputs beside the sequence, one at most is known")
    _, steps, channels = strands[0].shape()
    if steps is None:
        steps = length
    if channels is None or channels < 4:
        raise ValueError(f"no {model} model: its input has {channels} channels, fewer than four")
    if not metas:
        return Inputs((strands[0].name, 0), steps, channels, None, 0)
    meta = metas[0].shape()[1]
    if not meta:
        raise ValueError(f"layer {metas[0].name!r} (InputLayer) does not say how many meta features there are")
    return Inputs((strands[0].name, 0), steps, channels, (metas[0].name, 0), meta)


def _layer(entry: Json) -> Layer:
    calls = tuple(tuple((str(name), int(call)) for name, call, *_ in inputs) for inputs in entry["inbound_nodes"])
    return Layer(entry["name"], entry["class_name"], entry["config"], calls)


class Walk:
    """A walk along a graph, one call after the other, that says what it misses.

    Parameters
    ----------
    graph
        The graph.
    start
        The call to start from.
    model
        What the graph is taken for, for messages.
    """

    def __init__(self, graph: Graph, start: Node, model: str) -> None:
        self.graph, self.at, self.model = graph, start, model

    def ahead(self) -> list[tuple[Layer, Node]]:
        """Layers that take the output of where we are."""
        return [(self.graph.layers[node[0]], node) for node in self.graph.consumers(self.at)]

    def kinds(self) -> set[str]:
        """Classes of the layers ahead."""
        return {layer.kind for layer, _ in self.ahead()}

    def take(self, *kinds: str) -> Layer:
        """Go to the one layer ahead of one of these classes.

        Raises
        ------
        ValueError
            If there is none, or more than one.
        """
        layers = [(layer, node) for layer, node in self.ahead() if layer.kind in kinds]
        if len(layers) != 1:
            there = ", ".join(f"{layer.name} ({layer.kind})" for layer, _ in self.ahead()) or "nothing"
            raise ValueError(
                f"no {self.model} model: after layer {self.at[0]!r} it lacks a {' or '.join(kinds)} "
                f"(there is {there})"
            )
        self.at = layers[0][1]
        return layers[0][0]

    def maybe(self, *kinds: str) -> Layer | None:
        """Like `take`, but stays and gives None where the only way is another one."""
        return self.take(*kinds) if len(self.ahead()) == 1 and self.kinds() <= set(kinds) else None

    def sources(self) -> tuple[Node, ...]:
        """Inputs of the call where we are."""
        return self.graph.layers[self.at[0]].calls[self.at[1]]


def expect(layer: Layer, allowed: object, *names: str) -> None:
    """Raise ValueError unless a configuration entry has the value `allowed` (or one of a tuple of them)."""
    value = layer.get(*names)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value not in (allowed if isinstance(allowed, tuple) else (allowed,)):
        raise ValueError(
            f"layer {layer.name!r} ({layer.kind}): {names[0]} {value!r} is not supported, only {allowed!r}"
        )


def rate(layer: Layer | None) -> float:
    """Rate of a Dropout layer; 0 for none."""
    if layer is None:
        return 0.0
    value = layer.get("rate", "p")
    if not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise ValueError(f"layer {layer.name!r} (Dropout): rate {value!r} is not in [0, 1)")
    return float(value)


def unwrapped(layer: Layer) -> Layer:
    """Return the Dense layer inside a TimeDistributed one, under the outer name, by which its arrays go."""
    if layer.kind != "TimeDistributed":
        return layer
    wrapped = layer.config.get("layer")
    if not isinstance(wrapped, dict) or wrapped.get("class_name") != "Dense":
        raise ValueError(f"layer {layer.name!r} (TimeDistributed) does not wrap a Dense layer")
    return Layer(layer.name, "Dense", wrapped["config"], ())


class KerasFile:
    """A Keras HDF5 file: its configuration and the arrays of its layers.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        If it is no HDF5 file, truncated, or lacks what a saved model holds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = self.backend = ""
        self.config: object = None
        self._arrays: dict[str, list[np.ndarray]] = {}
        with reading(path, "Keras file", checked=True), h5py.File(path, "r") as file:
            self._read(file)

    def _read(self, file: h5py.File) -> None:
        root = file.get("model_weights", file)
        if not isinstance(root, h5py.Group) or "layer_names" not in root.attrs:
            raise ValueError(f"{self.path} holds no Keras model: the group 'model_weights' is missing")
        self.version = _text(root.attrs.get("keras_version", file.attrs.get("keras_version", "")))
        self.backend = _text(root.attrs.get("backend", file.attrs.get("backend", "")))
        if "model_config" in file.attrs:
            self.config = parse_json(_text(file.attrs["model_config"]), f"model_config in {self.path}")
        for name in names(root, "layer_names"):
            group = root.get(name)
            if not isinstance(group, h5py.Group):
                raise ValueError(f"{self.path} is incomplete: the weights of layer {name!r} are missing")
            self._arrays[name] = [self._array(group, name, weight) for weight in names(group, "weight_names")]

    def _array(self, group: h5py.Group, layer: str, name: str) -> np.ndarray:
        where = f"{layer}/{name}"
        if name not in group:
            raise ValueError(f"{self.path} is incomplete: the array {where!r} is missing")
        data = group[name]
        link = group.get(name, getlink=True)
        if not isinstance(data, h5py.Dataset) or not isinstance(link, h5py.HardLink) or data.external:
            raise ValueError(f"{self.path}: {where!r} is no array of its own")
        array = np.asarray(data[()], dtype=np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"{self.path}: the array {where!r} holds values that are not finite")
        return array

    def arrays(self, layer: Layer, *shapes: tuple[int, ...]) -> list[Tensor]:
        """Arrays of a layer in their stored order.

        Raises
        ------
        ValueError
            Unless they have exactly these shapes.
        """
        stored = self._arrays.get(layer.name)
        if not stored:
            raise ValueError(f"{self.path} is incomplete: the weights of layer {layer.name!r} are missing")
        there = [array.shape for array in stored]
        if there != list(shapes):
            raise ValueError(
                f"{self.path}: layer {layer.name!r} ({layer.kind}) has arrays of shapes {there}, "
                f"expected {list(shapes)}"
            )
        return [torch.from_numpy(array) for array in stored]

    def shapes(self, layer: Layer) -> list[tuple[int, ...]]:
        """Shapes of a layer's arrays."""
        return [array.shape for array in self._arrays.get(layer.name, [])]


def parse_json(text: str, where: str) -> object:
    """Parse JSON, naming the place where it is damaged."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where} is damaged: {error}") from error


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
