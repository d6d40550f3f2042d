"""A Keras model's graph as a torch module, and as a model of the project."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.wrapped import Wrapped
from motiflens.models.published.import_keras.build_layer import MASK_KEEPERS, build_layer
from motiflens.models.types import Json

BASES = "ACGT"


class Value(NamedTuple):
    """What a step gives: a tensor, and which of its positions count, (N, T)."""

    tensor: Tensor
    mask: Tensor | None = None


class Network(nn.Module):
    """The steps of a graph, one after the other.

    Parameters
    ----------
    description
        JSON: ``inputs`` (name, shape without the batch), ``layers`` (path -> kind, config, shapes of its arrays),
        ``steps`` (layer, inputs as pairs of step and output, arguments), ``heads`` (name, step, output), ``major``
        (main version of Keras). The inputs are the first steps.
    """

    def __init__(self, description: Json) -> None:
        super().__init__()
        self.description = description
        self.layers = nn.ModuleDict()
        self.names: list[str] = []  # of each step's module
        self.at = ""  # layer that is being computed, for messages
        made: dict[str, str] = {}
        for step in description["steps"]:
            path = step["layer"]
            layer = description["layers"][path]
            if path not in made or not layer["shapes"]:  # layers without weights are never shared
                name = self._free(path)
                try:
                    self.layers[name] = self._build(layer)
                except ValueError as error:
                    raise ValueError(f"layer {path!r} ({layer['kind']}): {error}") from error
                made[path] = name
            self.names.append(made[path])

    def _build(self, layer: Json) -> nn.Module:
        shapes = [tuple(shape) for shape in layer["shapes"]]
        return build_layer(layer["kind"], layer["config"], shapes, self.description["major"])

    def _free(self, path: str) -> str:
        name = path.replace(".", "_")
        tries, n = name, 1
        while tries in self.layers or hasattr(self.layers, tries):
            tries, n = f"{name}:{n}", n + 1
        return tries

    def layer(self, path: str) -> nn.Module:
        """Module of a layer with weights."""
        for step, name in zip(self.description["steps"], self.names, strict=True):
            if step["layer"] == path:
                return self.layers[name]
        raise KeyError(path)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Heads of the inputs, each as Keras' layers take them."""
        values: list[list[Value]] = [[Value(tensor)] for tensor in inputs]
        for step, name in zip(self.description["steps"], self.names, strict=True):
            self.at = step["layer"]
            kind = self.description["layers"][self.at]["kind"]
            given = [values[i][output] for i, output in step["inputs"]]
            values.append(_computed(self.layers[name], kind, given, step["arguments"]))
        return tuple(values[step][output].tensor for _, step, output in self.description["heads"])


def _computed(module: nn.Module, kind: str, given: list[Value], arguments: Json) -> list[Value]:
    own: Any = module
    tensors, masks = [value.tensor for value in given], [value.mask for value in given]
    positions, options = _arguments(arguments)
    extra: dict[str, Any] = dict(options)
    if any(mask is not None for mask in masks) and getattr(module, "takes_masks", False):
        extra["masks"] = masks
    named = {name: tensors[start] for name, (start, count) in positions.items() if count == 1 and name in _NAMED}
    taken = {start for name, (start, _) in positions.items() if name in named}
    output = module(*(tensor for i, tensor in enumerate(tensors) if i not in taken), **named, **extra)
    outputs = list(output) if isinstance(output, tuple) else [output]
    mask: Tensor | None = None
    if hasattr(module, "mask"):
        mask = own.mask(tensors[0])
    elif any(one is not None for one in masks):
        if hasattr(module, "merged_mask"):
            mask = own.merged_mask(masks, tensors)
        elif hasattr(module, "output_mask"):
            mask = own.output_mask(masks[0])
        elif kind in MASK_KEEPERS:
            mask = masks[0]
    return [Value(tensor, mask if i == 0 else None) for i, tensor in enumerate(outputs)]


_NAMED = ("value", "key", "query")  # tensors that attention layers take by name


def _arguments(arguments: Json) -> tuple[dict[str, tuple[int, int]], Json]:
    positions = {name[1:]: tuple(value) for name, value in arguments.items() if name.startswith("@")}
    return positions, {name: value for name, value in arguments.items() if not name.startswith("@")}


