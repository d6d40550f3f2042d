"""One process a folder: who works on it holds its lock, and the next one is told who that is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from motiflens.models import types
from motiflens.models.first_process import first_process
from motiflens.models.provenance import command
from motiflens.models.unfinished import LOCK, remove_unfinished


@contextlib.contextmanager
def folder_lock(path: types.Path) -> Iterator[None]:
    """Hold a folder's lock while the block runs; the folder is made if need be.

    The lock is the operating system's (flock), so that it ends with the process, however it ends: that of a dead
    process is taken over, and the unfinished files that it left go. Of a training on several devices the first
    process holds it for all. A folder that was made for it and is still empty at the end goes again.

    Parameters
    ----------
    path
        The folder that is written into.

    Raises
    ------
    ValueError
        If another process holds it; the message names the process.

    Examples
    --------
    >>> import tempfile
    >>> with folder_lock(tempfile.mkdtemp()):
    ...     pass
    """
    folder = Path(path)
    if not first_process():
        yield
        return
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    handle = -1
    try:
        handle = _locked(folder / LOCK)
        remove_unfinished(folder)
        yield
    finally:
        if handle >= 0:
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink(missing_ok=True)
            os.close(handle)
        for part in missing:
            with contextlib.suppress(OSError):  # no longer empty
                part.rmdir()


def _locked(file: Path) -> int:
    """Return a handle of the lock file that holds its lock."""
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 4096, 0)
            os.close(handle)
            raise ValueError(
                f"{file.parent} is being written by {_named(holder)}: wait, or choose another"
            ) from None
        except OSError:  # a file system without locks: better to work without than not at all
            return handle
        # Who held it before may have removed the file between our opening and our locking it.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), file.stat()):
                break
        os.close(handle)
    os.ftruncate(handle, 0)
    own = json.dumps({"process": os.getpid(), "host": platform.node(), "command": command()[:500]})
    os.pwrite(handle, own.encode(), 0)
    return handle


def _named(holder: bytes) -> str:
    try:
        record = json.loads(holder)
        return f"process {record['process']} on {record['host']} ({record['command']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
