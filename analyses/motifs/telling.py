"""How long analyses tell what they are doing and how far they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Done = Callable[[int, int], None]  # windows done, of how many


class Say(Protocol):
    """Called with each stage as it begins, and while it works with the windows done and their number."""

    def __call__(self, what: str, done: int | None = None, total: int | None = None) -> None: ...


def silent(what: str, done: int | None = None, total: int | None = None) -> None:
    """Tell nothing."""


def counting(say: Say, what: str) -> Done:
    """Return what tells how much of a stage is done."""
    return lambda done, total: say(what, done, total)
