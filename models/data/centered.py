"""Positives of a data set in files (summits, or bound bins), with negatives made for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.models.data.binned import binned_windows, labelled_windows
from motiflens.models.data.bins import Intervals, union
from motiflens.models.data.gc_negatives import gc_negatives
from motiflens.models.data.genome_windows import Features, GenomeWindows, Places, gc_and_masked
from motiflens.models.data.intervals import overlaps
from motiflens.models.data.labels import centered_labels
from motiflens.models.data.opened import Opened
from motiflens.models.data.peaks import Peaks
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.data.windows import ArrayWindows, Windows
from motiflens.models.types import Floats

_SPLIT = {"train": 0, "valid": 1, "test": 2}


def centered_windows(
    opened: Opened, features: Features, split: str, numbers: Sequence[int]
) -> tuple[Windows, str]:
    """Return positives and negatives of some chromosomes, and a note on the negatives.

    Positives are windows about the summits of the peaks (labelling ``centered``), or else bound bins. The
    negatives are ``gc`` (the default: they have signals), ``dinucleotide`` (sequence only), or ``bins``:
    every place that touches no peak, drawn afresh each epoch.
    """
    kind = opened.options.negatives or "gc"
    if opened.spec.labelling == "centered":
        places, labels = _summits(opened, numbers)
    else:
        places, labels = _bound_bins(opened, split, numbers)
    if kind == "dinucleotide":
        return _with_shuffled(opened, features, split, places, labels), "negatives made by dinucleotide shuffling"
    if kind == "bins":
        free = _unbound(opened, numbers)
        unbound = np.zeros((len(free), labels.shape[1]), dtype=np.float32)
        return _joined(
            opened, features, split, (places, labels), (free, unbound), None
        ), "negatives are unbound places"
    negatives, zeros = _matched(opened, split, places, labels, numbers)
    note = "negatives are genomic, matched on length, GC and repeats"
    return _joined(opened, features, split, (places, labels), (negatives, zeros), np.inf), note


def _summits(opened: Opened, numbers: Sequence[int]) -> tuple[Places, Floats]:
    """Return windows about summits, and their labels: with a TF, known in the peak's own cell type only."""
    spec, half = opened.spec, opened.spec.length // 2
    chroms, starts, labels = [], [], []
    generator = np.random.default_rng([opened.options.seed, 4])
    peaks = {e.name: p for e in opened.experiments if isinstance(p := opened.peaks[e.name], Peaks)}
    if len(peaks) < len(opened.experiments):
        raise ValueError(f"{spec.path}: centered labelling needs peaks, not labels of bins, in every experiment")
    for column, experiment in enumerate(opened.experiments):
        own = peaks[experiment.name]
        here = np.flatnonzero(np.isin(own.chrom, np.asarray(numbers)))
        shift = generator.integers(-opened.options.offset, opened.options.offset + 1, len(own))[here]
        chrom, start = own.chrom[here], own.summit[here] - half + shift
        label = np.full((len(here), len(opened.experiments)), np.nan, dtype=np.float32)
        if not opened.cell_types:
            for other, name in enumerate(peaks):
                for number in np.unique(chrom).tolist():
                    at = chrom == number
                    label[at, other] = centered_labels(start[at] + half, peaks[name].on(number))
        label[:, column] = 1
        chroms.append(chrom)
        starts.append(start)
        labels.append(label)
    summits = Places(np.concatenate(chroms), np.concatenate(starts))
    every = np.concatenate(labels)
    if opened.cell_types:
        return summits, every
    _, first = np.unique(np.stack([summits.chrom, summits.start]), axis=1, return_index=True)
    return summits.take(first), every[first]


