"""Reading text files, plain or gzipped, with errors that name the file and the line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from motiflens.models import types

_GZIP = b"\x1f\x8b"

SEQ_FILES = "*.[sS][eE][qQ]*"  # DeepBind's files in a folder, whatever the case


def existing(path: types.Path, what: str = "file") -> Path:
    """Return `path` if it is a file that holds something.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ValueError
        If it is a folder, or empty.
    """
    place = Path(path)
    if place.is_dir():
        raise ValueError(f"{place} is a folder: expected a {what}")
    if not place.exists():
        raise FileNotFoundError(f"{place} does not exist: no such file (expected a {what})")
    if place.stat().st_size == 0:
        raise ValueError(f"{place} is empty: expected a {what}")
    return place


def is_gzip(path: types.Path) -> bool:
    """Whether the file begins as gzip (and so bgzip) files do, whatever its name."""
    with Path(path).open("rb") as file:
        return file.read(2) == _GZIP


@contextmanager
def open_binary(path: types.Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, unpacking gzip and bgzip.

    Raises
    ------
    ValueError
        While reading, if the gzip stream is cut off or damaged.
    """
    opened = gzip.open if is_gzip(path) else open
    try:
        with opened(path, "rb") as file:
            yield cast("IO[bytes]", file)
    except EOFError as error:
        raise ValueError(f"{path} is a truncated gzip file: copy or download it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error}): copy or download it again") from error


def read_lines(path: types.Path, what: str = "text file") -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number, counted from 1, without its end and a byte-order mark.

    Raises
    ------
    FileNotFoundError, ValueError
        See `existing` and `open_binary`; also for Windows line ends and for bytes that are no text.
    """
    place = existing(path, what)
    with open_binary(place) as file:
        number = 0
        for number, raw in enumerate(file, start=1):
            if raw.endswith((b"\r\n", b"\r")):
                raise ValueError(
                    f"{place} line {number} has a Windows line end: convert the file with dos2unix "
                    "or sed -i 's/\\r$//'"
                )
            try:
                line = raw.decode("utf-8" if number > 1 else "utf-8-sig").rstrip("\n")
            except UnicodeDecodeError as error:
                raise ValueError(f"{place} line {number} is no text: expected a {what}") from error
            if "\0" in line:
                raise ValueError(f"{place} line {number} is no text: expected a {what}")
            if line.strip():
                yield number, line
        if number == 0:
            raise ValueError(f"{place} is empty: expected a {what}")


def listed(names: Iterable[str], most: int = 50) -> str:
    """Return names for a message; of many the first ones, and how many more there are.

    >>> listed(["a", "b"]), listed("abcd", 2)
    ('a, b', 'a, b and 2 more')
    """
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
