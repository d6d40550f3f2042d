"""Arrays of one-hot windows and labels: ``.npz`` and HDF5 with X (N, C, L) and y."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from motiflens.models import types
from motiflens.models.data.deepsea_mat import column_range
from motiflens.models.data.independent_sets import related_groups
from motiflens.models.data.left_out import counted
from motiflens.models.data.memory import Divided, dataset, split_memory, split_shares, test_file
from motiflens.models.data.options import Options
from motiflens.models.data.sequences import Sequences
from motiflens.models.data.split import split_groups
from motiflens.models.data.text import existing
from motiflens.models.data.windows import BASES, ArrayWindows, Dataset, Windows
from motiflens.models.limits import check_limit
from motiflens.models.reading import reading
from motiflens.models.types import Codes, Floats

_SPLITS = ("train", "valid", "test")


def open_arrays(source: types.Path, options: Options) -> Dataset:
    """Open arrays; see `open_dataset`.

    The file holds X (N, C, L) and y (N,) or (N, tasks), or X_train, y_train, X_valid, … Channels are A, C, G, T
    in this order (one-hot; an unknown base is four zeros, or four quarters), then signals. Labels are 0, 1, or
    -1 where unknown. Optional: ``tasks`` and ``channels`` (names).
    """
    options.refuse("arrays", "labelling", "length", "offset")
    path = existing(source, ".npz or .h5 file")
    content = _content(path)
    other = test_file(options)
    if options.test is not None and other is None:
        raise ValueError(f"test {options.test!r} is no file: expected a .npz or .h5 file")
    parts: dict[str, Windows] = {
        split: _part(content, f"_{split}", path, options) for split in _SPLITS if f"X_{split}" in content
    }
    if other is not None:
        parts["test"] = _part(_content(existing(other, ".npz or .h5 file")), "", other, options)
    if "X" in content and "train" not in parts:
        return _divided(source, path, _part(content, "", path, options), parts.get("test"), options, other)
    if not parts:
        raise ValueError(f"{path} holds {', '.join(sorted(content)) or 'nothing'}: expected X and y, or X_train …")
    divided = Divided(parts, (), {}) if other is None else _apart(parts, path)
    ordered = {split: divided.splits[split] for split in _SPLITS if split in parts}
    return dataset(source, "arrays", ordered, options, divided.notes, [path, other], divided.left_out)


def _apart(parts: Mapping[str, Windows], path: Path) -> Divided:
    """Leave out of all splits what is related to a window of the test file."""
    groups = dict(zip(parts, related_groups(list(parts.values())), strict=True))
    free = {split: np.flatnonzero(~np.isin(group, groups["test"])) for split, group in groups.items()}
    related = sum(len(groups[split]) - len(free[split]) for split in parts if split != "test")
    if not related:
        return Divided(dict(parts), (), {})
    for split in parts:
        if split != "test" and not len(free[split]):
            raise ValueError(f"every window of {split} of {path} is related to one of the test file: none is left")
    total = sum(len(windows) for split, windows in parts.items() if split != "test")
    note = f"{related} of {total} windows of {path.name} are equal or homologous to test windows: left out"
    kept = {split: parts[split] if split == "test" else parts[split].subset(free[split]) for split in parts}
    gone = [parts[split].labels[np.isin(groups[split], groups["test"])] for split in parts if split != "test"]
    return Divided(kept, (note,), counted(np.concatenate(gone), parts["test"].tasks))


def _divided(
    source: types.Path,
    path: Path,
    whole: ArrayWindows,
    test: Windows | None,
    options: Options,
    other: Path | None,
) -> Dataset:
    """Divide one X and y into splits; give positives alone negatives."""
    windows: Windows = whole
    if len(whole.channels) == 4 and len(whole.tasks) == 1 and bool((whole.labels == 1).all()):
        held_out = None if test is None else _sequences(test)
        made = split_memory(_sequences(whole), held_out, options, task=whole.tasks[0], source=path)
        return dataset(source, "arrays", made.splits, options, made.notes, [path, other], made.left_out)
    options.refuse("arrays with labels of their own", "negatives", "negatives_file", "ratio", "genome")
    fractions = split_shares(options, named_test=test is not None)
    apart = Divided({"train": whole}, (), {})
    if test is not None:
        apart = _apart({"train": whole, "test": test}, path)
        windows = apart.splits["train"]
    index = split_groups(related_groups([windows])[0], fractions, seed=options.seed)
    parts: dict[str, Windows] = {split: windows.subset(index[split]) for split in _SPLITS if split in index}
    if test is not None:
        parts["test"] = test
    shares = " and ".join(f"{part} {share:.3g}" for part, share in fractions.items() if part != "train")
    notes = (*apart.notes, f"share of {path.name}, by groups of related windows: {shares}")
    return dataset(source, "arrays", parts, options, notes, [path, other], apart.left_out)


def _sequences(windows: Windows) -> Sequences:
    return Sequences(windows.codes(np.arange(len(windows))), windows.labels[:, 0], windows.table)


def _content(path: Path) -> dict[str, Any]:
    with reading(path, "or unsafe .npz or .h5 file"):
        if h5py.is_hdf5(path):
            with h5py.File(path, "r") as file:
                items = {str(name): item for name, item in file.items() if isinstance(item, h5py.Dataset)}
                for name, item in items.items():
                    check_limit("MEMORY", item.size * item.dtype.itemsize, f"{path} {name}")
                return {name: item[()] for name, item in items.items()}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive_:
                for entry in archive_.infolist():
                    check_limit("MEMORY", entry.file_size, f"{path} {entry.filename}")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}


def _part(content: dict[str, Any], suffix: str, path: Path, options: Options) -> ArrayWindows:
    for name in (f"X{suffix}", f"y{suffix}"):
        if name not in content:
            raise ValueError(f"{path} lacks {name!r}: it holds {', '.join(sorted(content)) or 'nothing'}")
    x, y = np.asarray(content[f"X{suffix}"]), np.asarray(content[f"y{suffix}"])
    where = f"{path} X{suffix}"
    turned = x.ndim == 3 and x.shape[2] == 4 != x.shape[1]
    if x.ndim != 3 or x.shape[1] < 4 or turned:
        hint = " (it looks like (N, L, 4): transpose it)" if turned else ""
        raise ValueError(f"{where} has the shape {x.shape}: expected (N, C, L) with C of at least 4{hint}")
    if x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        raise ValueError(f"{where} and y{suffix} are of type {x.dtype} and {y.dtype}: expected numbers")
    labels = _labels(y, len(x), f"{path} y{suffix}")
    first, end = column_range(options.columns, labels.shape[1], path)
    names = [str(name) for name in np.asarray(content.get("channels", [])).astype(str)]
    if names and len(names) != x.shape[1]:
        raise ValueError(f"{path} names {len(names)} channels, but X has {x.shape[1]}")
    extra = names[4:] or [f"signal{i + 1}" for i in range(x.shape[1] - 4)]
    if names and tuple(names[:4]) != BASES:
        raise ValueError(f"{path} has the channels {', '.join(names[:4])} first: expected A, C, G, T")
    chosen = extra if options.signals is None else list(options.signals)
    for name in chosen:
        if name not in extra:
            raise ValueError(f"{path} has no signal {name!r}: it has {', '.join(extra) or 'none'}")
    tasks = [str(name) for name in np.asarray(content.get("tasks", [])).astype(str)]
    if tasks and len(tasks) != labels.shape[1]:
        raise ValueError(f"{path} names {len(tasks)} tasks, but y has {labels.shape[1]}")
    return ArrayWindows(
        _codes(x[:, :4], where),
        labels[:, first:end],
        tasks=tuple(tasks[first:end]) or tuple(f"task{i}" for i in range(first, end)),
        signals={name: np.asarray(x[:, 4 + extra.index(name)], dtype=np.float32) for name in chosen},
    )


def _labels(y: Any, rows: int, where: str) -> Floats:
    if y.ndim not in (1, 2) or len(y) != rows:
        raise ValueError(f"{where} has the shape {y.shape}: expected ({rows},) or ({rows}, tasks)")
    labels = y.reshape(rows, -1).astype(np.float32)
    if np.isnan(labels).any():
        row = int(np.isnan(labels).any(axis=1).argmax())
        raise ValueError(f"{where} row {row} has a NaN label: write -1 where a label is unknown")
    wrong = ~np.isin(labels, (-1, 0, 1))
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise ValueError(f"{where} row {row} has the label {labels[row][wrong[row]][0]:g}: expected 0, 1 or -1")
    labels[labels == -1] = np.nan
    return labels


def _codes(x: Any, where: str) -> Codes:
    """Return codes, (N, L), of one-hot letters, (N, 4, L)."""
    ones = (x == 1).sum(axis=1)
    zeros = (x == 0).sum(axis=1)
    known = (ones == 1) & (zeros == 3)
    unknown = (zeros == 4) | (x == 0.25).all(axis=1)
    wrong = np.flatnonzero(~(known | unknown).all(axis=1))
    if len(wrong):
        raise ValueError(f"{where} row {int(wrong[0])} is not one-hot in its first four channels (A, C, G, T)")
    return np.where(known, x.argmax(axis=1), 4).astype(np.uint8)
