"""Writing files whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from motiflens.models import types


@contextmanager
def write_whole(path: types.Path) -> Iterator[Path]:
    """Give a temporary path in the target's folder and rename it to `path` when the block ends well.

    What was at `path` before is kept until then, and kept for good if the block raises.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "table.tsv"
    >>> with write_whole(target) as part:
    ...     _ = part.write_text("a\\tb\\n")
    >>> target.read_text()
    'a\\tb\\n'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)  # mkstemp makes it private
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: types.Path, text: str) -> None:
    """Write `text` (UTF-8, newlines as they are) to `path`, whole."""
    with write_whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def write_json(path: types.Path, record: types.Json) -> None:
    """Write a JSON file, whole; numbers that are not finite become null (NaN is no JSON)."""
    write_text(path, json.dumps(_finite(record), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
