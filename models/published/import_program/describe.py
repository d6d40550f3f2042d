"""A program's graph, as torch's schema writes it, in the short form that a network is made of."""

from __future__ import annotations

import json
from typing import Any, Final

from motiflens.models.published.import_program.operators import NUMBERS, SILENT, split_target
from motiflens.models.types import Json

_FLOATS: Final = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_PLAIN: Final = {
    "as_int": int,
    "as_bool": bool,
    "as_string": str,
    "as_ints": list,
    "as_floats": list,
    "as_bools": list,
}
_SYMBOLS: Final = ("as_sym_int", "as_sym_bool", "as_sym_float")
_LISTS: Final = ("as_tensors", "as_optional_tensors", "as_sym_ints", "as_sym_bools", "as_sym_floats")
# Left out: what says how numbers lie in memory, which changes none of them.
_LAYOUTS: Final = ("as_memory_format", "as_layout")


def describe(program: Json) -> Json:
    """Return a program's description.

    Parameters
    ----------
    program
        The content of ``models/model.json``.

    Returns
    -------
    dict
        JSON: ``inputs`` (name, shape with None for what is open), ``weights`` (value -> its tensor's name,
        whether it is trained), ``constants`` (value -> number), ``nodes`` (operator, overload, arguments as pairs
        of a name and a value, outputs), ``heads`` (name, value), ``ranks`` (value -> number of axes). Within
        arguments ``{"value": name}`` is what a node computed, ``{"dtype": n}`` a type.

    Raises
    ------
    ValueError
        If it calls an operator that is not on the list, uses a value before it is computed, or is no program.
    """
    module = _object(program, "graph_module")
    graph, signature = _object(module, "graph"), _object(module, "signature")
    ranks, shapes = _sizes(_object(graph, "tensor_values"))
    description: Json = {"inputs": [], "weights": {}, "constants": {}, "nodes": [], "ranks": ranks}
    known: set[str] = set()
    for spec in _items(signature, "input_specs"):
        _describe_input(spec, description, shapes)
    if not description["inputs"]:
        raise ValueError("it has no input")
    for group in ("weights", "constants"):
        known |= description[group].keys()
    known |= {entry["name"] for entry in description["inputs"]}
    for entry in _items(graph, "nodes"):
        node = _node(entry, known)
        if node is not None:
            description["nodes"].append(node)
    description["heads"] = _heads(module, signature, known)
    return description


def _object(parent: Any, key: str) -> Json:
    value = parent.get(key) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise ValueError(f"it is no program of torch.export ({key} is missing)")
    return value


def _items(parent: Json, key: str) -> list[Json]:
    value = parent.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"it is no program of torch.export ({key} is missing)")
    return value


def _one(union: Any) -> tuple[str, Any]:
    """Return the one entry of a union."""
    if not isinstance(union, dict) or len(union) != 1:
        raise ValueError(f"it is no program of torch.export ({str(union)[:60]!r} is none of its values)")
    return next(iter(union.items()))


def _sizes(values: Json) -> tuple[dict[str, int], dict[str, list[int | None]]]:
    """Numbers of axes and sizes, None where they are symbols; expressions are never read."""
    shapes: dict[str, list[int | None]] = {}
    for name, meta in values.items():
        sizes = meta.get("sizes") if isinstance(meta, dict) else None
        if isinstance(sizes, list):
            shapes[name] = [_size(size) for size in sizes]
    return {name: len(shape) for name, shape in shapes.items()}, shapes


