"""Which arrays of a file belong to which layer."""

from __future__ import annotations

from collections.abc import Sequence

from motiflens.models.published.import_keras.build_layer import wrapped
from motiflens.models.published.import_keras.graph import Layer
from motiflens.models.published.import_keras.recurrent import GATES
from motiflens.models.published.import_keras.stored import Stored
from motiflens.models.types import Floats

Named = list[tuple[str, Floats]]


def layer_arrays(stored: Stored, layers: Sequence[Layer]) -> dict[str, list[Floats]]:
    """Return each layer's arrays in Keras' order, by the layer's path.

    Parameters
    ----------
    stored
        The file.
    layers
        All layers of the graph, in the order of the configuration.

    Raises
    ------
    ValueError
        If the arrays of a nested model do not tell which layer they belong to.
    """
    if stored.zipped:
        return {layer.path: _from_places(stored, layer) for layer in layers}
    named = _by_name(stored, layers)
    return {layer.path: _turned(stored, layer, named[layer.path]) for layer in layers}


def _turned(stored: Stored, layer: Layer, arrays: list[Floats]) -> list[Floats]:
    """Kernels of convolutions as Keras 2 has them with TensorFlow: position × channel × filter, not flipped."""
    if layer.kind != "Conv1D" or not arrays:
        return arrays
    kernel = arrays[0]
    if kernel.ndim == 4:  # Keras 1: of two dimensions; before its version 1.1 filter × channel × position
        size = layer.config.get("kernel_size")
        kernel = kernel if kernel.shape[:2] == (size, 1) else kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0]
    if stored.backend == "theano":
        kernel = kernel[::-1]
    return [kernel, *arrays[1:]]


def _by_name(stored: Stored, layers: Sequence[Layer]) -> dict[str, list[Floats]]:
    arrays_of: dict[str, list[Floats]] = {}
    nested: dict[str, list[Layer]] = {}
    for layer in layers:
        top, inner, _ = layer.path.partition("/")
        if inner and top in stored.groups and layer.path not in stored.groups:
            nested.setdefault(top, []).append(layer)
        else:
            arrays_of[layer.path] = [array for _, array in stored.groups.get(layer.path, [])]
    for top, inside in nested.items():
        arrays_of |= _nested(stored, top, inside)
    return arrays_of


def _parts(layer: Layer, major: int) -> list[str]:
    """Where below a layer's place a .keras file keeps its arrays."""
    if layer.kind in GATES:
        return ["cell"]
    if layer.kind == "Bidirectional":
        return ["forward_layer/cell", "backward_layer/cell"]
    if layer.kind == "MultiHeadAttention":
        return [f"{part}_dense" for part in ("query", "key", "value", "output")]
    if layer.kind == "TimeDistributed":
        kind, config = wrapped(layer.config, major)
        return [f"layer/{part}".rstrip("/") for part in _parts(Layer("", kind, config, ""), major)]
    return [""]


def _from_places(stored: Stored, layer: Layer) -> list[Floats]:
    arrays_here: list[Floats] = []
    for part in _parts(layer, stored.major):
        above, _, name = part.rpartition("/")
        for option in (part, f"{above}/_{name}".lstrip("/")):  # tf_keras: _query_dense
            place = f"{layer.place}/{option}".rstrip("/")
            old = place.replace("layers", "_layer_checkpoint_dependencies")  # Keras 2.12 and 2.13
            arrays = stored.places.get(place) or stored.places.get(old)
            if arrays:
                arrays_here += arrays
                break
    return arrays_here


def _nested(stored: Stored, top: str, layers: list[Layer]) -> dict[str, list[Floats]]:
    """Tell apart the arrays of a model within the model, which a .h5 file keeps in one list."""
    named = stored.groups[top]
    by_path = {tuple(layer.path.split("/")): layer for layer in layers}
    arrays_of: dict[str, list[Floats]] = {layer.path: [] for layer in layers}
    for name, array in named:
        owners = _owners(tuple(name.split("/")[:-1]), by_path)
        if len(owners) != 1:
            return _in_order(stored, top, layers)
        arrays_of[owners[0].path].append(array)
    return arrays_of


def _owners(name: tuple[str, ...], layers: dict[tuple[str, ...], Layer]) -> list[Layer]:
    """Layers whose path, or its end, begins an array's name; those of which most agrees."""
    best = 0
    owners: list[Layer] = []
    for path, layer in layers.items():
        for start in range(len(path)):
            end = path[start:]
            if any(name[at : at + len(end)] == end for at in range(len(name) - len(end) + 1)):
                if len(end) > best:
                    best, owners = len(end), []
                if len(end) == best:
                    owners.append(layer)
                break
    return owners


def _in_order(stored: Stored, top: str, layers: list[Layer]) -> dict[str, list[Floats]]:
    """Take the arrays as Keras does: those that are trained, layer by layer, then the others."""
    arrays = [array for _, array in stored.groups[top]]
    counts = {layer.path: _counts(layer) for layer in layers}
    if sum(a + b for a, b in counts.values()) != len(arrays):
        raise ValueError(f"the names of the arrays of model {top!r} do not tell which layers they belong to")
    arrays_of: dict[str, list[Floats]] = {layer.path: [] for layer in layers}
    left = iter(arrays)
    for late in (0, 1):
        for path, numbers in counts.items():
            arrays_of[path] += [next(left) for _ in range(numbers[late])]
    return arrays_of


def _counts(layer: Layer) -> tuple[int, int]:
    """Number of a layer's arrays that are trained, and that are not."""
    config = layer.config

    def flags(*names: str) -> int:
        return sum(config.get(name, True) is not False for name in names)

    late = 0
    if layer.kind in ("Conv1D", "DepthwiseConv1D", "Conv1DTranspose", "Dense"):
        early = 1 + flags("use_bias")
    elif layer.kind == "SeparableConv1D" or layer.kind in GATES:
        early = 2 + flags("use_bias")
    elif layer.kind == "Bidirectional":
        early = 6
    elif layer.kind in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
        early, late = flags("scale", "center"), 2 * (layer.kind == "BatchNormalization")
    elif layer.kind == "MultiHeadAttention":
        early = 4 * (1 + flags("use_bias"))
    elif layer.kind in ("Embedding", "PReLU", "RMSNormalization"):
        early = 1
    elif layer.kind == "Normalization":
        early, late = 0, 3 * (config.get("mean") is None)
    else:
        early = 0
    return (0, early + late) if config.get("trainable", True) is False else (early, late)
