"""A Keras file of standard layers as a torch module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from motiflens.models import types
from motiflens.models.published.import_keras.activations import LAYERS, activation_name
from motiflens.models.published.import_keras.arrays import layer_arrays
from motiflens.models.published.import_keras.build_layer import IDLE, KNOWN, LOG_SUM_EXP, tensors, wrapped
from motiflens.models.published.import_keras.graph import (
    ACTIVATED,
    Graph,
    Layer,
    Ref,
    Step,
    layer_paths,
    read_graph,
)
from motiflens.models.published.import_keras.network import BASES, KerasModel, Network, sequence_input
from motiflens.models.published.import_keras.stored import Stored, read_stored
from motiflens.models.types import Json

OPEN_LENGTH = 1000  # bp that a model which takes any length is tried on
# Layers that change nothing in the numbers of a sigmoid but their places.
_MOVERS = ("Flatten", "Reshape", "Permute", *IDLE)
# Layers that a TimeDistributed one may leave out: they work on the last axis.
_POINTWISE = ("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Dropout")
_SILENT = ("initializer", "regularizer", "constraint", "dtype", "quantization_config", "build_config")


def import_keras(
    path: types.Path, alphabet: str = BASES, output: str | None = None, *, length: int | None = None
) -> KerasModel:
    """Read a Keras model file, of Keras 1 to 3, without Keras and without executing anything in it.

    Parameters
    ----------
    path
        ``.h5`` or ``.keras`` of a Sequential or functional model of Keras' own layers of one dimension.
    alphabet
        Order of the bases in the file's sequences.
    output
        One head by its name, or any layer by its name (with the names of the models that it lies in,
        ``model/layer``, where that is needed); what it does not need is left out. By default all heads.
    length
        Window length in bp that is noted where the file takes any.

    Returns
    -------
    KerasModel
        In eval mode, on the CPU. It takes (N, C, L), bases A, C, G, T first, or a tuple of all inputs in the
        file's order, and gives logits, from before a final sigmoid or softmax: one tensor where there is one head,
        a tuple of all heads (``model.heads``) otherwise. Of further inputs that are not given, a second sequence
        is the reverse complement, and tracks are zero.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or has a layer or an option that is not supported; the layer is named.

    Notes
    -----
    Lambda layers hold byte code, which is never read; the one that is recognised, by its name and place, is the
    log-sum-exp of ChromBPNet (``logcount_predictions``).
    """
    return read_keras(path, alphabet=alphabet, output=output, length=length)[0]


def read_keras(
    path: types.Path,
    *,
    alphabet: str = BASES,
    output: str | None = None,
    length: int | None = None,
    flat: bool = False,
) -> tuple[KerasModel, str]:
    """Like `import_keras`, with the version of Keras; `flat` gives the one head as (N, outputs)."""
    source = Path(path)
    if sorted(alphabet) != sorted(BASES):
        raise ValueError(f"alphabet must be an order of A, C, G and T, not {alphabet!r}")
    stored = read_stored(source)
    try:
        model = _model(stored, alphabet, output, length, flat)
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
    return model.eval(), stored.version


def _model(stored: Stored, alphabet: str, output: str | None, length: int | None, flat: bool) -> KerasModel:
    graph = _expanded(read_graph(stored.config, stored.major), stored.major)
    _choose(graph, output)
    _strip(graph, stored.major)
    owners = [graph.layers[name] for name in layer_paths(stored.config) if name in graph.layers]
    arrays = layer_arrays(stored, owners)
    network = _description(graph, arrays, stored.major)
    shapes = [entry["shape"] for entry in network["inputs"]]
    sequence = shapes[sequence_input(shapes)]
    bases_first = len(sequence) == 2 and sequence[0] == 4 and sequence[1] != 4
    fixed = sequence[1] if bases_first else sequence[0]
    channels = 4 if len(sequence) != 2 or bases_first else (sequence[1] or 4)
    if channels < 4:
        raise ValueError(f"its sequence has {channels} channels, fewer than four")
    if length is not None and fixed is not None and length != fixed:
        raise ValueError(f"it is of windows of {fixed} bp, not {length}: leave out the length")
    tracks = any(len(shape) == 2 and shape != sequence for shape in shapes)
    features = [shape[0] or 0 for i, shape in enumerate(shapes) if len(shape) == 1 and i != sequence_input(shapes)]
    model = KerasModel(
        length=fixed or length or OPEN_LENGTH,
        channels=channels,
        meta=0 if tracks else sum(features),
        network=network,
        alphabet=alphabet,
        flat=flat,
    ).eval()
    _load(model, arrays)
    model.outputs = _try(model)
    return model


def _expanded(graph: Graph, major: int) -> Graph:
    """Make activations steps of their own, and unwrap TimeDistributed layers of the last axis."""
    new = Graph()
    moved: dict[int, int] = {}
    for i, step in enumerate(graph.steps):
        inputs = [Ref(moved[ref.step], ref.output) for ref in step.inputs]
        layer = step.layer
        if layer is None:
            new.steps.append(Step(step.name, None, [], shape=step.shape))
            moved[i] = len(new.steps) - 1
            continue
        layer = _recognised(_unwrapped(layer, major), step, graph)
        layer = new.layers.setdefault(layer.path, layer)
        new.steps.append(_without_mask(Step(step.name, layer, inputs, step.arguments), new))
        activation = layer.config.get("activation") if layer.kind in ACTIVATED else None
        try:
            name = activation_name(activation)
        except ValueError as error:
            raise ValueError(f"layer {layer.path!r} ({layer.kind}): {error}") from error
        if name != "linear":
            path = f"{layer.path}:activation"
            own = new.layers.setdefault(path, Layer(path, "Activation", {"activation": activation}, ""))
            new.steps.append(Step(step.name, own, [Ref(len(new.steps) - 1)]))
        moved[i] = len(new.steps) - 1
    new.inputs = [moved[i] for i in graph.inputs]
    new.outputs = [(name, Ref(moved[ref.step], ref.output)) for name, ref in graph.outputs]
    return new


def _unwrapped(layer: Layer, major: int) -> Layer:
    if layer.kind != "TimeDistributed":
        return layer
    try:
        kind, config = wrapped(layer.config, major)
    except ValueError as error:
        raise ValueError(f"layer {layer.path!r} (TimeDistributed): {error}") from error
    return Layer(layer.path, kind, config, f"{layer.place}/layer") if kind in _POINTWISE else layer


def _recognised(layer: Layer, step: Step, graph: Graph) -> Layer:
    """ChromBPNet's log-sum-exp of the log counts: by its name, what it is fed by, and that it is an output."""
    if layer.kind != "Lambda" or layer.path.rpartition("/")[2] != "logcount_predictions":
        return layer
    before = [graph.steps[ref.step].layer for ref in step.inputs]
    joins = len(before) == 1 and before[0] is not None and before[0].kind == "Concatenate"
    if joins and any(graph.steps[ref.step] is step for _, ref in graph.outputs):
        return Layer(layer.path, LOG_SUM_EXP, {}, "")
    return layer