def _size(size: Any) -> int | None:
    value = size.get("as_int") if isinstance(size, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _describe_input(spec: Json, description: Json, shapes: dict[str, list[int | None]]) -> None:
    kind, content = _one(spec)
    if kind == "user_input":
        form, argument = _one(_object(content, "arg"))
        if form == "as_none":
            return
        name = argument.get("name") if form == "as_tensor" and isinstance(argument, dict) else None
        if not isinstance(name, str) or name not in shapes:
            raise ValueError(f"its input {str(argument)[:60]} is no tensor")
        description["inputs"].append({"name": name, "shape": shapes[name]})
    elif kind in ("parameter", "buffer", "tensor_constant"):
        name, tensor = _object(content, "arg").get("name"), content.get(f"{kind}_name")
        if not isinstance(name, str) or not isinstance(tensor, str) or name in description["weights"]:
            raise ValueError(f"it names no weight ({str(content)[:60]})")
        description["weights"][name] = {"name": tensor, "trained": kind == "parameter"}
    elif kind == "constant_input":
        _, value = _one(_object(content, "value"))
        description["constants"][str(content.get("name"))] = value
    else:
        raise ValueError(f"it has an input of kind {kind!r}, which is never loaded")


def _node(entry: Json, known: set[str]) -> Json | None:
    name, overload = split_target(entry.get("target"))
    if name in SILENT:
        return None
    arguments = []
    for given in _items(entry, "inputs"):
        kind, value = _one(given.get("arg"))
        if kind not in _LAYOUTS:
            arguments.append([str(given.get("name")), _argument(kind, value, known, name)])
    outputs: list[Any] = [_output(*_one(output), known) for output in _items(entry, "outputs")]
    return {"operator": name, "overload": overload, "arguments": arguments, "outputs": outputs}


def _argument(kind: str, value: Any, known: set[str], operator: str) -> Any:
    if kind == "as_none":
        return None
    if kind in _PLAIN and isinstance(value, _PLAIN[kind]) and _all_numbers(value):
        return value
    if kind == "as_float" and (isinstance(value, int | float) or value in _FLOATS):
        return _FLOATS.get(value, value) if isinstance(value, str) else float(value)
    if kind in ("as_tensor", "as_optional_tensor", *_SYMBOLS):
        return _value(value, known, operator)
    if kind in _LISTS and isinstance(value, list):
        return [_value(one, known, operator) for one in value]
    if kind == "as_scalar_type" and isinstance(value, int):
        return {"dtype": value}
    if kind == "as_device":
        return {"device": True}
    raise ValueError(f"operator {operator!r} is given {kind.removeprefix('as_')}, which is not supported")


def _all_numbers(value: Any) -> bool:
    return not isinstance(value, list) or all(isinstance(one, int | float) for one in value)


def _value(value: Any, known: set[str], operator: str) -> Any:
    """Return a reference, or a plain number among symbols."""
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        name: Any = value["name"]
    else:
        kind, name = _one(value)
        if kind in ("as_int", "as_bool", "as_float") and isinstance(name, int | float):
            return name
        if kind == "as_none":
            return None
        if kind == "as_tensor" and isinstance(name, dict):
            name = name.get("name")
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"operator {operator!r} uses {str(name)[:60]!r} before it is computed")
    return {"value": name}


def _output(kind: str, value: Any, known: set[str]) -> Any:
    if kind == "as_none":
        return None
    if kind == "as_tensors" and isinstance(value, list):
        return [_output("as_tensor", one, known) for one in value]
    name = value.get("name" if kind == "as_tensor" else "as_name") if isinstance(value, dict) else None
    if kind not in ("as_tensor", *_SYMBOLS) or not isinstance(name, str):
        raise ValueError(f"it computes {kind.removeprefix('as_')}, which is not supported")
    if name and name in known:
        raise ValueError(f"it computes {name!r} twice")
    known.add(name)
    return name


def _heads(module: Json, signature: Json, known: set[str]) -> list[list[str]]:
    values = []
    for spec in _items(signature, "output_specs"):
        kind, content = _one(spec)
        if kind == "user_output":
            form, argument = _one(_object(content, "arg"))
            if form == "as_none":
                continue
            if form != "as_tensor":
                raise ValueError("it gives something else than tensors")
            values.append(_value(argument, known, "output")["value"])
        elif kind not in ("buffer_mutation", "user_input_mutation"):
            raise ValueError(f"it gives {kind.replace('_', ' ')}, as in training: export the model in eval mode")
    if not values:
        raise ValueError("it gives no tensor")
    names = _names(module) if len(values) > 1 else ["output"]
    if len(names) != len(values) or len(set(names)) < len(names):
        names = [f"output{i}" for i in range(len(values))]
    return [list(pair) for pair in zip(names, values, strict=True)]


def _names(module: Json) -> list[str]:
    """Names of several outputs: keys of a mapping, fields of a named tuple, or none."""
    try:
        _, tree = json.loads(module["module_call_graph"][0]["signature"]["out_spec"])
        context = tree["context"]
        keys = json.loads(context) if isinstance(context, str) else context
        if tree["type"] == "collections.namedtuple":
            keys = module["treespec_namedtuple_fields"][keys]["field_names"]
        flat = all(not child["children_spec"] for child in tree["children_spec"])
    except (KeyError, IndexError, TypeError, ValueError):
        return []
    return [str(key) for key in keys] if flat and isinstance(keys, list) else []


def uses(argument: Any) -> list[str]:
    """Return the values that an argument names.

    Examples
    --------
    >>> uses([{"value": "x"}, 3, [{"value": "y"}], {"dtype": 7}])
    ['x', 'y']
    """
    if isinstance(argument, dict):
        return [argument["value"]] if "value" in argument else []
    return [name for one in argument for name in uses(one)] if isinstance(argument, list) else []


def is_number_node(node: Json) -> bool:
    """Whether a node computes numbers alone."""
    return node["operator"] in NUMBERS
