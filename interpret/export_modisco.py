"""The pair of files that TF-MoDISco reads."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from motiflens.interpret.store import Store
from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Floats


def export_modisco(store: Store, folder: types.Path, *, block: int = 1024) -> tuple[Path, Path]:
    """Write ``sequences.npz`` and ``hypothetical.npz``, as ``modisco motifs -s … -a …`` takes them.

    Each holds one array ``arr_0``, (N, 4, L) float32: one-hot bases and hypothetical scores.

    Parameters
    ----------
    store
        A store with hypothetical scores.
    folder
        Where to.
    block
        Windows in memory at a time.

    Raises
    ------
    ValueError
        If the store holds no hypothetical scores.
    """
    hypothetical = store.hypothetical
    if hypothetical is None:
        raise ValueError(
            f"{store.path} holds no hypothetical scores, which TF-MoDISco needs: attribute again with "
            "hypothetical=True (--export modisco), by a method that has them, such as deep_lift_shap or ism"
        )
    shape = (len(store), 4, store.length)
    sequences, scores = Path(folder) / "sequences.npz", Path(folder) / "hypothetical.npz"
    _write(sequences, shape, store.bases, block)
    _write(scores, shape, lambda rows: hypothetical[rows].astype(np.float32), block)
    return sequences, scores


def _write(path: Path, shape: tuple[int, int, int], read: Callable[[slice], Floats], block: int) -> None:
    """Write an array into a compressed .npz without ever holding it."""
    with (
        write_whole(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("arr_0.npy", "w", force_zip64=True) as file,
    ):
        _header(file, shape)
        for start in range(0, shape[0], block):
            file.write(np.ascontiguousarray(read(slice(start, start + block)), dtype="<f4").tobytes())


def _header(file: IO[bytes], shape: tuple[int, int, int]) -> None:
    np.lib.format.write_array_header_2_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