def _without_mask(step: Step, graph: Graph) -> Step:
    """Leave out a mask that Keras 3 made of an embedding's or a Masking layer's: `Network` makes its own."""
    if "@mask" not in step.arguments:
        return step
    assert step.layer is not None
    start, count = step.arguments["@mask"]
    for ref in step.inputs[start : start + count]:
        layer = graph.steps[ref.step].layer
        if layer is None or not layer.is_operation:
            raise ValueError(f"layer {step.name!r} ({step.layer.kind}) is given a mask, which is not supported")
    arguments = {
        name: [value[0] - count * (value[0] > start), value[1]] if name.startswith("@") else value
        for name, value in step.arguments.items()
        if name != "@mask"
    }
    return Step(step.name, step.layer, step.inputs[:start] + step.inputs[start + count :], arguments)


def _choose(graph: Graph, output: str | None) -> None:
    """Keep one head, or any layer as the one head."""
    if output is None:
        return
    chosen = [(name, ref) for name, ref in graph.outputs if name == output]
    if not chosen:
        ends: dict[str, Ref] = {}
        for i, step in enumerate(graph.steps):
            if step.layer is not None:
                ends[step.name] = Ref(i)
        matches = [name for name in ends if name == output or name.endswith(f"/{output}")]
        if len(matches) != 1:
            heads = ", ".join(name for name, _ in graph.outputs)
            several = (
                f"{len(matches)} layers are called {output!r}" if matches else f"there is no output {output!r}"
            )
            raise ValueError(f"{several}: it has {heads}")
        chosen = [(output, ends[matches[0]])]
    graph.outputs = chosen


