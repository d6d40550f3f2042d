"""What is typed as a text or a path, looked at before it is one: `Path` forgets how it was spelt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

import typer


def given_text(annotation: Any, *, file: bool = False) -> Callable[[Any], Any] | None:
    """Return what reads one word of the command line as an option's text or path; None for other options.

    Parameters
    ----------
    annotation
        The option's type: ``str`` or ``Path``, one or a list of them, or None.
    file
        Whether it names a file to write.

    Examples
    --------
    >>> given_text(Path | None)("a/b")
    PosixPath('a/b')
    >>> given_text(str)(" ")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    BadParameter: it is empty: name something, or leave it out
    >>> given_text(Path, file=True)("out.tsv/")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    BadParameter: out.tsv/ ends with /: name a file
    """
    kinds = {one for part in (annotation, *get_args(annotation)) for one in (part, *get_args(part))}
    kind = next((one for one in (str, Path) if one in kinds), None)
    if kind is None or kinds & {tuple, int, float, bool} or get_origin(annotation) is tuple:
        return None

    def text(value: Any) -> Any:
        if isinstance(value, str):
            _look(value, file=file)
        return kind(value)

    text.__name__ = "PATH" if kind is Path else "TEXT"  # what the help shows
    return text


def _look(value: str, *, file: bool) -> None:
    if not value.strip():
        raise typer.BadParameter("it is empty: name something, or leave it out")
    if "\0" in value:
        raise typer.BadParameter(f"{value!r} holds a null byte")
    plain = value.rstrip("/")
    if value.endswith("/") and plain and (file or Path(plain).is_file()) and not Path(plain).is_dir():
        raise typer.BadParameter(f"{value} ends with /: name a file")
