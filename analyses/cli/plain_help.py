"""Help in plain words: panels in one order, and types that are no Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

# The order of the panels in every command's help; what is in none of them comes first, under "Options".
ORDER = ("Data", "Model", "Statistics", "Machine", "Output")
# What an argument of some type is called.
_TYPES = {"Path": "PATH", "str": "TEXT", "int": "INTEGER", "float": "NUMBER"}


class PlainCommand(TyperCommand):
    """A command whose help is plain."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, for parsing and for help."""
        return plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands whose own help is plain."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, for parsing and for help."""
        return plain(super().get_params(ctx))


def plain(parameters: Iterable[Any]) -> list[Any]:
    """Return parameters in the order of their panels, with words for their types.

    A switch has no type to show (else ``<bool>``), an argument that of its value (else ``<list[Path]>``).
    """
    ordered = sorted(parameters, key=lambda one: _place(getattr(one, "rich_help_panel", None)))
    for one in ordered:
        if one.param_type_name == "argument":
            word = _word(one)
            one.metavar = one.metavar or ("RUN" if one.name in ("run", "runs") else one.name.upper())
            one.display_type = lambda ctx, word=word: word
        elif one.metavar is None and getattr(one, "is_flag", False):
            one.metavar = " "
    return ordered


def _place(panel: str | None) -> int:
    return ORDER.index(panel) if panel in ORDER else -1


def _word(argument: Any) -> str:
    """Return what the values of an argument are."""
    shown = str(getattr(getattr(argument, "type_descriptor", None), "annotation", getattr(argument, "type", "")))
    return next((word for name, word in _TYPES.items() if name in shown), "TEXT")
