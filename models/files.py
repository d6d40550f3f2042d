"""Writing files whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
