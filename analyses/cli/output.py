"""What a command says at its end and beside its work: for people, or as JSON, or not at all."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import Any

_TALKATIVE: ContextVar[bool] = ContextVar("talkative", default=True)


@contextmanager
def speaking(*, quiet: bool, as_json: bool) -> Iterator[None]:
    """Let `say`, `result`, tables and progress speak within the block as ``--quiet`` and ``--json`` want."""
    if not (quiet or as_json):
        yield
        return
    real = sys.stdout
    muted = _Muted(real)
    talkative_before, muted_before = _TALKATIVE.set(False), _MUTED.set(muted)
    try:
        with redirect_stdout(muted):
            yield
        if as_json and not muted.streamed:
            record = muted.record if muted.record is not None else {"lines": muted.getvalue().splitlines()}
            print(_json(record), end="", flush=True, file=real)
    finally:
        _TALKATIVE.reset(talkative_before)
        _MUTED.reset(muted_before)


class _Muted(io.StringIO):
    """Takes what is printed; bytes of a result that is streamed go to the real standard output."""

    def __init__(self, real: Any) -> None:
        super().__init__()
        self.real, self.streamed = real, False
        self.record: Mapping[str, Any] | None = None

    @property
    def buffer(self) -> Any:
        """What bytes are written to."""
        self.streamed = True
        return self.real.buffer


_MUTED: ContextVar[_Muted | None] = ContextVar("muted", default=None)


def _json(record: Mapping[str, Any]) -> str:
    from motiflens.models.files import json_text

    return json_text(dict(record))


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
        print(" ".join(text.splitlines()), file=sys.stderr, flush=True)  # names of files may hold line ends


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
    from motiflens.models.files import STREAMS

    muted = _MUTED.get()
    if muted is not None:
        muted.record = record
        return
    for line in lines:
        (note if str(out) in STREAMS else say)(line)