def _strip(graph: Graph, major: int) -> None:
    """Take each head from before its final sigmoid or softmax."""
    graph.outputs = [(name, _before(graph, ref, major) or ref) for name, ref in graph.outputs]


def _before(graph: Graph, ref: Ref, major: int) -> Ref | None:
    step = graph.steps[ref.step]
    layer = step.layer
    if layer is None or not step.inputs:
        return None
    if layer.kind == "Softmax":
        return step.inputs[0]
    if layer.kind == "Activation":
        name = activation_name(layer.config.get("activation"))
        value = layer.config.get("activation")
        inside = name in LAYERS and isinstance(value, dict) and name == "Softmax"
        return step.inputs[0] if name in ("sigmoid", "softmax") or inside else None
    if layer.kind in _MOVERS:
        inner = _before(graph, step.inputs[0], major)
        if inner is not None:
            graph.steps.append(Step(step.name, layer, [inner], step.arguments))
            return Ref(len(graph.steps) - 1)
    return None


def _description(graph: Graph, arrays: dict[str, list[types.Floats]], major: int) -> Json:
    """Write what is needed of a graph as the JSON that `Network` is made of."""
    needed, waiting = set(graph.inputs), [ref.step for _, ref in graph.outputs]
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += [ref.step for ref in graph.steps[number].inputs]
    order = [*graph.inputs, *(i for i in sorted(needed) if graph.steps[i].layer is not None)]
    place = {step: i for i, step in enumerate(order)}
    layers: Json = {}
    steps = []
    for i in order[len(graph.inputs) :]:
        step = graph.steps[i]
        layer = step.layer
        assert layer is not None
        if layer.refused or layer.kind not in KNOWN:
            what = "holds code, which is never run" if layer.kind == "Lambda" else "is no layer that we know"
            raise ValueError(f"layer {layer.path!r} ({layer.kind}) {layer.refused or what}: it cannot be imported")
        layers[layer.path] = {
            "kind": layer.kind,
            "config": _lean(layer.config),
            "shapes": [list(array.shape) for array in arrays.get(layer.path, [])],
        }
        inputs = [[place[ref.step], ref.output] for ref in step.inputs]
        steps.append({"layer": layer.path, "inputs": inputs, "arguments": step.arguments})
    return {
        "inputs": [{"name": graph.steps[i].name, "shape": graph.steps[i].shape} for i in graph.inputs],
        "layers": layers,
        "steps": steps,
        "heads": [[name, place[ref.step], ref.output] for name, ref in graph.outputs],
        "major": major,
    }


def _lean(config: Any) -> Any:
    """Leave out what only training needs."""
    if isinstance(config, dict):
        return {key: _lean(value) for key, value in config.items() if not key.endswith(_SILENT)}
    return config


def _load(model: KerasModel, arrays: dict[str, list[types.Floats]]) -> None:
    network = model.module
    assert isinstance(network, Network)
    with torch.no_grad():
        for path, layer in network.description["layers"].items():
            if layer["shapes"]:
                network.layer(path).put(tensors(arrays[path]))  # type: ignore[operator]


def _try(model: KerasModel) -> int:
    """Run the model once; return how many logits its (first) head has.

    Raises
    ------
    ValueError
        If layers do not fit each other, naming the one that fails.
    """
    network = model.module
    assert isinstance(network, Network)
    x = torch.zeros(1, model.channels, model.length)
    x[:, 0] = 1
    meta = torch.zeros(1, model.meta) if model.meta else None
    try:
        with torch.no_grad():
            logits = model(x, meta)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"layer {network.at!r} does not fit what it is given ({reason})") from error
    first = logits[0] if isinstance(logits, tuple) else logits
    return int(first[0].numel())
