"""Pages that are written from the code: every command with its options, every public function."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

PACKAGES = (
    "motiflens.models",
    "motiflens.models.data",
    "motiflens.interpret",
    "motiflens.analyses",
    "motiflens.analyses.motifs",
)


def write_pages(folder: Path) -> None:
    """Write ``commands.md`` and ``api.rst`` into a folder, where they have changed."""
    folder.mkdir(exist_ok=True)
    for name, text in (("commands.md", commands_page()), ("api.rst", api_page())):
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def commands_page() -> str:
    """Return every command with its arguments and options, as Markdown."""
    from motiflens.analyses.cli.main import app
    from motiflens.analyses.cli.plain_help import plain

    parts = ["# Commands", "", "Written from the code; `interpret COMMAND --help` says the same.", ""]
    for name, command in _commands("interpret", get_command(app)):
        parts += [f"## {name}", "", _plain(command.help or ""), ""]
        shown = [one for one in plain(command.params) if not getattr(one, "hidden", False)]
        rows = [_row(one) for one in shown]
        if rows:
            parts += ["| option | value | meaning | default |", "|---|---|---|---|", *rows, ""]
    return "\n".join(parts)


def _commands(prefix: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield prefix, command
        return
    for name in below:
        yield from _commands(f"{prefix} {name}", below[name])


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts if name) or f"`{parameter.name}`"
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.metavar or parameter.name).upper()}`"
    value = (parameter.metavar or "").strip() if parameter.param_type_name == "option" else ""
    value = f"`{_cell(value)}`" if value else ""
    default = parameter.default
    shown = "" if default is None or default is False or default == [] or callable(default) else f"`{default}`"
    return f"| {names} | {value} | {_cell(_plain(getattr(parameter, 'help', None) or ''))} | {shown} |"


def _cell(text: str) -> str:
    """Return a text as it may stand in a table."""
    return text.replace("|", chr(92) + "|")


def _plain(text: str) -> str:
    return " ".join(text.replace("\b", "").replace("<", "&lt;").split())


def api_page() -> str:
    """Return the public functions and classes of the packages, as reStructuredText."""
    parts = ["Public functions", "================", ""]
    seen: set[str] = set()
    for package in PACKAGES:
        module = importlib.import_module(package)
        parts += [package, "-" * len(package), ""]
        for name in sorted(module.__all__, key=str.lower):
            value = getattr(module, name)
            where = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
            if not callable(value) or not where.startswith("motiflens.") or where in seen:
                continue
            seen.add(where)
            kind = "autoclass" if isinstance(value, type) else "autofunction"
            parts += [f".. {kind}:: {where}", ""]
    return "\n".join(parts)
