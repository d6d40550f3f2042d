"""Files of the cache with their size and checksum beside them, so that a damaged one is noticed and made again."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.files import write_text
from motiflens.models.provenance import file_hash
from motiflens.models.unfinished import ENDING, remove_unfinished

_SEAL = ".seal"
_LOG = logging.getLogger("motiflens")


class CacheFile(NamedTuple):
    """One file of the cache."""

    kind: str  # genomes, tracks, deepsea, …
    path: Path
    size: int
    sealed: bool  # whether its checksum is known


def seal(path: types.Path) -> None:
    """Write a file's size, time of change and SHA-256 beside it: it is whole."""
    file = Path(path)
    state = file.stat()
    record = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": file_hash(file)}
    write_text(file.with_name(file.name + _SEAL), json.dumps(record))


def intact(path: types.Path, *, thorough: bool = False) -> bool:
    """Say whether a sealed file is there and as it was sealed.

    Its size is looked at, and its content where its time of change is another one (or `thorough` asks for it). A
    damaged one is told of in one line on the program's log (stderr).

    Parameters
    ----------
    path
        The file.
    thorough
        Compute its checksum in any case.
    """
    file = Path(path)
    if not file.is_file():
        return False
    problem = _problem(file, thorough)
    if problem:
        _LOG.warning("note: %s in the cache %s: it is made again", file, problem)
    return not problem


def _problem(path: Path, thorough: bool) -> str:
    """Return what is wrong with a file; empty if nothing."""
    note = path.with_name(path.name + _SEAL)
    try:
        record = json.loads(note.read_text(encoding="utf-8"))
        size, time_, digest = int(record["size"]), int(record["mtime_ns"]), str(record["sha256"])
    except FileNotFoundError:
        return "has no checksum (an older motiflens made it)"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "has a damaged checksum"
    state = path.stat()
    if state.st_size != size:
        return f"has {state.st_size:,} of {size:,} bytes"
    if thorough or state.st_mtime_ns != time_:
        if file_hash(path) != digest:
            return "has another content than was written"
        if state.st_mtime_ns != time_:
            seal(path)  # copied or touched, and whole
    return ""


def cache_files() -> Iterator[CacheFile]:
    """Yield the files of the cache, in order."""
    root = cache_folder()
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.endswith(_SEAL):
            sealed = path.with_name(path.name + _SEAL).is_file()
            yield CacheFile(path.relative_to(root).parts[0], path, path.stat().st_size, sealed)


def verify_cache() -> list[tuple[Path, str]]:
    """Compute the checksum of every sealed file; remove damaged ones and return what was wrong with each.

    They are made again when they are next needed.
    """
    damaged = []
    for file in cache_files():
        problem = _problem(file.path, thorough=True) if file.sealed else ""
        if problem:
            damaged.append((file.path, problem))
            file.path.unlink()
            file.path.with_name(file.path.name + _SEAL).unlink(missing_ok=True)
    return damaged


def clear_cache(kind: str | None = None) -> int:
    """Remove the whole cache, or one kind of it, and return the bytes that became free.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    root = cache_folder()
    kinds = {path.name: path for path in sorted(root.iterdir()) if path.is_dir()}
    if kind is not None and kind not in kinds:
        raise ValueError(f"the cache holds no {kind!r}: it holds {', '.join(kinds) or 'nothing'}")
    total = 0
    for name, folder in kinds.items():
        if kind in (None, name):
            total += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder, ignore_errors=True)
    return total


def clear_unfinished() -> int:
    """Remove what dead processes left unfinished in the cache. Return how many files and folders."""
    root = cache_folder()
    folders = [root, *(path for path in root.rglob("*") if path.is_dir() and not path.name.endswith(ENDING))]
    return sum(remove_unfinished(folder) for folder in folders)
