"""Variables have the noun that they hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAY_NOTHING = {"found", "good", "mine", "stuff", "thing", "things"}
FILES = sorted(path for top in ("models", "interpret", "analyses") for path in (ROOT / top).rglob("*.py"))


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of whatever is assigned, looped over, or taken as a parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.lineno, node.name


@pytest.mark.parametrize("top", ["models", "interpret", "analyses"])
def test_variables_are_nouns(top: str) -> None:
    bad = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] == top
        for line, name in bound_names(ast.parse(path.read_text(encoding="utf-8")))
        if name in SAY_NOTHING
    ]
    assert bad == []


def test_every_way_of_naming_is_seen() -> None:
    code = (
        "a = 1\nfor b, (c, *d) in e: pass\nwith f as g: pass\n[h for h in i]\ndef j(k, *, l): m: int = (n := 2)\n"
    )
    assert {name for _, name in bound_names(ast.parse(code))} == set("abcdghklmn")
