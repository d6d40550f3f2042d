"""Blocks of a compressed array are those that h5py reads, however its chunks lie."""

from __future__ import annotations

import itertools
from pathlib import Path

import h5py
import numpy as np
import pytest

from motiflens.models.data.read_chunks import read_chunks

FILTERS: dict[str, dict[str, object]] = {
    "gzip": {"compression": "gzip"},
    "gzip after shuffling": {"compression": "gzip", "shuffle": True},
    "none": {},
    "another": {"compression": "lzf"},
}


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("kind", ["uint8", "float32", ">i2"])
def test_every_block(tmp_path: Path, filters: str, kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 100, (7, 4, 11)).astype(kind)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("x", data=values, chunks=(3, 4, 2), **FILTERS[filters])
        for first, end in itertools.combinations(range(8), 2):
            block = read_chunks(data, (slice(first, end), slice(1, 3), slice(first, 11)))
            np.testing.assert_array_equal(block, values[first:end, 1:3, first:])
            assert block.dtype == values.dtype


def test_chunks_that_were_never_written(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("x", (6, 6), np.uint8, chunks=(2, 2), compression="gzip", fillvalue=7)
        data[:2, :2] = 1
        np.testing.assert_array_equal(read_chunks(data, (slice(0, 3), slice(0, 6))), data[:3])


def test_damage_is_told_by_h5py(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", data=np.arange(10_000) % 7, chunks=(1000,), compression="gzip")
        place = data.id.get_chunk_info(3)
    with path.open("r+b") as raw:
        raw.seek(place.byte_offset)
        raw.write(b"\xff" * place.size)
    with h5py.File(path, "r") as file, pytest.raises(OSError, match="read"):
        read_chunks(file["x"], (slice(0, 10_000),))
