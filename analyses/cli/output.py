"""What a command says at its end and beside its work: for people, or as JSON, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_TALKATIVE: ContextVar[bool] = ContextVar("talkative", default=True)
_AS_JSON: ContextVar[bool] = ContextVar("as_json", default=False)


@contextmanager
def speaking(*, quiet: bool, as_json: bool) -> Iterator[None]:
    """Let `say`, `result`, tables and progress speak within the block as ``--quiet`` and ``--json`` want."""
    talkative_before = _TALKATIVE.set(not (quiet or as_json))
    as_json_before = _AS_JSON.set(as_json)
    try:
        yield
    finally:
        _TALKATIVE.reset(talkative_before)
        _AS_JSON.reset(as_json_before)


def talkative() -> bool:
    """Tell whether progress, notes and results are wanted as text: not with ``--quiet`` or ``--json``."""
    return _TALKATIVE.get()


def say(text: str) -> None:
    """Print a line, from the first process only."""
    from motiflens.models.first_process import first_process

    if talkative() and first_process():
        print(text, flush=True)


def note(text: str) -> None:
    """Print a line that is no result, to stderr."""
    from motiflens.models.first_process import first_process

    if talkative() and first_process():
        print(text, file=sys.stderr, flush=True)


def result(record: Mapping[str, Any], *lines: str, out: object = None) -> None:
    """Say a command's result: its lines for people, or the record as JSON.

    Parameters
    ----------
    record
        What can be written as JSON; numbers that are not finite become null.
    lines
        The same for people.
    out
        Where the command wrote: the lines go to stderr if that is the standard output.
    """
    from motiflens.models.files import STREAMS, json_text
    from motiflens.models.first_process import first_process

    streamed = str(out) in STREAMS
    if not first_process():
        return
    if _AS_JSON.get():
        if not streamed:
            print(json_text(dict(record)), end="", flush=True)
        return
    for line in lines:
        (note if streamed else say)(line)
