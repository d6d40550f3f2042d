"""What made a result: command, versions, seed, hashes of data and weights."""

from __future__ import annotations

import hashlib
import platform
import shlex
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from motiflens.models import types

PARTS = ("motiflens", "torch", "lightning", "captum", "tangermeme", "numpy", "scipy", "numba", "pyjaspar")


def versions(parts: Iterable[str] = PARTS) -> dict[str, str]:
    """Return the version of Python and of each installed distribution in `parts`, importing none."""
    known = {"python": platform.python_version()}
    for part in parts:
        try:
            known[part] = metadata.version(part)
        except metadata.PackageNotFoundError:
            continue
    return known


def command() -> str:
    """Return the command line that is running, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])


def file_hash(path: types.Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) else _sha(file)


def _sha(file: object) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):  # type: ignore[attr-defined]
        digest.update(block)
    return digest.hexdigest()


def provenance(
    *,
    seed: int | None = None,
    data: str | None = None,
    data_hash: str | None = None,
    weights_hash: str | None = None,
) -> types.Json:
    """Return the record that every result file carries; absent parts are left out."""
    record: types.Json = {"command": command(), "versions": versions()}
    for key, value in (
        ("seed", seed),
        ("data", data),
        ("data_hash", data_hash),
        ("weights_hash", weights_hash),
    ):
        if value is not None:
            record[key] = value
    return record
