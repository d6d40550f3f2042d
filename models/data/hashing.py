"""Hashes of large files, remembered as long as a file is not changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.files import write_text
from motiflens.models.provenance import file_hash
from motiflens.models.real_path import real_path

_LARGE = 1 << 26  # bytes: below this, hashing takes less than a tenth of a second


def content_hash(path: types.Path) -> str:
    """Return the SHA-256 of a file; of a large file it is remembered by path, size and time of change."""
    file = real_path(path)
    state = file.stat()
    if state.st_size < _LARGE:
        return file_hash(file)
    key = hashlib.sha256(f"{file}\n{state.st_size}\n{state.st_mtime_ns}".encode()).hexdigest()
    note = cache_folder("hashes") / key
    if note.is_file():
        kept = note.read_text(encoding="ascii", errors="replace")
        if re.fullmatch("[0-9a-f]{64}", kept):
            return kept
    digest = file_hash(file)
    write_text(note, digest)
    return digest


def dataset_hash(files: Iterable[types.Path], options: Mapping[str, object]) -> str:
    """Return the SHA-256 over the content of `files`, in order, and the options they are opened with."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(content_hash(path).encode())
    digest.update(json.dumps(dict(options), sort_keys=True, default=str).encode())
    return digest.hexdigest()
