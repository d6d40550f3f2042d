"""A place for what is not finished yet, beside its target; what dead processes left there goes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from motiflens.models import types
from motiflens.models.full_disk import full_disk

LOCK = ".motiflens.lock"
ENDING = ".part"
_RANDOM = rf"[a-z0-9_]{{8}}\{ENDING}"
_BYTES = 200  # of the target's name: a name has 255 at most


@contextlib.contextmanager
def unfinished(target: types.Path) -> Iterator[Path]:
    """Give a temporary folder ``.NAME.….part`` beside a target; it goes when the block ends, however it ends.

    It is locked while the process lives (see `folder_lock`), so that what a killed process left is known: it is
    removed when the same target is written again.

    Parameters
    ----------
    target
        What is to be made. Its folder is made if need be.

    Yields
    ------
    Path
        A path within the temporary folder: a file or a folder to make there, and to rename to the target.

    Raises
    ------
    OSError
        In place of any error of a full disk (see `full_disk`), with the target's name.

    Examples
    --------
    >>> target = Path(tempfile.mkdtemp()) / "out"
    >>> with unfinished(target) as part:
    ...     part.mkdir()
    ...     _ = part.rename(target)
    >>> [path.name for path in target.parent.iterdir()]
    ['out']
    """
    place = Path(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    start = _start(place.name)
    remove_unfinished(place.parent, place.name)
    folder, handle = _made(place.parent, start)
    try:
        yield folder / "part"
    except Exception as error:
        number = full_disk(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), _named(error, folder / "part", place)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _named(error: BaseException, part: Path, target: Path) -> str:
    """Return which file an error is about, by the name that it was to have."""
    name = getattr(error, "filename", None)
    if not isinstance(name, str):
        return str(target)
    inner = Path(name)
    return str(target / inner.relative_to(part)) if inner.is_relative_to(part) else name


def remove_unfinished(folder: types.Path, name: str | None = None) -> int:
    """Remove what dead processes left unfinished in a folder.

    Parameters
    ----------
    folder
        The folder; need not exist.
    name
        Only what was to become a file of this name.

    Returns
    -------
    int
        How much was removed.

    Examples
    --------
    >>> with unfinished(Path(tempfile.mkdtemp()) / "out") as part:
    ...     remove_unfinished(part.parent.parent)  # we live
    0
    """
    wanted = re.compile((r"\..*\." if name is None else re.escape(_start(name))) + _RANDOM, re.DOTALL)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        named = [entry for entry in entries if wanted.fullmatch(entry.name)]
        return sum(_removed(Path(entry.path)) for entry in named if entry.is_dir(follow_symlinks=False))
    return 0


def passing(name: str) -> bool:
    """Tell whether a file or folder of this name is a lock or unfinished: what a killed process may leave.

    Examples
    --------
    >>> [passing(name) for name in (LOCK, ".out.tsv.0a_b1c2d.part", "out.tsv")]
    [True, True, False]
    """
    return name == LOCK or re.fullmatch(r"\..*\." + _RANDOM, name, re.DOTALL) is not None


def _start(name: str) -> str:
    return f".{os.fsdecode(os.fsencode(name)[:_BYTES])}."


def _made(parent: Path, start: str) -> tuple[Path, int]:
    """Make a folder and hold its lock; another process may take it for a dead one's in between."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=start, suffix=ENDING, dir=parent))
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue
        with contextlib.suppress(OSError):  # a file system without locks: better to work without than not at all
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), (folder / LOCK).stat()):
                return folder, handle
        os.close(handle)


def _removed(folder: Path) -> bool:
    """Remove a folder if it is one of ours and its process is dead; tell whether it was."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR)
    except OSError:  # killed before it was locked, or none of ours
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()
        return not folder.exists()
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it lives, or its file system has no locks
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(handle)
