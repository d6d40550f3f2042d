"""A program's graph as a torch module: layers where there are any, listed operators otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from motiflens.models.published.import_program.describe import is_number_node, uses
from motiflens.models.published.import_program.layers import Plan, plan
from motiflens.models.published.import_program.operators import IN_PLACE, aten, number
from motiflens.models.published.import_program.raw_tensor import DTYPES
from motiflens.models.published.import_program.simplify import outputs
from motiflens.models.types import Json


@dataclass
class _Step:
    """A node, ready to be computed."""

    node: Json
    function: Any = None  # an operator's overload; None for numbers
    place: tuple[nn.Module, str] | None = None  # of the layer: where it lies, so that another may take its place
    inputs: tuple[str, ...] = ()  # of the layer
    done: tuple[str, ...] = ()  # values that nobody needs afterwards


class Network(nn.Module):
    """The nodes of a program, one after the other.

    Parameters
    ----------
    description
        See `describe`; each of its weights has its ``shape`` and ``dtype`` too.

    Attributes
    ----------
    at
        What is being computed, for messages.
    most
        Bytes that a result may have, checked where it is set.
    """

    def __init__(self, description: Json) -> None:
        super().__init__()
        self.description = description
        self.at = ""
        self.most: int | None = None
        self.layers = nn.Module()
        self.steps = nn.ModuleDict()
        self._places: dict[str, tuple[nn.Module, str]] = {}  # value of a weight -> its module and name there
        plans = {i: made for i, node in enumerate(description["nodes"]) if (made := plan(node, description))}
        plans = _consistent(plans, description)
        owners = self._owners(plans, description)
        for value, entry in description["weights"].items():
            if value not in self._places:
                self._register(value, entry)
        self._steps = [self._step(i, node, plans.get(i), owners) for i, node in enumerate(description["nodes"])]
        self._last_uses()
        self._writes = any(node["operator"] in IN_PLACE for node in description["nodes"])

    def _owners(self, plans: dict[int, Plan], description: Json) -> dict[int, tuple[nn.Module, str]]:
        """Make the layers that hold weights, under the names that they had; return where each node's lies."""
        made: dict[str, nn.Module] = {}
        places: dict[str, tuple[nn.Module, str]] = {}
        owners: dict[int, tuple[nn.Module, str]] = {}
        for i, layer in plans.items():
            if not layer.weights:
                continue
            prefix = _prefix(layer, description)
            assert prefix is not None
            if prefix not in made:
                made[prefix] = layer.make()
                *above, last = prefix.split(".")
                parent = self._container(above)
                places[prefix] = parent, _free(parent, last)
                parent.add_module(places[prefix][1], made[prefix])
                for name, value in layer.weights.items():
                    if not description["weights"][value]["trained"]:
                        getattr(made[prefix], name).requires_grad_(False)
                    if tuple(getattr(made[prefix], name).shape) != tuple(description["weights"][value]["shape"]):
                        raise ValueError(f"its weight {prefix}.{name} does not fit its layer")
                    self._places[value] = made[prefix], name
            owners[i] = places[prefix]
        return owners

    def _container(self, path: list[str]) -> nn.Module:
        module = self.layers
        for part in path:
            name = part if part in module._modules else _free(module, part)
            if name not in module._modules:
                module.add_module(name, nn.Module())
            child = module._modules[name]
            assert child is not None
            module = child
        return module

    def _register(self, value: str, entry: Json) -> None:
        *above, last = str(entry["name"]).split(".")
        parent = self._container(above)
        name = _free(parent, last)
        empty = torch.zeros(entry["shape"], dtype=getattr(torch, entry["dtype"]))
        if entry["trained"] and empty.is_floating_point():
            parent.register_parameter(name, nn.Parameter(empty))
        else:
            parent.register_buffer(name, empty)
        self._places[value] = parent, name

    def _step(self, i: int, node: Json, made: Plan | None, owners: dict[int, tuple[nn.Module, str]]) -> _Step:
        if is_number_node(node):
            return _Step(node)
        if made is None:
            return _Step(node, function=aten(node["operator"], node["overload"]))
        place = owners.get(i)
        if place is None:
            place = self.steps, _free(self.steps, node["outputs"][0])
            self.steps[place[1]] = made.make()
        return _Step(node, place=place, inputs=tuple(made.inputs))

    def _last_uses(self) -> None:
        """Note after which step each value can be let go."""
        kept = {value for _, value in self.description["heads"]}
        for step in reversed(self._steps):
            given = [name for _, argument in step.node["arguments"] for name in uses(argument)]
            step.done = tuple({name for name in (*given, *outputs(step.node)) if name not in kept})
            kept.update(step.done)

    def weight(self, value: str) -> Tensor:
        """Parameter or buffer of a value."""
        module, name = self._places[value]
        tensor: Tensor = getattr(module, name)
        return tensor

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the weights, by the names of their values."""
        with torch.no_grad():
            for value, tensor in tensors.items():
                self.weight(value).copy_(tensor)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Heads of the inputs, each as the program takes them."""
        names = [entry["name"] for entry in self.description["inputs"]]
        given = [x.clone() for x in inputs] if self._writes else inputs
        values: dict[str, Any] = dict(zip(names, given, strict=True))
        values.update(self.description["constants"])
        for value in self.description["weights"]:
            tensor = self.weight(value)
            values[value] = tensor.clone() if self._writes and not tensor.requires_grad else tensor
        for step in self._steps:
            self.at = step.node["operator"]
            self._keep(step.node, self._compute(step, values, inputs[0]), values)
            for name in step.done:
                values.pop(name, None)
        return tuple(values[value] for _, value in self.description["heads"])

    def _compute(self, step: _Step, values: dict[str, Any], like: Tensor) -> Any:
        if step.place is not None:
            layer = step.place[0]._modules[step.place[1]]
            assert layer is not None
            result = layer(*(values[name] for name in step.inputs))
            return _flat(result) if isinstance(result, tuple) else result
        arguments = [(name, _filled(argument, values, like)) for name, argument in step.node["arguments"]]
        if step.function is None:
            return number(step.node["operator"], [value for _, value in arguments])
        names = [argument.name for argument in step.function._schema.arguments if not argument.kwarg_only]
        positional: list[Any] = []
        named = dict(arguments)
        for name in _EVALUATION.get(step.node["operator"], ()):
            named[name] = False
        for name in names:
            if name not in named:
                break
            positional.append(named.pop(name))
        return step.function(*positional, **named)

    def _keep(self, node: Json, result: Any, values: dict[str, Any]) -> None:
        given = node["outputs"]
        if len(given) == 1 and isinstance(given[0], list):
            pairs = list(zip(given[0], result, strict=True))
        elif len(given) > 1 and isinstance(result, tuple | list):
            pairs = list(zip(given, result, strict=True))
        else:  # of a layer only the first may be known
            pairs = [(name, result[0] if isinstance(result, tuple | list) else result) for name in given[:1]]
        for name, value in pairs:
            if self.most is not None and isinstance(value, Tensor):
                size = value.numel() * value.element_size()
                if size > self.most:
                    raise ValueError(f"gives {size:,} bytes, more than {self.most:,}")
            if name:
                values[name] = value


