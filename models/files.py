"""Writing files whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from motiflens.models import types
from motiflens.models.unfinished import unfinished

STREAMS = ("-", "/dev/stdout")


@contextmanager
def write_whole(path: types.Path) -> Iterator[Path]:
    """Give a temporary path beside the target and rename it to `path` when the block ends well.

    What was at `path` before is kept until then, and kept for good if the block raises. A link stays, and what it
    leads to is written. ``-`` and ``/dev/stdout`` are the standard output, to which all is copied at the end.

    Raises
    ------
    ValueError
        If `path` is a folder, a device or a pipe: renaming would take its place.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "table.tsv"
    >>> with write_whole(target) as part:
    ...     _ = part.write_text("a\\tb\\n")
    >>> target.read_text()
    'a\\tb\\n'
    """
    if str(path) in STREAMS:
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "stdout"
            yield part
            with part.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "a device or a pipe"
        raise ValueError(f"{path} is {kind}: name a file to write (- for the standard output)")
    with unfinished(target) as part:
        part.touch()
        yield part
        part.replace(target)


@contextmanager
def write_together(*paths: types.Path) -> Iterator[tuple[Path, ...]]:
    """Give a temporary path for each of several files; all appear when the block ends well, or none.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with write_together(folder / "a.tsv", folder / "a.tsv.json") as (table, record):
    ...     _ = table.write_text("a"), record.write_text("{}")
    >>> sorted(path.name for path in folder.iterdir())
    ['a.tsv', 'a.tsv.json']
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(write_whole(path)) for path in paths)


@contextmanager
def files_together(folder: types.Path, *, first: str = "") -> Iterator[Path]:
    """Give a temporary folder; its files go into `folder` (made if need be) if the block ends well, or none does.

    Parameters
    ----------
    folder
        Where the files go.
    first
        The file that marks the folder as ours (see `destination.output_folder`): it goes first, so that a process
        that is killed meanwhile leaves a folder that the same command may write again.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> out = pathlib.Path(tempfile.mkdtemp()) / "out"
    >>> with files_together(out) as part:
    ...     _ = (part / "a.tsv").write_text("a")
    >>> [path.name for path in out.iterdir()]
    ['a.tsv']
    """
    target = Path(os.path.realpath(folder))
    with unfinished(target) as part:
        part.mkdir()
        yield part
        files = (path for path in part.rglob("*") if path.is_file())
        for file in sorted(files, key=lambda path: (path.name != first, path)):
            place = target / file.relative_to(part)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep what a C library writes to the error stream away from it; exceptions tell the same."""
    number = 2  # C's, whatever `sys.stderr` is
    sys.stderr.flush()
    kept, null = os.dup(number), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(null)


def check_room(path: types.Path, size: int) -> None:
    """Refuse a file that there is no room for, before it is begun: some libraries crash when a disk becomes full.

    Parameters
    ----------
    path
        The file.
    size
        Bytes that it will have at most.

    Raises
    ------
    OSError
        If the disk has not so much room, or the system allows no file of this size.

    Examples
    --------
    >>> check_room("table.tsv", 100)
    """
    folder = next(part for part in Path(path).absolute().parents if part.exists())
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if soft != resource.RLIM_INFINITY and soft < size:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))


def write_text(path: types.Path, text: str) -> None:
    """Write `text` (UTF-8, newlines as they are) to `path`, whole."""
    with write_whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


@contextmanager
def write_with_record(path: types.Path, record: types.Json) -> Iterator[Path]:
    """Give a temporary path for a file, which appears with ``PATH.json`` when the block ends well, or neither.

    Parameters
    ----------
    path
        The file; no record is written beside the standard output.
    record
        How it was made; what the block adds to it is written too.
    """
    if streamed(path):
        with write_whole(path) as part:
            yield part
        return
    with write_together(path, f"{path}.json") as (part, beside):
        yield part
        beside.write_text(json_text(record), encoding="utf-8")


def streamed(path: types.Path | None) -> bool:
    """Tell whether a path stands for the standard output."""
    return path is not None and str(path) in STREAMS


def write_json(path: types.Path, record: types.Json) -> None:
    """Write a JSON file, whole; numbers that are not finite become null (NaN is no JSON)."""
    write_text(path, json_text(record))


def json_text(record: types.Json) -> str:
    """Return the text of a JSON file; numbers that are not finite become null (NaN is no JSON)."""
    return json.dumps(_finite(record), indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
