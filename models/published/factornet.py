"""Import FactorNet's published models (a folder with ``model.json`` and Keras 1 weights)."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from motiflens.models.architectures.factornet import FactorNet
from motiflens.models.published.keras_file import (
    Graph,
    KerasFile,
    Layer,
    Walk,
    expect,
    parse_json,
    rate,
    siamese_inputs,
    unwrapped,
)
from motiflens.models.published.load_state import load_state
from motiflens.models.published.lstm import dropouts, gates, inner, lstm_state
from motiflens.models.published.published import ANNOTATIONS, BASES, Published, meta_names
from motiflens.models.real_path import real_path
from motiflens.models.types import Json

MODEL = "FactorNet"
LENGTH = 1002  # where a file leaves it open
# The program's names of signals and of expression components -> ours.
SIGNALS = {"unique35": "uniqueness", "dgf": "dnase", "dnase": "dnase"}


def import_factornet(path: Path, *, length: int | None = None) -> Published:
    """Read a FactorNet folder, or its weights' file alone where that holds the configuration.

    Parameters
    ----------
    path
        Folder with ``model.json``, one ``.hdf5`` (or ``.h5``) file and, for the names, ``bigwig.txt``,
        ``meta.txt`` and ``chip.txt``; or an ``.hdf5`` file.
    length
        Window length in bp where the configuration leaves it open (default: the 1,002 of the program).

    Raises
    ------
    FileNotFoundError
        If a file of the folder is missing.
    ValueError
        If the files are damaged or no FactorNet model, naming what is missing.
    """
    folder = path if path.is_dir() else None
    file = KerasFile(path if folder is None else _weights(folder))
    config = file.config
    if folder is not None:
        config = parse_json((folder / "model.json").read_text(encoding="utf-8"), str(folder / "model.json"))
    if config is None:
        raise ValueError(f"{path} lacks the attribute 'model_config': give the folder with its model.json")
    try:
        reader = _Reader(file, Graph(config), length)
        reader.read()
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
    model = FactorNet(
        length=reader.length, channels=reader.channels, outputs=reader.outputs, meta=reader.meta, **reader.options
    )
    load_state(model, reader.state, path)
    return _named(model, file, path.parent if folder is None else folder)


def _weights(folder: Path) -> Path:
    if not (folder / "model.json").is_file():
        raise FileNotFoundError(f"{folder} is no FactorNet folder: model.json is missing")
    files = sorted(p for p in folder.iterdir() if p.suffix in (".hdf5", ".h5") and not p.name.startswith("."))
    best = [p for p in files if p.stem.startswith("best")] or files
    if len(best) != 1:
        there = ", ".join(p.name for p in files) or "no .hdf5 file"
        raise FileNotFoundError(f"{folder} lacks the weights: one .hdf5 file is needed, there is {there}")
    return best[0]


def _lines(folder: Path, name: str) -> list[str]:
    file = folder / name
    if not file.is_file():
        return []
    return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _named(model: FactorNet, file: KerasFile, folder: Path) -> Published:
    """Take the names from the folder's lists, where they are there and as many as needed."""
    theirs = {name: _lines(folder, f"{name}.txt") for name in ("bigwig", "meta", "chip", "feature")}
    signals = theirs["bigwig"] or [f"signal{i + 1}" for i in range(model.channels - 4)]
    if len(signals) != model.channels - 4:
        raise ValueError(f"{folder}/bigwig.txt lists {len(signals)} signals, the model has {model.channels - 4}")
    channels = tuple(SIGNALS.get(name.lower(), name) for name in signals)
    meta = tuple(
        f"expression{name[4:]}" if name.upper().startswith("GEPC") and name[4:].isdigit() else name
        for name in theirs["meta"]
    )
    if "gencode" in theirs["feature"]:  # annotation bits follow the components
        meta += ANNOTATIONS
    if len(meta) != model.meta:
        meta = meta_names(model.meta)
    tasks = tuple(theirs["chip"]) if len(theirs["chip"]) == model.outputs else ()
    stem = real_path(folder).name.split("__")[0]
    own = (stem,) if model.outputs == 1 else tuple(f"{stem}{i + 1}" for i in range(model.outputs))
    details: Json = {"keras": file.version, "names": {key: value for key, value in theirs.items() if value}}
    return Published(model.eval(), BASES + channels, meta, tasks or own, details)


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
        self.options: Json = {}
        self.state: dict[str, Tensor] = {}

    def read(self) -> None:
        self._convolution()
        self._lstm()
        self._head()

    def _convolution(self) -> None:
        walk, inputs = self.walk, self.channels
        layer = walk.take("Convolution1D", "Conv1D")
        expect(layer, "relu", "activation")
        expect(layer, "valid", "border_mode", "padding")
        expect(layer, 1, "subsample_length", "strides")
        expect(layer, True, "bias", "use_bias")
        kernels, size = layer.number("nb_filter", "filters"), layer.number("filter_length", "kernel_size")
        kernel, bias = self._kernel(layer, size, inputs, kernels)
        self._put("convolution", kernel, bias)
        convolution_dropout = rate(walk.maybe("Dropout"))
        dense = unwrapped(walk.take("TimeDistributed"))
        expect(dense, "relu", "activation")
        weight, bias = self.file.arrays(dense, (kernels, kernels), (kernels,))
        self._put("pointwise", weight.T.unsqueeze(-1), bias)
        pool = walk.take("MaxPooling1D")
        expect(pool, "valid", "border_mode", "padding")
        width = pool.number("pool_length", "pool_size")
        expect(pool, width, "stride", "strides")
        self.steps, self.width = (self.length - size + 1) // width, kernels
        self.options |= {
            "kernels": kernels,
            "kernel_size": size,
            "pool": width,
            "convolution_dropout": convolution_dropout,
        }

    def _kernel(self, layer: Layer, size: int, inputs: int, kernels: int) -> tuple[Tensor, Tensor]:
        """Kernel (kernels, inputs, size): Theano convolves, so that its kernels lie reversed along the taps."""
        shapes = self.file.shapes(layer)
        if shapes and len(shapes[0]) == 3:  # Keras 2
            kernel, bias = self.file.arrays(layer, (size, inputs, kernels), (kernels,))
        elif shapes and shapes[0] == (kernels, inputs, size, 1):  # Keras before 1.1
            kernel, bias = self.file.arrays(layer, (kernels, inputs, size, 1), (kernels,))
            kernel = kernel.squeeze(-1).permute(2, 1, 0)
        else:
            kernel, bias = self.file.arrays(layer, (size, 1, inputs, kernels), (kernels,))
            kernel = kernel.squeeze(1)
        kernel = kernel.permute(2, 1, 0)
        return (kernel if self.file.backend == "tensorflow" else kernel.flip(-1)), bias

    def _lstm(self) -> None:
        walk = self.walk
        self.options["units"] = 0
        layer = walk.maybe("Bidirectional")
        if layer is not None:
            lstm = inner(layer)
            units = lstm.number("output_dim", "units")
            input_dropout, recurrent_dropout = dropouts(lstm)
            for name, value in lstm_state(self.file, layer, lstm, self.width).items():
                self.state[f"lstm.{name}"] = value
            self.width = 2 * units
            self.options |= {
                "units": units,
                "gates": gates(lstm),
                "input_dropout": input_dropout,
                "recurrent_dropout": recurrent_dropout,
            }
        self.options["dropout"] = rate(walk.maybe("Dropout"))
        walk.take("Flatten")

    def _head(self) -> None:
        walk = self.walk
        layer = walk.take("Dense")
        dense = layer.number("output_dim", "units")
        self._dense("feature", layer, self.steps * self.width, "relu")
        features, rates, last, width = walk.at, set(), 1, dense
        if walk.kinds() == {"Dropout"}:
            rates.add(rate(walk.take("Dropout")))
            features = walk.at
        if self.meta_input is not None:
            merge = walk.take("Merge", "Concatenate")
            if merge.kind == "Merge":
                expect(merge, "concat", "mode")
            if walk.sources() != (features, self.meta_input):
                raise ValueError(f"layer {merge.name!r} does not join features and meta, in that order")
            layer = walk.take("Dense")
            if layer.number("output_dim", "units") != dense:
                raise ValueError(f"layer {layer.name!r} (Dense) differs in size from the layer before meta")
            self._dense("head.1", layer, dense + self.meta, "relu")
            rates.add(rate(walk.maybe("Dropout")))
            last = 4
        layer = walk.take("Dense")
        self.outputs = layer.number("output_dim", "units")
        self._dense(f"head.{last}", layer, width, "sigmoid")
        merge = walk.take("Merge", "Average", "Maximum")
        mode = merge.get("mode") if merge.kind == "Merge" else {"Average": "ave", "Maximum": "max"}[merge.kind]
        if mode not in ("ave", "max"):
            raise ValueError(f"layer {merge.name!r} merges the strands by {mode!r}, not by ave or max")
        if len(rates) > 1:
            raise ValueError(f"the dropouts of its head differ: {sorted(rates)}")
        self.options |= {
            "dense": dense,
            "head_dropout": next(iter(rates), 0.0),
            "merge": "mean" if mode == "ave" else "max",
        }

    def _dense(self, name: str, layer: Layer, inputs: int, activation: str) -> None:
        expect(layer, activation, "activation")
        units = layer.number("output_dim", "units")
        kernel, bias = self.file.arrays(layer, (inputs, units), (units,))
        self._put(name, kernel.T, bias)

    def _put(self, name: str, weight: Tensor, bias: Tensor) -> None:
        self.state[f"{name}.weight"], self.state[f"{name}.bias"] = weight, bias
