"""Data sets in files: a genome, experiments and tracks, named by a `dataset.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from motiflens.models import types
from motiflens.models.data.binned import binned_windows
from motiflens.models.data.centered import centered_windows
from motiflens.models.data.folder_spec import FolderSpec, read_folder_spec
from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.opened import Opened, depth_notes, features_of, open_files
from motiflens.models.data.options import Options
from motiflens.models.data.peak_windows import peak_windows
from motiflens.models.data.split import split_chromosomes
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.named_list import named_list
from motiflens.models.types import Integers


def open_folder(source: types.Path, options: Options) -> Dataset:
    """Open a folder with a `dataset.toml`; see `open_dataset`."""
    options.refuse("a folder with dataset.toml", "genome", "negatives_file", "division", "variable")
    spec = read_folder_spec(source)
    spec = replace(spec, length=options.length or spec.length, labelling=options.labelling or spec.labelling)
    splits, notes = open_spec(spec, options)
    return Dataset(
        str(source), "folder", splits, dataset_hash(spec.files(), options.given()), options.given(), notes
    )


def open_spec(spec: FolderSpec, options: Options) -> tuple[dict[str, Windows], tuple[str, ...]]:
    """Return the splits of a data set in files, and notes."""
    opened = open_files(spec, options)
    features = features_of(opened)
    numbers, notes = _splits(opened)
    first = _first_windows(opened)
    notes += depth_notes(features)
    splits: dict[str, Windows] = {}
    for split in ("train", "valid", "test", "leaderboard"):
        if not numbers[split]:
            continue
        if split == "leaderboard" and not opened.cell_types and set(numbers[split]) & set(numbers["test"]):
            notes.append("the leaderboard is of cell types on the test's chromosomes: it is there for one TF")
            continue
        if spec.labelling == "centered" or options.negatives in ("gc", "dinucleotide"):
            windows, note = centered_windows(opened, features, split, numbers[split])
            notes += [note] if note not in notes else []
        else:
            windows = binned_windows(opened, features, split, numbers[split])
            if split == "train" and options.peak_windows and opened.cell_types:
                moving = peak_windows(opened, windows, numbers[split])
                windows = windows if moving is None else moving
                notes += (
                    [] if moving is None else ["train draws a random place in each peak, another in each epoch"]
                )
        if split in first:
            windows = windows.subset(_first(windows, first[split], spec))
            shown = ", ".join(f"{count} of {name}" for name, count in first[split].items())
            notes.append(f"{split} is the first {shown}")
        if len(windows):
            splits[split] = windows
        else:
            notes.append(f"no window is left in {split}")
    if not splits:
        raise ValueError(f"{spec.path}: no window is left in any split: are the chromosomes and peaks right?")
    return splits, tuple(notes)


_FIRST = re.compile(r"(.+):first (\d+)")


def _first_windows(opened: Opened) -> dict[str, dict[str, int]]:
    """Return what ``chr7:first 4000`` in [splits] asks for: split -> chromosome -> windows."""
    most: dict[str, dict[str, int]] = {}
    for split in ("train", "valid", "test", "leaderboard"):
        for name in getattr(opened.spec, split):
            wanted = _FIRST.fullmatch(name)
            if wanted is not None:
                most.setdefault(split, {})[wanted[1]] = int(wanted[2])
    return {} if opened.options.test is not None else most


def _first(windows: Windows, wanted: Mapping[str, int], spec: FolderSpec) -> Integers:
    """Return the rows of the first windows of some chromosomes, and all rows of the others; in order."""
    table = windows.table
    keep = np.ones(len(windows), dtype=bool)
    for name, count in wanted.items():
        here = np.flatnonzero((table["chrom"] == name).to_numpy())
        starts = table["start"].to_numpy(dtype=np.int64)[here]
        places = np.unique(starts)
        if len(places) < count:
            raise ValueError(f"{spec.path}: {name} has {len(places)} windows, fewer than the first {count}")
        keep[here] = starts <= places[count - 1] if count else False
    return np.flatnonzero(keep)


def _splits(opened: Opened) -> tuple[dict[str, list[int]], list[str]]:
    """Return the chromosomes of each split: as the file or ``test`` says, else chosen by the seed."""
    spec, genome, options = opened.spec, opened.genome, opened.options
    named = {split: getattr(spec, split) for split in ("train", "valid", "test", "leaderboard")}
    if options.test is not None:
        named["test"] = named_list(options.test, "test")
        for split in ("train", "valid"):
            named[split] = tuple(name for name in named[split] if name not in named["test"])
    named = {split: tuple(_FIRST.sub(r"\1", name) for name in names) for split, names in named.items()}
    numbers = {split: [genome.number(name, spec.path) for name in names] for split, names in named.items()}
    apart = bool(spec.leaderboard_cell_types)  # from the test, whose chromosomes it may then have
    board = [number for number in numbers["leaderboard"] if not apart or number not in numbers["test"]]
    taken = [*board, *(number for split in ("train", "valid", "test") for number in numbers[split])]
    twice = next((number for i, number in enumerate(taken) if number in taken[:i]), None)
    if twice is not None:
        raise ValueError(f"{spec.path}: {genome.names[twice]} is in two splits: each chromosome must be in one")
    rest = [i for i in range(len(genome.names)) if i not in taken]
    if numbers["train"]:
        return numbers, []
    if numbers["valid"] or numbers["test"] or board:
        return {**numbers, "train": rest}, []
    chosen = split_chromosomes(genome.lengths[rest], seed=options.seed)
    for i, split in chosen.items():
        numbers[split].append(rest[i])
    shown = "; ".join(f"{s}: {', '.join(genome.names[i] for i in numbers[s])}" for s in ("valid", "test"))
    return numbers, [f"chromosomes chosen by the seed ({shown})"]
