"""No function asks for more than eight things: options are one object that is passed on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 8


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield place and definition of every function of the package."""
    for top in ("models", "interpret", "analyses"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_free(place: str, name: str) -> bool:
    """Tell whether a function is an option constructor or a command: these list what can be set."""
    return (place.startswith("models/architectures/") and name == "__init__") or (
        place.startswith("analyses/cli/") and (name == "command" or name.endswith("_command"))
    )


def test_no_function_has_more_than_eight_parameters() -> None:
    many = []
    for place, node in functions():
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > MOST and not is_free(place, node.name):
            many.append(f"{place} {node.name}: {count}")
    assert many == []
