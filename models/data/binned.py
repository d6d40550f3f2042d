"""Bins of a data set in files, as windows with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motiflens.models.data.bins import BinTable, Labeller, peak_labeller, usable_bins
from motiflens.models.data.folder_spec import Experiment
from motiflens.models.data.genome_windows import Features, GenomeWindows, Places, Rows
from motiflens.models.data.opened import Opened, annotation_bits
from motiflens.models.data.peaks import read_peaks
from motiflens.models.types import Floats


def binned_windows(opened: Opened, features: Features, split: str, numbers: Sequence[int]) -> GenomeWindows:
    """Return the bins of some chromosomes, with flanks, as windows."""
    spec, genome = opened.spec, opened.genome
    labellers = [_labeller(opened, experiment) for experiment in opened.experiments]
    chroms, starts, labels = [], [], []
    for number in numbers:
        bins = usable_bins(genome, number, spec.bin, spec.stride, opened.blacklist)
        chroms.append(np.full(len(bins), number, dtype=np.int64))
        starts.append(bins)
        labels.append(np.stack([label(number, bins) for label in labellers], axis=1))  # bins, experiments
    bins, chrom = np.concatenate(starts), np.concatenate(chroms)
    places = Places(chrom, bins - (spec.length - spec.bin) // 2)
    return labelled_windows(opened, features, split, places, np.concatenate(labels))


def labelled_windows(
    opened: Opened, features: Features, split: str, places: Places, labels: Floats, *, ratio: float | None = None
) -> GenomeWindows:
    """Return windows as rows: one a window, or with a TF one for each cell type in which its label is known.

    Parameters
    ----------
    opened, features, split
        As in `binned_windows`.
    places
        The windows.
    labels
        (w, experiments) float32.
    ratio
        See `GenomeWindows`; the options' (1) by default.
    """
    features = replace(features, window_meta=annotation_bits(opened, places) if features.meta_names else None)
    if ratio is None:
        ratio = 1.0 if opened.options.ratio is None else opened.options.ratio
    if not opened.cell_types:
        keep = np.flatnonzero(~np.isnan(labels).all(axis=1))
        rows = Rows(keep, np.zeros(len(keep), dtype=np.int64), labels[keep])
        tasks = tuple(experiment.name for experiment in opened.experiments)
    else:
        cells = _cells_of(opened, split)
        kept = [np.flatnonzero(~np.isnan(labels[:, cell])) for cell in cells]
        known = [labels[index, cell] for index, cell in zip(kept, cells, strict=True)]
        rows = Rows(
            np.concatenate([np.zeros(0, dtype=np.int64), *kept]),
            np.repeat(np.array(cells, dtype=np.int64), [len(index) for index in kept]),
            np.concatenate([np.zeros(0, dtype=np.float32), *known])[:, None],
        )
        tasks = (str(opened.options.tf),)
    return GenomeWindows(opened.genome, places, opened.spec.length, rows, tasks, features, ratio=ratio)


def _cells_of(opened: Opened, split: str) -> list[int]:
    """Return which cell types a split has (see `FolderSpec`)."""
    spec = opened.spec
    held_out = {"test": spec.test_cell_types, "leaderboard": spec.leaderboard_cell_types}
    for of, names in held_out.items():
        for name in names:
            if name not in spec.accessibility:
                raise ValueError(f"{spec.path}: the {of} cell type {name!r} is in no experiment")
    if split == "leaderboard" and held_out[split]:
        return [i for i, name in enumerate(opened.cell_types) if name in held_out[split]]
    free = [i for i, name in enumerate(opened.cell_types) if name not in held_out["leaderboard"]]
    test = held_out["test"]
    cells = [i for i in free if not test or (opened.cell_types[i] in test) == (split == "test")]
    return cells or free or list(range(len(opened.cell_types)))


def _labeller(opened: Opened, experiment: Experiment) -> Labeller:
    peaks = opened.peaks[experiment.name]
    if isinstance(peaks, BinTable):
        return peaks
    ambiguous = [opened.failing[experiment.name]] if experiment.name in opened.failing else []
    if experiment.relaxed is not None:
        ambiguous.append(read_peaks(experiment.relaxed, opened.genome))
    return peak_labeller(peaks, ambiguous, opened.spec.labelling, opened.spec.bin)
