"""A Keras configuration as one flat graph: nested models unfolded, activations as steps of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from motiflens.models.published.import_keras.kinds import MODELS, OPERATION, canonical, refused
from motiflens.models.published.import_keras.operations import as_layer
from motiflens.models.types import Json

# Layers whose ``activation`` acts on what they give and becomes a step of its own.
ACTIVATED = ("Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose", "Dense")
DEEPEST = 32  # models within models
MOST_OUTPUTS = 16  # of one layer
MERGE_TIME, SPLIT_TIME = "MergeTime", "SplitTime"  # around a model that TimeDistributed applies


class Ref(NamedTuple):
    """An output of a step."""

    step: int
    output: int = 0


@dataclass
class Layer:
    """A layer with its own arrays, which one or several steps call.

    Attributes
    ----------
    path
        Names of the models that it lies in and its own; ``/`` between them.
    kind, config
        Class and options by their names in Keras 2 and 3.
    place
        Where a ``.keras`` file keeps its arrays.
    refused
        Why it is no layer of Keras' own; None if it is.
    """

    path: str
    kind: str
    config: Json
    place: str
    refused: str | None = None

    @property
    def is_operation(self) -> bool:
        """Whether it is an operation on tensors, as Keras 3 computes masks by."""
        return self.refused == OPERATION


@dataclass
class Step:
    """One call of a layer; `layer` is None for an input of the model."""

    name: str
    layer: Layer | None
    inputs: list[Ref]
    arguments: dict[str, Any] = field(default_factory=dict)
    shape: list[int | None] | None = None


@dataclass
class Graph:
    """Steps in the order of computation, and which of them go in and out.

    Attributes
    ----------
    inputs
        Steps that are inputs, in the file's order.
    outputs
        Name and output of each head, in the file's order.
    """

    steps: list[Step] = field(default_factory=list)
    layers: dict[str, Layer] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    outputs: list[tuple[str, Ref]] = field(default_factory=list)


class _Call(NamedTuple):
    """What one entry of ``inbound_nodes`` says: references by name, and other arguments."""

    given: list[Any]  # references (name, call, output), in the layer's order of arguments
    arguments: Json


def read_graph(config: Json, major: int) -> Graph:
    """Read a model's configuration.

    Parameters
    ----------
    config
        Of a Sequential or functional model of any Keras.
    major
        Main version of Keras that wrote it.

    Raises
    ------
    ValueError
        If it is damaged or of a model that is subclassed; the layer is named.
    """
    builder = _Builder(major)
    try:
        outputs = builder.model(config, "", "", None, 0)
    except (KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"its configuration is damaged or of another Keras version ({error!r})") from error
    graph = builder.graph
    if not graph.inputs or not outputs:
        raise ValueError("its configuration has no inputs or no outputs")
    seen: dict[str, int] = {}
    for name, ref in outputs:
        count = seen[name] = seen.get(name, 0) + 1
        graph.outputs.append((name if count == 1 else f"{name}_{count - 1}", ref))
    return graph


def layer_paths(entry: Json, path: str = "") -> list[str]:
    """Paths of a model's layers in the order of the configuration, which is that of their arrays."""
    config = entry["config"]
    paths = []
    for layer in config if isinstance(config, list) else config["layers"]:
        name = f"{path}{_name(layer)}"
        model = layer if layer["class_name"] in MODELS else _timed_model(layer)
        paths += layer_paths(model, f"{name}/") if model is not None else [name]
    return paths


