"""Python's warnings of our own as one line each, as all that a command notes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_OURS = str(Path(__file__).parents[2])


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print warnings that our own code raises as lines ``note: …``; others are shown as before."""
    shown = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, UserWarning) and filename.startswith(_OURS):
            from motiflens.analyses.cli.output import note

            note(f"note: {message}")
        else:
            shown(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown
