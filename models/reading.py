"""One line for whatever goes wrong while a file is read, with the file's name and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motiflens.models import types


@contextmanager
def reading(
    path: types.Path, what: str, remedy: str = "copy or make it again", *, checked: bool = False
) -> Iterator[None]:
    """Turn any error of a library that reads `path` into one ValueError that names the file.

    Libraries raise more kinds than anyone can list (zlib's, scipy's, struct's, h5py's, recursion, memory). A file
    that is not there or may not be read stays what it is, and so does a message that names the file already.

    Parameters
    ----------
    path
        The file.
    what
        What it should be.
    remedy
        What to do.
    checked
        The block checks what it reads itself: its own ValueErrors say what is wrong, and only get the file's name.

    Examples
    --------
    >>> with reading("x.npz", ".npz file"):
    ...     raise KeyError("X")
    Traceback (most recent call last):
    ValueError: x.npz is a damaged .npz file (KeyError: 'X'): copy or make it again
    """
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, ValueError) and str(path) in text:
            raise
        if checked and type(error) is ValueError:  # json's and the decoders' are kinds of it
            raise ValueError(f"{path}: {text}") from error
        if isinstance(error, MemoryError | RecursionError):
            text = (
                "it needs more memory than there is"
                if isinstance(error, MemoryError)
                else "it is nested too deeply"
            )
        elif not isinstance(error, OSError | ValueError | EOFError):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        raise ValueError(f"{path} is a damaged {what} ({text[:300] or 'it ends too early'}): {remedy}") from error


def read_json(path: types.Path, what: str, remedy: str = "restore it, or make it again") -> types.Json:
    """Return the content of a JSON file that holds an object.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or holds something else.
    """
    with reading(path, what, remedy):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} is a damaged {what} (it holds {type(content).__name__}, no object): {remedy}")
    return content
