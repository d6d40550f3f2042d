"""DeepSEA's MATLAB files: ``trainxdata`` and ``traindata``, and the same for valid and test."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.cache_file import intact, seal
from motiflens.models.data.hashing import content_hash
from motiflens.models.data.memory import dataset
from motiflens.models.data.numba_deepsea import letters_of_bytes, letters_of_windows
from motiflens.models.data.options import Options
from motiflens.models.data.read_chunks import read_chunks
from motiflens.models.data.text import existing
from motiflens.models.data.windows import ArrayWindows, Dataset, Windows
from motiflens.models.files import write_whole
from motiflens.models.reading import reading
from motiflens.models.types import Codes, Floats

COLUMNS = {"tbinet": (125, 815)}  # DeepSEA's 690 TF features, as TBiNet selects them
_SPLITS = ("train", "valid", "test")
_CODE = np.array([0, 2, 1, 3], dtype=np.uint8)  # DeepSEA's channels are A, G, C, T
_BLOCK = 8192
_WIDE = 4 * _BLOCK  # windows of a chunk from which on lines are read over all windows, not windows over all lines
_BYTES = 256 << 20  # of lines read together


def open_deepsea_mat(source: types.Path, options: Options) -> Dataset:
    """Open a DeepSEA file, or the folder of its train, valid and test files; see `open_dataset`.

    The first time, the bases (one byte each) and the chosen labels (float32) are written to the user's
    cache and are memory-mapped from there: DeepSEA's training file needs 4.4 GB and 12 GB of disk in this
    form, and batches read from it need no more memory than themselves.
    """
    options.refuse(
        "DeepSEA files", "labelling", "negatives", "negatives_file", "ratio", "genome", "signals", "length"
    )
    options.refuse("DeepSEA files", "tf", "offset")
    path = Path(source)
    files = sorted(path.glob("*.mat")) if path.is_dir() else [existing(path, "DeepSEA file")]
    if options.test is not None:
        files.append(existing(options.test, "DeepSEA file"))
    splits: dict[str, Windows] = {}
    for file in files:
        for split, windows in _read_file(file, options.columns).items():
            if split in splits:
                raise ValueError(f"{file} holds the {split} split again: expected it in one file")
            splits[split] = windows
    ordered = {split: splits[split] for split in _SPLITS if split in splits}
    tasks = {split: windows.tasks for split, windows in ordered.items()}
    if len(set(tasks.values())) > 1:
        raise ValueError(f"{source}: splits differ in their tasks ({ {s: len(t) for s, t in tasks.items()} })")
    notes = ("channels taken as A, G, C, T, which is DeepSEA's order",)
    return dataset(source, "deepsea_mat", ordered, options, notes, files)


def column_range(columns: str | None, total: int, path: Path) -> tuple[int, int]:
    """Return the first and the end of the columns that are wanted; see `open_dataset`.

    >>> column_range("tbinet", 919, Path("train.mat"))
    (125, 815)
    """
    if columns is None:
        return 0, total
    if columns in COLUMNS:
        first, end = COLUMNS[columns]
    else:
        try:
            first, end = (int(part) for part in columns.split(":"))
        except ValueError:
            raise ValueError(
                f"columns {columns!r} are unknown: expected first:end or {', '.join(COLUMNS)}"
            ) from None
    if not 0 <= first < end <= total:
        raise ValueError(f"columns {columns!r} are not among the {total} of {path}")
    return first, end


def _read_file(path: Path, columns: str | None) -> dict[str, Windows]:
    import scipy.io  # late, as it takes long and few have such files

    hdf5 = h5py.is_hdf5(path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(reading(path, "MATLAB file"))
        opened: Any = stack.enter_context(h5py.File(path, "r")) if hdf5 else scipy.io.loadmat(path)
        splits: dict[str, Windows] = {}
        for split in _SPLITS:
            x, y = f"{split}xdata", f"{split}data"
            if x in opened and y in opened:
                for name in (x, y):
                    if not hasattr(opened[name], "shape"):
                        raise ValueError(f"{path} {name} is {type(opened[name]).__name__}: expected an array")
                splits[split] = _windows(path, split, opened[x], opened[y], hdf5, columns)
        if not splits:
            names = ", ".join(name for name in opened if not name.startswith("__")) or "nothing"
            raise ValueError(f"{path} holds {names}: expected DeepSEA's trainxdata and traindata (or valid, test)")
        return splits


def _windows(path: Path, split: str, x: Any, y: Any, hdf5: bool, columns: str | None) -> Windows:
    """Return one split; HDF5 gives MATLAB's arrays with their axes reversed: (L, 4, N) and (tasks, N)."""
    shape, label_shape = (x.shape[::-1], y.shape[::-1]) if hdf5 else (x.shape, y.shape)
    if len(shape) != 3 or shape[1] != 4:
        raise ValueError(f"{path} {split}xdata has the shape {shape}: expected (N, 4, L)")
    if len(label_shape) != 2 or label_shape[0] != shape[0]:
        raise ValueError(f"{path} {split}data has the shape {label_shape}: expected ({shape[0]}, tasks)")
    first, end = column_range(columns, label_shape[1], path)
    folder = cache_folder("deepsea", content_hash(path))
    codes = _cached(folder / f"{split}-codes.npy", shape[0], (shape[2],), np.dtype(np.uint8))
    if codes is None:
        where = f"{path} {split}xdata"
        codes = _store(
            folder / f"{split}-codes.npy",
            (shape[0], shape[2]),
            np.dtype(np.uint8),
            _blocks(x, shape[0], range(shape[2]), hdf5=hdf5),
            lambda block: _codes(_read_bases(x, block, hdf5=hdf5), where, block.rows.start),
        )
    name = folder / f"{split}-labels-{first}-{end}.npy"
    labels = _cached(name, shape[0], (end - first,), np.dtype(np.float32))
    if labels is None:
        where = f"{path} {split}data"
        labels = _store(
            name,
            (shape[0], end - first),
            np.dtype(np.float32),
            _blocks(y, shape[0], range(first, end), hdf5=hdf5),
            lambda block: _labels(_read_labels(y, block, hdf5=hdf5), where, block.rows.start),
        )
    return ArrayWindows(codes, labels, tasks=tuple(f"feature{i}" for i in range(first, end)))