class KerasModel(Wrapped):
    """A model that was read from a Keras file; see `import_keras`.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`; channels are those of the sequence's input.
    network
        The graph; see `Network`.
    alphabet
        Order of the bases in the file's sequences.
    flat
        The one head is given as (N, outputs), whatever its shape.

    Attributes
    ----------
    heads
        Names of the outputs, in the file's order.
    inputs
        Names of the inputs, in the file's order.
    held
        Numbers of the inputs that are zero where the sequence alone is given.
    """

    name = "keras"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        network: Json,
        alphabet: str = BASES,
        flat: bool = False,
    ) -> None:
        own = {"network": network, "alphabet": alphabet, "flat": flat}
        SequenceModel.__init__(
            self, length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=own
        )
        self.module = Network(network)
        self._takes_meta = bool(meta)
        self.flat = flat
        self.inputs = tuple(str(entry["name"]) for entry in network["inputs"])
        self.heads = tuple(str(head[0]) for head in network["heads"])
        self._heads = namedtuple("Heads", self.heads, rename=True)  # type: ignore[misc]  # names from the file
        self._shapes = [list(entry["shape"]) for entry in network["inputs"]]
        self._order = [alphabet.index(base) for base in BASES]
        self._sequence = sequence_input(self._shapes)
        self.any_length = self._length_of(self._shapes[self._sequence]) is None  # type: ignore[misc]
        keras_initialise(self)

    @staticmethod
    def _length_of(shape: list[int | None]) -> int | None:
        if len(shape) == 2:
            return shape[1] if _bases_first(shape) else shape[0]
        return shape[0]

    @property
    def held(self) -> list[int]:
        sequence = self._shapes[self._sequence]
        return [
            i
            for i, shape in enumerate(self._shapes)
            if i != self._sequence and shape != sequence and not (len(shape) == 1 and self.meta)
        ]

    def forward(self, x: Tensor | Sequence[Tensor], meta: Tensor | None = None) -> Any:
        """Logits: one tensor, or a tuple of all heads.

        Parameters
        ----------
        x
            (N, C, L), bases A, C, G, T first; or a tuple of all inputs in the file's order, those of positions
            × channels as (N, C, L).
        meta
            (N, M): features that are no sequence, where the file has an input of them.

        Raises
        ------
        ValueError
            If number or shapes of the inputs do not fit.
        """
        if isinstance(x, Tensor) and (x.ndim != 2 or len(self._shapes[self._sequence]) != 1):
            self.check(x, meta)
        network: Any = self.module
        outputs = network(self._given(x, meta))
        if len(outputs) > 1:
            return self._heads(*outputs)
        return outputs[0].flatten(1) if self.flat else outputs[0]

    def all_outputs(self, x: Tensor, meta: Tensor | None = None) -> Any:
        return self.forward(x, meta)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        y: Tensor = self.forward(x, meta)
        return y

    def first_inputs(self, x: Tensor) -> Tensor:
        return self._reordered(x)

    def _given(self, x: Tensor | Sequence[Tensor], meta: Tensor | None) -> list[Tensor]:
        """All inputs as Keras' layers take them; where only the sequence is given, tracks are zero."""
        if not isinstance(x, Tensor):
            if len(x) != len(self._shapes):
                raise ValueError(
                    f"the file has {len(self._shapes)} inputs ({', '.join(self.inputs)}), not {len(x)}"
                )
            return [self._laid_out(i, part) for i, part in enumerate(x)]
        given, left = [], meta
        for i, shape in enumerate(self._shapes):
            if i == self._sequence:
                given.append(self._laid_out(i, x))
            elif shape == self._shapes[self._sequence] and len(shape) == 2:
                given.append(self._laid_out(i, reverse_complement(x)))
            elif len(shape) == 1 and left is not None:
                width = shape[0] or left.shape[1]
                given.append(left[:, :width])
                left = left[:, width:]
            else:
                given.append(x.new_zeros(len(x), *(x.shape[-1] if size is None else size for size in shape)))
        return given

    def _laid_out(self, i: int, part: Tensor) -> Tensor:
        shape = self._shapes[i]
        if len(shape) == 1 and part.ndim == 3:
            return self._reordered(part)  # bases, for an embedding
        if len(shape) != part.ndim - 1:
            raise ValueError(
                f"the input {self.inputs[i]!r} has {len(shape)} axes after the batch, not {part.ndim - 1}"
            )
        if len(shape) != 2:
            return part
        channels = shape[0] if _bases_first(shape) else shape[1]
        length = self._length_of(shape)
        if channels not in (None, part.shape[1]) or length not in (None, part.shape[2]):
            wanted = f"(N, {channels or 'C'}, {length or 'L'})"
            raise ValueError(f"the input {self.inputs[i]!r} takes {wanted}, not {tuple(part.shape)}")
        bases = i == self._sequence or channels == 4
        ordered = self._reordered(part) if bases and part.shape[1] >= 4 else part
        return ordered if _bases_first(shape) else ordered.transpose(1, 2)

    def _reordered(self, x: Tensor) -> Tensor:
        """Channels with the bases in the file's order."""
        order = sorted(range(4), key=self._order.__getitem__)
        if order == [0, 1, 2, 3]:
            return x
        return x[:, [*order, *range(4, x.shape[1])]]


def _bases_first(shape: list[int | None]) -> bool:
    """Whether an input takes bases × positions."""
    return len(shape) == 2 and shape[0] == 4 and shape[1] != 4 and (shape[1] is None or shape[1] > 4)


def sequence_input(shapes: list[list[int | None]]) -> int:
    """Which input is the sequence: the first of positions × at least four channels, or else the first.

    Examples
    --------
    >>> sequence_input([[1000, 2], [2114, 4], [1]])
    1
    """
    for i, shape in enumerate(shapes):
        if _bases_first(shape) or (len(shape) == 2 and shape[1] is not None and shape[1] >= 4):
            return i
    return 0