def _flat(result: tuple[Any, ...]) -> tuple[Any, ...]:
    """Outputs and states of a recurrent layer, as its operator gives them."""
    return tuple(one for part in result for one in (part if isinstance(part, tuple) else (part,)))


# What tells training from evaluation, by operator.
_EVALUATION = {"batch_norm": ("training",), "instance_norm": (), "lstm": ("train",), "gru": ("train",)}


def _filled(argument: Any, values: dict[str, Any], like: Tensor) -> Any:
    """Return an argument with what was computed so far; floats in single precision, on the input's device."""
    if isinstance(argument, list):
        return [_filled(one, values, like) for one in argument]
    if not isinstance(argument, dict):
        return argument
    if "value" in argument:
        return values[argument["value"]]
    if "batch" in argument:
        return len(like)
    if "device" in argument:
        return like.device
    dtype = DTYPES.get(argument["dtype"])
    if dtype is None:
        raise ValueError(f"is given a type that is not supported ({argument['dtype']})")
    return like.dtype if dtype.is_floating_point else dtype


def _prefix(layer: Plan, description: Json) -> str | None:
    """Return the name that a layer had, where its weights have the names that its kind gives them."""
    prefixes = set()
    for name, value in layer.weights.items():
        full = str(description["weights"][value]["name"])
        prefixes.add(full.removesuffix(f".{name}") if full.endswith(f".{name}") else None)
    return prefixes.pop() if len(prefixes) == 1 else None


def _consistent(plans: dict[int, Plan], description: Json) -> dict[int, Plan]:
    """Keep the layers whose weights are theirs alone; others are computed by functions."""
    nodes = description["nodes"]
    while True:
        users: dict[str, set[str]] = {}  # weight -> layers that use it, or "" for a function
        for i, node in enumerate(nodes):
            layer = plans.get(i)
            owner = ""
            if layer is not None and layer.weights:
                owner = f"{_prefix(layer, description)} {layer.options}"
            for name in {name for _, argument in node["arguments"] for name in uses(argument)}:
                if name in description["weights"]:
                    users.setdefault(name, set()).add(owner)
        spoilt = [
            i
            for i, layer in plans.items()
            if layer.weights
            and (
                _prefix(layer, description) is None
                or any(len(users[value]) > 1 for value in layer.weights.values())
            )
        ]
        if not spoilt:
            return plans
        plans = {i: layer for i, layer in plans.items() if i not in spoilt}


def _free(module: nn.Module, name: str) -> str:
    """Return a name that a module's part can have."""
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    tries, n = clean, 1
    while hasattr(module, tries) or (isinstance(module, nn.ModuleDict) and tries in module):
        tries, n = f"{clean}_{n}", n + 1
    return tries
