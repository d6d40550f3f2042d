"""Reading blocks of a compressed HDF5 array, its chunks unpacked in several threads."""

from __future__ import annotations

import itertools
import os
import threading
import zlib
from collections.abc import Sequence

import h5py
import numpy as np

_MOST = 8  # threads


def read_chunks(data: h5py.Dataset, selection: tuple[slice, ...]) -> np.ndarray:
    """Return a block of an array, as ``data[selection]`` does.

    Where chunks are compressed by gzip alone, they are fetched as they lie and unpacked in as many threads as
    there are cores (eight at most): h5py unpacks one after the other, and takes some 50 µs a chunk for itself.
    Whatever goes wrong on that way is left to h5py.

    Parameters
    ----------
    data
        The array.
    selection
        One slice an axis, with a start and a stop.
    """
    if not _plain_gzip(data):
        return np.asarray(data[selection])
    try:
        return _unpacked(data, selection)
    except (OSError, RuntimeError, ValueError, zlib.error):  # such as a chunk that was never written
        return np.asarray(data[selection])


def _plain_gzip(data: h5py.Dataset) -> bool:
    if data.chunks is None or data.dtype.kind not in "iuf":
        return False
    filters = data.id.get_create_plist()
    return filters.get_nfilters() == 1 and filters.get_filter(0)[0] == h5py.h5z.FILTER_DEFLATE


def _unpacked(data: h5py.Dataset, selection: tuple[slice, ...]) -> np.ndarray:
    shape, chunks = [part.stop - part.start for part in selection], _chunks(data)
    # Chunks of single columns are laid one after the other, in place of a byte here and there.
    columns = chunks[-1] == 1
    out = np.empty(shape[::-1], dtype=data.dtype).T if columns else np.empty(shape, dtype=data.dtype)
    axes = [
        range(part.start // size * size, part.stop, size) for part, size in zip(selection, chunks, strict=True)
    ]
    corners = list(itertools.product(*axes))
    failures: list[BaseException] = []

    def work(part: Sequence[tuple[int, ...]]) -> None:
        try:
            for corner in part:
                _place(data, corner, selection, out)
        except BaseException as error:  # raised where the block is asked for
            failures.append(error)

    count = min(_cores(), len(corners))
    ends = [len(corners) * i // count for i in range(count + 1)]
    threads = [threading.Thread(target=work, args=(corners[ends[i] : ends[i + 1]],)) for i in range(1, count)]
    for thread in threads:
        thread.start()
    work(corners[: ends[1]])
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return out


def _place(data: h5py.Dataset, corner: tuple[int, ...], selection: tuple[slice, ...], out: np.ndarray) -> None:
    """Put what a chunk has of a block into its place."""
    mask, packed = data.id.read_direct_chunk(corner)
    raw = packed if mask else zlib.decompress(packed)  # a chunk that gzip did not make smaller may lie as it is
    sizes = _chunks(data)
    chunk, place = np.frombuffer(raw, dtype=data.dtype).reshape(sizes), []
    for axis, (start, size, part) in enumerate(zip(corner, sizes, selection, strict=True)):
        first, end = max(start, part.start), min(start + size, part.stop)
        if end - first < size:
            chunk = chunk[(slice(None),) * axis + (slice(first - start, end - start),)]
        place.append(slice(first - part.start, end - part.start))
    out[tuple(place)] = chunk


def _chunks(data: h5py.Dataset) -> tuple[int, ...]:
    sizes: tuple[int, ...] = data.chunks or data.shape
    return sizes


def _cores() -> int:
    known = getattr(os, "sched_getaffinity", None)
    return min(len(known(0)) if known else os.cpu_count() or 1, _MOST)
