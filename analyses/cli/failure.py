"""What the command line says when a command fails, and with which code it ends.

==== ==========================================================================================
0    done
1    a fault of motiflens: one line, which asks for a report and names a file with the traceback
2    bad input, a full disk, too little memory: one line that says what and where
130  Ctrl-C
141  the reader of the standard output has gone (as by ``| head``)
==== ==========================================================================================
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path

LONGEST = 2_000  # letters of a message: names may be of any length
BAD_INPUT, FAULT, INTERRUPTED, GONE = 2, 1, 130, 141


def failure(error: BaseException) -> tuple[str, int]:
    """Return the one line and the exit code for an exception; write the log of a fault.

    Examples
    --------
    >>> failure(ValueError("--step is 0:\\nexpected at least 1 bp"))
    ('--step is 0: expected at least 1 bp', 2)
    """
    text = " ".join(str(error).split()) or type(error).__name__
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    full = _full(error)
    if full:
        return full, BAD_INPUT
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return (
            f"there is too little memory for this ({text}): use smaller data, or a smaller --batch-size",
            BAD_INPUT,
        )
    if isinstance(error, RuntimeError) and "no locator available for file" in text:
        folder = Path(text.rpartition(" ")[2].strip("'")).parent
        return (
            f"there is no place for compiled code: neither {folder} nor the user's cache can be written to; set "
            "NUMBA_CACHE_DIR to a folder that can",
            BAD_INPUT,
        )
    if isinstance(error, zlib.error | EOFError):
        return f"a compressed file is damaged or cut off ({text})", BAD_INPUT
    if isinstance(error, ValueError | TypeError | OSError) and not isinstance(error, BrokenPipeError):
        return text, BAD_INPUT
    return (
        f"{type(error).__name__}: {text[:300]}: a fault of motiflens; please report it with {_log(error)}",
        FAULT,
    )


def _full(error: BaseException) -> str:
    from motiflens.models.full_disk import FULL, full_disk

    number = full_disk(error)
    if number is None:
        return ""
    name = getattr(error, "filename", None) or _compiled(error)
    place = f" (writing {name})" if name else f" ({' '.join(str(error).split())[:200]})"
    return f"{FULL[number]}{place}: nothing was left half-written"


def _compiled(error: BaseException) -> str:
    """Return the folder in which numba was keeping compiled code when it failed, which its errors do not name."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).as_posix().endswith("numba/core/caching.py"):
            folder = getattr(frame.f_locals.get("self"), "_cache_path", None)
            if folder:
                return f"compiled code in {folder}; NUMBA_CACHE_DIR names another folder"
    return ""


def _log(error: BaseException) -> str:
    """Write the traceback to a file in the cache, or where that cannot be written, among temporary files."""
    from motiflens.models.cache import cache_folder
    from motiflens.models.provenance import command, versions

    lines = [command(), *(f"{name} {version}" for name, version in versions().items()), ""]
    lines += traceback.format_exception(type(error), error, error.__traceback__)
    name = f"interpret-{time.strftime('%Y%m%d-%H%M%S')}-"
    for folder in (lambda: cache_folder("logs"), lambda: Path(tempfile.gettempdir())):
        try:
            with tempfile.NamedTemporaryFile(
                "w", prefix=name, suffix=".log", dir=folder(), delete=False, encoding="utf-8"
            ) as file:
                file.write("\n".join(line.rstrip("\n") for line in lines) + "\n")
            return file.name
        except OSError:
            continue
    traceback.print_exception(error, file=sys.stderr)
    return "the traceback above"
