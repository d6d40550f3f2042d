"""Import DeepGRN's published models (Keras 2 HDF5 files)."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from motiflens.models.architectures.deepgrn import DeepGRN
from motiflens.models.published.keras_file import (
    Graph,
    KerasFile,
    Layer,
    Node,
    Walk,
    expect,
    rate,
    siamese_inputs,
    unwrapped,
)
from motiflens.models.published.load_state import load_state
from motiflens.models.published.lstm import dropouts, gates, inner, lstm_state
from motiflens.models.published.published import BASES, Published, meta_names
from motiflens.models.types import Json

MODEL = "DeepGRN"
LENGTH = 1002  # where a file leaves it open
CONVOLUTION = {
    "activation": "relu",
    "padding": "valid",
    "strides": 1,
    "dilation_rate": 1,
    "use_bias": True,
}
ORDER = [0, 3, 2, 1]  # where A, C, G, T lie among the files' A, T, G, C


def import_deepgrn(path: Path, *, length: int | None = None) -> Published:
    """Read a DeepGRN ``.h5`` file: everything from its configuration and arrays; its Lambda layers stay unread.

    Parameters
    ----------
    path
        The file.
    length
        Window length in bp where the file leaves it open (default: the 1,002 of the program).

    Raises
    ------
    ValueError
        If the file is damaged or no DeepGRN model, naming what is missing.
    """
    file = KerasFile(path)
    if file.config is None:
        raise ValueError(f"{path} lacks the attribute 'model_config': it holds weights alone, not a model")
    try:
        reader = _Reader(file, Graph(file.config), length)
        reader.read()
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
    model = DeepGRN(
        length=reader.length, channels=reader.channels, outputs=reader.outputs, meta=reader.meta, **reader.options
    )
    load_state(model, reader.state, path)
    names = {4: (), 5: ("dnase",), 6: ("uniqueness", "dnase")}
    signals = names.get(reader.channels, tuple(f"signal{i + 1}" for i in range(reader.channels - 4)))
    task = path.stem.split("_")[0]
    tasks = (task,) if reader.outputs == 1 else tuple(f"{task}{i + 1}" for i in range(reader.outputs))
    return Published(model.eval(), BASES + signals, meta_names(reader.meta), tasks, {"keras": file.version})


class _Reader:
    """Reads a graph from its input to its output and collects options and weights of our model."""

    def __init__(self, file: KerasFile, graph: Graph, length: int | None) -> None:
        self.file, self.graph = file, graph
        inputs = siamese_inputs(graph, MODEL, length or LENGTH)
        self.length, self.channels = inputs.length, inputs.channels
        self.meta_input, self.meta = inputs.meta_input, inputs.meta
        self.walk = Walk(graph, inputs.start, MODEL)
        self.steps = self.width = 0
        self.outputs = 1
        self.options: Json = {"attention": "none", "position": "after"}
        self.state: dict[str, Tensor] = {}

    def read(self) -> None:
        self._convolutions()
        self._attention("before")
        self._lstms()
        self._attention("after")
        self._features()
        self._head()

    def _convolutions(self) -> None:
        walk, inputs, n = self.walk, self.channels, 0
        rates = set()
        while (layer := walk.maybe("Conv1D")) is not None:
            for name, allowed in CONVOLUTION.items():
                expect(layer, allowed, name)
            kernels, size = layer.number("filters"), layer.number("kernel_size")
            if n and (kernels, size) != (self.options["kernels"], self.options["kernel_size"]):
                raise ValueError(f"layer {layer.name!r} (Conv1D) differs in size from the first convolution")
            self.options |= {"kernels": kernels, "kernel_size": size}
            kernel, bias = self.file.arrays(layer, (size, inputs, kernels), (kernels,))
            if n == 0:
                kernel = kernel[:, ORDER + list(range(4, inputs))]
            if self.file.backend == "theano":
                kernel = kernel.flip(0)
            self._put(f"convolutions.{3 * n}", kernel.permute(2, 1, 0), bias)
            rates.add(rate(walk.maybe("Dropout")))
            inputs, n = kernels, n + 1
        if n == 0:
            walk.take("Conv1D")
        self.options |= {"convolutions": n, "dropout": _one(rates, "convolutions")}
        dense = unwrapped(walk.take("TimeDistributed", "Dense"))
        expect(dense, "relu", "activation")
        kernel, bias = self.file.arrays(dense, (inputs, inputs), (inputs,))
        self._put("pointwise", kernel.T.unsqueeze(-1), bias)
        pool = walk.take("MaxPooling1D")
        expect(pool, "valid", "padding")
        expect(pool, pool.number("pool_size"), "strides")
        self.options["pool"] = pool.number("pool_size")
        lost = n * (self.options["kernel_size"] - 1)
        self.steps = (self.length - lost) // self.options["pool"]
        self.width = inputs

    def _lstms(self) -> None:
        rates, seen = set(), []
        n = 0
        while self.walk.kinds() == {"Bidirectional"}:
            layer = self.walk.take("Bidirectional")
            lstm = inner(layer)
            units = lstm.number("units")
            seen.append((units, gates(lstm), *dropouts(lstm)))
            for name, value in lstm_state(self.file, layer, lstm, self.width).items():
                self.state[f"lstms.{n}.{name}"] = value
            rates.add(rate(self.walk.maybe("Dropout")))
            self.width, n = 2 * units, n + 1
        if n == 0:
            self.walk.take("Bidirectional")
        if len(set(seen)) != 1:
            raise ValueError(f"its {n} LSTM layers differ in size, gates or dropout")
        units, gate, input_dropout, recurrent_dropout = seen[0]
        self.options |= {
            "units": units,
            "lstm_layers": n,
            "gates": gate,
            "input_dropout": input_dropout,
            "recurrent_dropout": recurrent_dropout,
            "lstm_dropout": _one(rates, "LSTM layers"),
        }

    def _attention(self, position: str) -> None:
        kinds = self.walk.kinds()
        if kinds <= {"Bidirectional", "Flatten"}:
            return
        if self.options["attention"] != "none":
            raise ValueError(f"it attends both before and after the LSTM, which {MODEL} does not")
        if kinds == {"Attention1D"} and position == "after":
            self._single1d()
        elif kinds == {"Permute", "Multiply"}:
            self._single()
        elif "Add" in kinds:
            self._pairwise()
        else:
            there = ", ".join(sorted(kinds)) or "nothing"
            raise ValueError(f"after layer {self.walk.at[0]!r} there is {there}: no attention that is known")
        self.options["position"] = position

    def _single(self) -> None:
        graph, steps, walk = self.graph, self.steps, self.walk
        start = walk.at
        expect_permute(walk.take("Permute"))
        score = walk.take("Dense")
        expect(score, "softmax", "activation")
        vector = walk.maybe("Lambda") is not None  # its mean over channels; the code in it stays unread
        if vector and walk.take("RepeatVector").number("n") != self.width:
            raise ValueError("its attention vector is not repeated for every channel")
        expect_permute(walk.take("Permute"))
        walk.take("Multiply")
        if start not in walk.sources():
            raise ValueError(f"layer {walk.at[0]!r} (Multiply) does not weigh what attention was computed from")
        kernel, bias = self.file.arrays(graph.layers[score.name], (steps, steps), (steps,))
        self._put("attention.score", kernel.T, bias)
        self.options |= {"attention": "single", "vector": vector}

    def _single1d(self) -> None:
        layer = self.walk.take("Attention1D")
        dense = layer.number("output_dim")
        (kernel,) = self.file.arrays(layer, (self.width, dense))
        self.state["projection.weight"] = kernel.T
        self.options |= {"attention": "single1d", "dense": dense}

    def _pairwise(self) -> None:
        start, width = self.walk.at, self.width
        self._positions()
        roles: dict[str, tuple[Layer, Node]] = {}
        for layer, node in self.walk.ahead():
            if layer.kind != "Dense":
                continue
            branch = Walk(self.graph, node, MODEL)
            if branch.maybe("Permute") is not None:
                roles["key"] = (layer, node)
                continue
            branch.take("Lambda", "Dot")
            mixed = {self.graph.layers[name].kind for name, _ in branch.sources()}
            roles["value" if mixed & {"Softmax", "Activation"} else "query"] = (layer, node)
        missing = [role for role in ("query", "key", "value") if role not in roles]
        if missing:
            raise ValueError(f"its pairwise attention lacks the {missing[0]}: no Dense layer plays that part")
        size = roles["query"][0].number("units")
        for role, units in (("query", size), ("key", size), ("value", width)):
            layer = roles[role][0]
            expect(layer, "linear", "activation")
            (kernel,) = self.file.arrays(layer, (width, units))
            self.state[f"attention.{role}.weight"] = kernel.T
        self.walk.at = roles["query"][1]
        _expect_scale(self.walk.take("Lambda", "Dot"), size)
        softmax = self.walk.take("Softmax", "Activation")
        if softmax.kind == "Softmax":
            expect(softmax, (2, -1), "axis")
        self.walk.take("Lambda", "Dot")
        self.walk.take("Add")
        if start not in self.walk.sources():
            raise ValueError(f"layer {self.walk.at[0]!r} (Add) adds something other than the attention's input")
        self.options |= {"attention": "pairwise", "attention_size": size}

    def _positions(self) -> None:
        kinds = self.walk.kinds()
        if "PositionEmbedding" in kinds:
            layer = self.walk.take("PositionEmbedding")
            expect(layer, "add", "mode")
            rows = layer.number("input_dim")
            (table,) = self.file.arrays(layer, (rows, self.width))
            if rows < self.steps:
                raise ValueError(f"layer {layer.name!r} has {rows} positions for {self.steps}")
            self.state["attention.positions"] = table[: self.steps]
            self.options["positions"] = "learned"
        elif "TrigPosEmbedding" in kinds:
            expect(self.walk.take("TrigPosEmbedding"), "add", "mode")
            self.options["positions"] = "sinusoidal"
        else:
            self.options["positions"] = "none"

    def _features(self) -> None:
        width = self.width
        if self.options["attention"] == "single1d":
            width = self.options["dense"]
        else:
            self.walk.take("Flatten")
            width *= self.steps
        layer = self.walk.take("Dense")
        expect(layer, "relu", "activation")
        dense = layer.number("units")
        if self.options.setdefault("dense", dense) != dense:
            raise ValueError(f"layer {layer.name!r} (Dense) has {dense} units, not {self.options['dense']}")
        kernel, bias = self.file.arrays(layer, (width, dense), (dense,))
        self._put("feature", kernel.T, bias)

    def _head(self) -> None:
        walk, dense = self.walk, self.options["dense"]
        features = walk.at
        if self.meta_input is not None:
            walk.take("Concatenate")
            if walk.sources() != (features, self.meta_input):
                raise ValueError(f"layer {walk.at[0]!r} does not join features and meta, in that order")
        rates, n, width = {rate(walk.maybe("Dropout"))}, 0, dense + self.meta
        while True:
            layer = walk.take("Dense")
            units = layer.number("units")
            kernel, bias = self.file.arrays(layer, (width, units), (units,))
            self._put(f"head.{1 + 3 * n}", kernel.T, bias)
            if layer.get("activation") == "sigmoid":
                break
            expect(layer, "relu", "activation")
            if units != dense:
                raise ValueError(f"layer {layer.name!r} (Dense) has {units} units, not {dense} as those before")
            rates.add(rate(walk.maybe("Dropout")))
            n, width = n + 1, dense
        if n == 0:
            raise ValueError("its head lacks the hidden Dense layer")
        self.outputs = units
        merge = walk.take("Average", "Maximum")
        self.options |= {
            "dense_layers": n - 1,
            "head_dropout": _one(rates, "head"),
            "merge": "mean" if merge.kind == "Average" else "max",
        }

    def _put(self, name: str, weight: Tensor, bias: Tensor) -> None:
        self.state[f"{name}.weight"], self.state[f"{name}.bias"] = weight, bias


def expect_permute(layer: Layer) -> None:
    """Raise ValueError unless a Permute layer swaps positions and channels."""
    if layer.get("dims") != [2, 1]:
        raise ValueError(f"layer {layer.name!r} (Permute) does not swap positions and channels")


def _expect_scale(layer: Layer, size: int) -> None:
    """Check what is readable of the scaling √size: the number that the Lambda's closure holds."""
    function = layer.config.get("function")
    closure = function[2] if isinstance(function, list) and len(function) == 3 else None
    if closure and closure != [size]:
        raise ValueError(f"layer {layer.name!r} scales scores by {closure!r}, not by the root of {size}")


def _one(rates: set[float], where: str) -> float:
    if len(rates) != 1:
        raise ValueError(f"the dropouts of its {where} differ: {sorted(rates)}")
    return next(iter(rates))
