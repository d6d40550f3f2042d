"""No module needs, in a circle, what needs it: imports inside functions and names offered lazily included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def modules() -> dict[str, Path]:
    """Return the package's modules: dotted name -> file."""
    names = {}
    for top in ("models", "interpret", "analyses"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names[".".join(("motiflens", *parts)).removesuffix(".__init__")] = path
    return names


def imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that is imported when the code runs, at its top or later."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.ImportFrom):
            yield from ((child.module or "", alias.name) for alias in child.names)
        elif isinstance(child, ast.Import):
            yield from ((alias.name, "") for alias in child.names)
        elif isinstance(child, ast.Call) and getattr(child.func, "id", "") == "lazy_exports":
            yield from ((module, name) for name, module in ast.literal_eval(child.args[1]).items())
        yield from imports(child)


def graph(files: dict[str, Path]) -> dict[str, set[str]]:
    """Return what each module imports of the package."""
    edges: dict[str, set[str]] = {}
    for name, path in files.items():
        wanted = imports(ast.parse(path.read_text(encoding="utf-8")))
        targets = (f"{module}.{part}" if f"{module}.{part}" in files else module for module, part in wanted)
        edges[name] = {target for target in targets if target in files and target != name}
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return one circle as a path, or nothing."""
    state: dict[str, int] = {}  # 1: on the path, 2: done

    def walk(name: str, path: list[str]) -> list[str]:
        state[name] = 1
        for target in sorted(edges[name]):
            if state.get(target) == 1:
                return [*path[path.index(target) :], target]
            if target not in state:
                hit = walk(target, [*path, target])
                if hit:
                    return hit
        state[name] = 2
        return []

    for name in sorted(edges):
        if name not in state:
            hit = walk(name, [name])
            if hit:
                return hit
    return []


def test_no_circle() -> None:
    assert circle(graph(modules())) == []


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