class _Builder:
    def __init__(self, major: int) -> None:
        self.major = major
        self.graph = Graph()

    def model(
        self, entry: Json, path: str, place: str, given: list[Ref] | None, depth: int
    ) -> list[tuple[str, Ref]]:
        """Add a model's steps, applied to `given` (None: its inputs are the graph's); return its named outputs."""
        kind = entry.get("class_name")
        if kind not in MODELS:
            raise ValueError(f"it is of class {kind!r}: only Sequential and functional models tell their graph")
        if depth > DEEPEST:
            raise ValueError(f"its models are nested more than {DEEPEST} deep")
        config = entry["config"]
        if kind == "Sequential":
            layers = config if isinstance(config, list) else config["layers"]
            return self._sequential(layers, config, path, place, given, depth)
        return self._functional(config, path, place, given, depth)

    def _sequential(
        self, layers: list[Json], config: Any, path: str, place: str, given: list[Ref] | None, depth: int
    ) -> list[tuple[str, Ref]]:
        at, last = given, ""
        for layer, where in zip(layers, _places(layers, place), strict=True):
            own = layer["config"]
            name = _name(layer)
            if layer["class_name"] == "InputLayer":
                if at is None:
                    at = [self._input(name, own)]
                continue
            if at is None and layer["class_name"] == "Merge" and self.major == 1 and own.get("layers"):
                branches = own["layers"]
                at = [
                    self.model(branch, f"{path}{name}/{i}/", f"{where}/{i}", None, depth + 1)[0][1]
                    for i, branch in enumerate(branches)
                ]
            if at is None:
                at = [self._input(f"{name}_input", _first_shape(layer, config))]
            at = self._call(layer, f"{path}{name}", where, _Call(list(at), {}), depth)[:1]
            last = name
        if not at:
            raise ValueError("a Sequential model of it is empty")
        return [(last, ref) for ref in at]

    def _functional(
        self, config: Json, path: str, place: str, given: list[Ref] | None, depth: int
    ) -> list[tuple[str, Ref]]:
        layers: list[Json] = config["layers"]
        entries = {_name(layer): as_layer(layer) for layer in layers}
        if len(entries) != len(layers):
            raise ValueError("its configuration has two layers of one name")
        places = dict(zip(entries, _places(layers, place), strict=True))
        inputs, outputs = _references(config["input_layers"]), _references(config["output_layers"])
        calls = {
            name: [_call(node, layer) for node in layer.get("inbound_nodes", [])]
            for name, layer in entries.items()
        }
        shifts = _shifts(calls, outputs)
        done: dict[tuple[str, int], list[Ref]] = {}
        for i, (name, number, _) in enumerate(inputs):
            own = entries[name]["config"]
            if given is not None and i >= len(given):
                raise ValueError(
                    f"model {path.rstrip('/')!r} is called on {len(given)} inputs, it has {len(inputs)}"
                )
            done[name, number] = [self._input(name, own)] if given is None else [given[i]]
        waiting = [(name, i) for name in entries for i in range(len(calls[name])) if (name, i) not in done]
        while waiting:
            left = []
            for name, i in waiting:
                call = calls[name][i]
                refs = [_resolve(ref, done, shifts) for ref in call.given]
                if any(ref is None for ref in refs):
                    left.append((name, i))
                    continue
                resolved = _Call([ref for ref in refs if ref is not None], call.arguments)
                done[name, i] = self._call(entries[name], f"{path}{name}", places[name], resolved, depth)
            if len(left) == len(waiting):
                raise ValueError(f"layer {left[0][0]!r} is fed by a layer that is not there, or in a circle")
            waiting = left
        ends = [(name, _resolve((name, call, output), done, shifts)) for name, call, output in outputs]
        missing = [name for name, ref in ends if ref is None]
        if missing:
            raise ValueError(f"the output {missing[0]!r} is computed by no layer")
        return [(name, ref) for name, ref in ends if ref is not None]

    def _input(self, name: str, config: Json) -> Ref:
        shape = config.get("batch_shape", config.get("batch_input_shape"))
        if not isinstance(shape, list) or not all(size is None or isinstance(size, int) for size in shape):
            raise ValueError(f"the input {name!r} does not tell its shape ({shape!r})")
        self.graph.steps.append(Step(name, None, [], shape=shape[1:]))
        self.graph.inputs.append(len(self.graph.steps) - 1)
        return Ref(len(self.graph.steps) - 1)

    def _call(self, entry: Json, path: str, place: str, call: _Call, depth: int) -> list[Ref]:
        kind = entry["class_name"]
        if kind in MODELS:
            return [ref for _, ref in self.model(entry, f"{path}/", place, list(call.given), depth + 1)]
        model = _timed_model(entry)
        if model is not None:
            (given,) = call.given
            inside = self._add(Layer(f"{path}:in", MERGE_TIME, {}, ""), [given], {})[:1]
            ends = self.model(model, f"{path}/", f"{place}/layer", inside, depth + 1)
            return [self._add(Layer(f"{path}:out", SPLIT_TIME, {}, ""), [ref, given], {})[0] for _, ref in ends]
        layer = self.graph.layers.get(path)
        if layer is None:
            reason = refused(entry)
            kind, config = canonical(kind, entry["config"], self.major) if reason is None else (kind, {})
            layer = Layer(path, kind, config, place, reason)
        return self._add(layer, list(call.given), call.arguments)

    def _add(self, layer: Layer, given: list[Ref], arguments: Json) -> list[Ref]:
        self.graph.layers.setdefault(layer.path, layer)
        self.graph.steps.append(Step(layer.path, layer, given, dict(arguments)))
        return [Ref(len(self.graph.steps) - 1, i) for i in range(MOST_OUTPUTS)]


