"""Rewriting a program's description for reading: as in evaluation, logits last, nothing that is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motiflens.models.published.import_program.describe import uses
from motiflens.models.published.import_program.operators import ALLOWED, IN_PLACE, VIEWS, aten
from motiflens.models.types import Json

_DROPOUT: Final = ("dropout", "native_dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
_PROBABILITIES: Final = ("sigmoid", "softmax", "_softmax")
# Layouts that change nothing in the numbers of a sigmoid but their places.
_MOVERS: Final = ("reshape", "flatten", "squeeze", "unsqueeze", "contiguous", "clone", "alias")


def simplify(description: Json) -> Json:
    """Return the description as the model computes in evaluation, each head from before its sigmoid or softmax.

    Dropout is left out; batch normalisation takes its stored statistics (see `layers`); what is written in place
    is computed anew where nothing else looks at the same memory.

    Raises
    ------
    ValueError
        If the program writes into its own weights.
    """
    description = _needed(_logits(_out_of_place(_without_dropout(_reshaped(description)))))
    for node in description["nodes"]:
        first = uses(node["arguments"][0][1]) if node["arguments"] else []
        if node["operator"] in IN_PLACE and first and first[0] in description["weights"]:
            name = description["weights"][first[0]]["name"]
            raise ValueError(f"it writes into its weight {name!r}, as in training: export the model in eval mode")
    return {**description, "ranks": _ranks(description)}


def _ranks(description: Json) -> dict[str, int]:
    """Return the numbers of axes of what depends on an input, which has a row for each window."""
    depends = {entry["name"] for entry in description["inputs"]}
    for node in description["nodes"]:
        if depends & {name for _, argument in node["arguments"] for name in uses(argument)}:
            depends.update(outputs(node))
    return {name: rank for name, rank in description["ranks"].items() if name in depends}


def renamed(argument: Any, names: Mapping[str, str]) -> Any:
    """Return an argument with other names of values."""
    if isinstance(argument, dict):
        return {"value": names.get(argument["value"], argument["value"])} if "value" in argument else argument
    return [renamed(one, names) for one in argument] if isinstance(argument, list) else argument


def _renamed_node(node: Json, names: Mapping[str, str]) -> Json:
    return {**node, "arguments": [[name, renamed(value, names)] for name, value in node["arguments"]]}


def _with(description: Json, nodes: list[Json], names: Mapping[str, str]) -> Json:
    heads = [[name, names.get(value, value)] for name, value in description["heads"]]
    return {**description, "nodes": nodes, "heads": heads}


def _reshaped(description: Json) -> Json:
    """Take reshapes for views, which ask for the very memory that torch's own pass had."""
    nodes = []
    for node in description["nodes"]:
        if node["operator"] in ("view", "_unsafe_view"):
            if node["overload"] != "default" or len(node["arguments"]) != 2:
                raise ValueError(f"operator 'view.{node['overload']}' is none of those that may be run")
            first, (_, shape) = node["arguments"]
            node = {**node, "operator": "reshape", "arguments": [first, ["shape", shape]]}
        nodes.append(node)
    return {**description, "nodes": nodes}


def _without_dropout(description: Json) -> Json:
    names: dict[str, str] = {}
    kept = []
    for old in description["nodes"]:
        node = _renamed_node(old, names)
        if node["operator"].rstrip("_") in _DROPOUT:
            names[node["outputs"][0]] = node["arguments"][0][1]["value"]
        else:
            kept.append(node)
    return _with(description, kept, names)


def _out_of_place(description: Json) -> Json:
    """Compute anew what is written in place, where no view of it is about."""
    names: dict[str, str] = {}
    fresh: set[str] = set()  # values whose memory nothing else shares
    kept = []
    for old in description["nodes"]:
        node = _renamed_node(old, names)
        given = [value for _, argument in node["arguments"] for value in uses(argument)]
        if node["operator"] in IN_PLACE and given and given[0] in fresh and _has_twin(node):
            node["operator"] = node["operator"][:-1]
            after = node["outputs"][0]
            names.update({name: after for name, value in names.items() if value == given[0]})
            names[given[0]] = after  # from here on, whoever asks for the value gets what was written
        if node["operator"] in VIEWS or node["operator"] in IN_PLACE:
            fresh.difference_update(given)
        else:
            fresh.update(value for value in node["outputs"] if isinstance(value, str))
        kept.append(node)
    return _with(description, kept, names)


def _has_twin(node: Json) -> bool:
    """Whether there is the same operator with a result of its own."""
    twin = node["operator"][:-1]
    if twin not in ALLOWED or not isinstance(node["outputs"][0], str):
        return False
    try:
        aten(twin, node["overload"])
    except ValueError:
        return False
    return True


def _logits(description: Json) -> Json:
    nodes = list(description["nodes"])
    made = {output: node for node in nodes for output in node["outputs"] if isinstance(output, str)}
    heads = [[name, _before(value, made, nodes) or value] for name, value in description["heads"]]
    return {**description, "nodes": nodes, "heads": heads}


def _before(value: str, made: dict[str, Json], nodes: list[Json]) -> str | None:
    """Return what a sigmoid or softmax was given, in the layout that it ends up in; None without one."""
    node = made.get(value)
    if node is None or not node["arguments"]:
        return None
    given = uses(node["arguments"][0][1])
    if node["operator"] in _PROBABILITIES:
        return given[0] if given else None
    if node["operator"] not in _MOVERS or len(given) != 1:
        return None
    inner = _before(given[0], made, nodes)
    if inner is None:
        return None
    moved = f"{value}:logits"
    first = [node["arguments"][0][0], {"value": inner}]
    nodes.append({**node, "arguments": [first, *node["arguments"][1:]], "outputs": [moved]})
    return moved


def _needed(description: Json) -> Json:
    """Keep the nodes that a head needs, and those that write into what one may need."""
    wanted = {value for _, value in description["heads"]}
    kept = []
    for node in reversed(description["nodes"]):
        given = [value for _, argument in node["arguments"] for value in uses(argument)]
        of_weight = bool(given) and given[0] in description["weights"] and _counts(description, given[0])
        writes = node["operator"] in IN_PLACE and not of_weight
        if writes or wanted & set(outputs(node)):
            wanted.update(given)
            kept.append(node)
    weights = {name: entry for name, entry in description["weights"].items() if name in wanted}
    constants = {name: value for name, value in description["constants"].items() if name in wanted}
    return {**description, "nodes": kept[::-1], "weights": weights, "constants": constants}


def _counts(description: Json, value: str) -> bool:
    """Whether a weight is the number of batches that batch normalisation has seen, which nothing reads."""
    return str(description["weights"][value]["name"]).endswith("num_batches_tracked")


def outputs(node: Json) -> list[str]:
    """Names of all that a node computes."""
    flat = [one for output in node["outputs"] for one in (output if isinstance(output, list) else [output])]
    return [name for name in flat if name]