def _bound_bins(opened: Opened, split: str, numbers: Sequence[int]) -> tuple[Places, Floats]:
    """Return the bins with a positive label, as rows."""
    windows = binned_windows(opened, Features(), split, numbers)
    bound = np.flatnonzero((windows.labels == 1).any(axis=1))
    places = windows.places.take(windows.rows.window[bound])
    if not opened.cell_types:
        return places, windows.labels[bound]
    labels = np.full((len(bound), len(opened.cell_types)), np.nan, dtype=np.float32)
    labels[np.arange(len(bound)), windows.rows.cell[bound]] = 1
    return places, labels


def _joined(
    opened: Opened,
    features: Features,
    split: str,
    positives: tuple[Places, Floats],
    negatives: tuple[Places, Floats],
    ratio: float | None,
) -> GenomeWindows:
    places = Places(
        np.concatenate([positives[0].chrom, negatives[0].chrom]),
        np.concatenate([positives[0].start, negatives[0].start]),
    )
    labels = np.concatenate([positives[1], negatives[1]])
    return labelled_windows(opened, features, split, places, labels, ratio=ratio)


def _avoid(opened: Opened, number: int) -> Intervals:
    parts = [opened.bound(number)]
    if opened.blacklist is not None:
        parts.append(opened.blacklist.on(number))
    return union(parts)


def _unbound(opened: Opened, numbers: Sequence[int]) -> Places:
    """Return places at every stride that lie wholly on the chromosome and touch no peak."""
    chroms, starts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number in numbers:
        room = int(opened.genome.lengths[number]) - opened.spec.length
        start = np.arange(0, room + 1, opened.spec.stride, dtype=np.int64)
        start = start[~overlaps(start, start + opened.spec.length, _avoid(opened, number))]
        starts.append(start)
        chroms.append(np.full(len(start), number, dtype=np.int64))
    return Places(np.concatenate(chroms), np.concatenate(starts))


def _matched(
    opened: Opened, split: str, places: Places, labels: Floats, numbers: Sequence[int]
) -> tuple[Places, Floats]:
    """Return GC-matched places, `ratio` per positive; with a TF, in the cell type of the positive."""
    ratio = 1.0 if opened.options.ratio is None else opened.options.ratio
    which = np.arange(round(ratio * len(places))) % max(len(places), 1)
    gc, masked, _ = gc_and_masked(opened.genome, places, opened.spec.length)
    negatives = gc_negatives(
        opened.genome,
        gc[which],
        masked[which],
        opened.spec.length,
        numbers=numbers,
        avoid={number: _avoid(opened, number) for number in numbers},
        seed=3 * opened.options.seed + _SPLIT[split],
    )
    return negatives, labels[which] * 0  # NaN stays NaN


def _with_shuffled(opened: Opened, features: Features, split: str, places: Places, labels: Floats) -> ArrayWindows:
    """Return positives and shuffled copies in memory: sequence only, since shuffled ones have no place."""
    if features.signals or features.meta_names:
        raise ValueError(
            f"{opened.spec.path}: shuffled negatives have no signals: use gc or bins negatives, or leave tf out"
        )
    positives = labelled_windows(opened, features, split, places, labels)
    ratio = 1.0 if opened.options.ratio is None else opened.options.ratio
    index = np.arange(len(positives))
    which = np.arange(round(ratio * len(index))) % max(len(index), 1)
    codes = positives.codes(index)
    other = dinucleotide_shuffle(codes[which], seed=3 * opened.options.seed + _SPLIT[split])
    table = positives.table.iloc[np.concatenate([index, which])].reset_index(drop=True)
    table["start"], table["end"] = table["start"].astype("Int64"), table["end"].astype("Int64")
    made = table.index >= len(index)
    table.loc[made, "name"] = table.loc[made, "name"] + "_shuffled"
    for column in ("chrom", "start", "end"):
        table.loc[made, column] = None
    zeros = np.zeros((len(which), labels.shape[1] if not opened.cell_types else 1), dtype=np.float32)
    return ArrayWindows(
        np.concatenate([codes, other]),
        np.concatenate([positives.labels, zeros]),
        tasks=positives.tasks,
        table=table,
    )