def _timed_model(entry: Json) -> Json | None:
    """The model that a TimeDistributed layer applies, where it is one."""
    inner = entry["config"].get("layer") if entry["class_name"] == "TimeDistributed" else None
    return inner if isinstance(inner, dict) and inner.get("class_name") in MODELS else None


def _name(layer: Json) -> str:
    own = layer["config"]
    inner = own.get("name") if isinstance(own, dict) else None
    name = layer.get("name") or inner or layer["class_name"].lower()
    if not isinstance(name, str):
        raise ValueError(f"a layer's name is {name!r}, no text")
    return name


def _first_shape(layer: Json, config: Any) -> Json:
    own = layer["config"]
    if isinstance(own, list):  # a nested Sequential of Keras 1
        return _first_shape(own[0], config)
    if "layers" in own and isinstance(own["layers"], list) and "batch_input_shape" not in own:
        return _first_shape(own["layers"][0], config)
    for key in ("batch_input_shape", "batch_shape"):
        if own.get(key) is not None:
            return {"batch_input_shape": own[key]}
    if isinstance(config, dict) and config.get("build_input_shape"):
        return {"batch_input_shape": config["build_input_shape"]}
    if own.get("input_dim") is not None:
        return {"batch_input_shape": [None, own.get("input_length"), own["input_dim"]]}
    return {}


def _places(layers: list[Json], place: str) -> Iterator[str]:
    """Where a .keras file keeps the layers of a model: by class names, numbered in the order of the model."""
    used: dict[str, int] = {}
    for layer in layers:
        name = _snake(layer["class_name"])
        count = used[name] = used.get(name, -1) + 1
        yield f"{place}/layers/{name}_{count}".lstrip("/") if count else f"{place}/layers/{name}".lstrip("/")


def _snake(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _is_reference(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
    )


def _references(value: Any) -> list[tuple[str, int, int]]:
    """References anywhere in lists and mappings, in order."""
    if _is_reference(value):
        return [(value[0], value[1], value[2])]
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, call, output = value["config"]["keras_history"]
            return [(name, call, output)]
        value = list(value.values())
    if isinstance(value, list):
        return [ref for part in value for ref in _references(part)]
    return []


def _call(node: Any, layer: Json) -> _Call:
    given: list[Any] = []
    arguments: Json = {}
    if isinstance(node, dict):  # Keras 3
        for value in node.get("args", []):
            references = _references(value)
            if not references and value is not None and refused(layer) != OPERATION:
                raise ValueError(f"layer {_name(layer)!r} is called on {str(value)[:40]}, which is no tensor")
            given += references
        _arguments(node.get("kwargs", {}), given, arguments)
        return _Call(given, arguments)
    for part in [node] if _is_reference(node) else node.values() if isinstance(node, dict) else node:
        if isinstance(part, list) and part and part[0] == "_CONSTANT_VALUE":
            raise ValueError(f"layer {_name(layer)!r} is called on a constant, which is no tensor of the graph")
        if _is_reference(part):
            given.append((part[0], part[1], part[2]))
            if len(part) == 4 and isinstance(part[3], dict):
                _arguments(part[3], given, arguments)
        else:
            given += _references(part)
    return _Call(given, arguments)


def _arguments(kwargs: Json, given: list[Any], arguments: Json) -> None:
    """Take tensors among keyword arguments as further inputs, noting which they are."""
    for key, value in kwargs.items():
        references = _references(value)
        if references:
            arguments[f"@{key}"] = [len(given), len(references)]
            given += references
        elif key not in ("training", "name") and value is not None:
            arguments[key] = value


def _shifts(calls: dict[str, list[_Call]], outputs: list[tuple[str, int, int]]) -> dict[str, int]:
    """How far references to a layer's calls are off: tf_keras counts the making of a nested model as a call."""
    largest: dict[str, int] = {}
    given = [ref for layer in calls.values() for call in layer for ref in call.given]
    for name, call, _ in [*given, *outputs]:
        largest[name] = max(largest.get(name, 0), call)
    return {name: max(0, call - max(len(calls.get(name, [])), 1) + 1) for name, call in largest.items()}


def _resolve(
    ref: tuple[str, int, int], done: dict[tuple[str, int], list[Ref]], shifts: dict[str, int]
) -> Ref | None:
    name, call, output = ref
    outputs = done.get((name, max(0, call - shifts.get(name, 0))))
    if outputs is None:
        return None
    if not 0 <= output < len(outputs):
        raise ValueError(f"layer {name!r} has no output {output}")
    return outputs[output]
