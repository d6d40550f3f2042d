"""What a command says at its end and beside its work: for people, or as JSON, or not at all."""

from __future__ import annotations

from contextvars import ContextVar

_TALKATIVE: ContextVar[bool] = ContextVar("talkative", default=True)


def talkative() -> bool:
    """Tell whether progress, notes and results are wanted as text: not with ``--quiet`` or ``--json``."""
    return _TALKATIVE.get()


def say(text: str) -> None:
    """Print a line, from the first process only."""
    from motiflens.models.first_process import first_process

    if talkative() and first_process():
        print(text, flush=True)