def _cached(path: Path, rows: int, rest: tuple[int, ...], dtype: np.dtype) -> Any:
    if not intact(path):
        return None
    with reading(path, "DeepSEA file in the cache", "run 'interpret cache verify'"):
        stored = np.load(path, mmap_mode="r")
    return stored if stored.shape == (rows, *rest) and stored.dtype == dtype else None


class _Block(NamedTuple):
    """What is read at a time: windows, and of them positions or tasks."""

    rows: slice  # windows
    lines: slice  # positions or tasks, in the file
    columns: slice  # where these are written


def _blocks(data: Any, rows: int, lines: range, *, hdf5: bool) -> list[_Block]:
    """Divide an array so that no chunk of it is unpacked twice.

    Chunks of a few windows are read with all of their positions, many windows at a time; chunks of whole lines
    with all windows, many positions at a time.
    """
    chunks = data.chunks if hdf5 else None
    wide = chunks is not None and chunks[-1] >= min(rows, _WIDE) and chunks[-1] > _BLOCK
    if chunks is None or not wide:
        step = _BLOCK if chunks is None else -(-_BLOCK // chunks[-1]) * chunks[-1]
        parts = [slice(first, min(first + step, rows)) for first in range(0, rows, step)]
        return [_Block(part, slice(lines.start, lines.stop), slice(0, len(lines))) for part in parts]
    height = rows * int(np.prod(data.shape[1:-1])) * data.dtype.itemsize
    step = max(_BYTES // (height * chunks[0]), 1) * chunks[0]
    cuts = [lines.start, *range((lines.start // step + 1) * step, lines.stop, step), lines.stop]
    return [
        _Block(slice(0, rows), slice(a, b), slice(a - lines.start, b - lines.start))
        for a, b in itertools.pairwise(cuts)
    ]


def _store(path: Path, shape: tuple[int, ...], dtype: np.dtype, blocks: list[_Block], read: Any) -> Any:
    with write_whole(path) as part:
        out = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
        for block in blocks:
            out[block.rows, block.columns] = read(block)
        out.flush()
        del out
    seal(path)
    return np.load(path, mmap_mode="r")


def _read_bases(x: Any, block: _Block, *, hdf5: bool) -> Any:
    """Return some one-hot letters, (n, 4, positions)."""
    if not hdf5:
        return x[block.rows, :, block.lines]
    return read_chunks(x, (block.lines, slice(0, 4), block.rows)).T


def _read_labels(y: Any, block: _Block, *, hdf5: bool) -> Any:
    """Return some labels, (n, tasks)."""
    if not hdf5:
        return y[block.rows, block.lines]
    return read_chunks(y, (block.lines, block.rows)).T


def _codes(x: Any, where: str, first: int) -> Codes:
    """Return codes, (n, L), of one-hot letters, (n, 4, L) in DeepSEA's order of channels."""
    x = np.asarray(x)
    if x.dtype.kind not in "iufb":
        raise ValueError(f"{where} is of type {x.dtype}: expected numbers")
    if x.dtype == np.uint8:  # one pass in place of six; what is wrong is said below
        out = np.empty((len(x), x.shape[2]), dtype=np.uint8)
        by_window = x.flags.c_contiguous
        if letters_of_windows(x, out) if by_window else letters_of_bytes(np.ascontiguousarray(x.T), out):
            return out
    total = x.sum(axis=1, dtype=np.float64)  # n, L
    wrong = np.flatnonzero((~np.isin(x, (0, 1)).all(axis=1) | (total > 1)).any(axis=1))  # NaN and .5 are no bases
    if len(wrong):
        raise ValueError(
            f"{where} row {first + int(wrong[0])} is not one-hot: expected 0 and 1, one base a position"
        )
    return np.where(total == 1, _CODE[x.argmax(axis=1)], np.uint8(4))


def _labels(y: Any, where: str, first: int) -> Floats:
    y = np.asarray(y)
    if y.dtype == np.uint8 and y.max(initial=0) <= 1:
        return np.ascontiguousarray(y).astype(np.float32)
    y = y.astype(np.float32)
    wrong = np.flatnonzero(~np.isin(y, (0, 1)).all(axis=1))
    if len(wrong):
        raise ValueError(f"{where} row {first + int(wrong[0])} has labels other than 0 and 1")
    return y
