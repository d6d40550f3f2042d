"""Data sets in files: a genome, experiments and tracks, named by a `dataset.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motiflens.models import types
from motiflens.models.data.bins import BinTable, Intervals, Labeller, peak_labeller, union, usable_bins
from motiflens.models.data.expression import read_components
from motiflens.models.data.folder_spec import Experiment, FolderSpec, read_folder_spec
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.genome_windows import Features, GenomeWindows, Places, Rows, Signal
from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.intervals import overlaps
from motiflens.models.data.options import Options
from motiflens.models.data.peaks import Peaks, read_peaks
from motiflens.models.data.split import split_chromosomes
from motiflens.models.data.tracks import Track
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.types import Floats


def open_folder(source: types.Path, options: Options) -> Dataset:
    """Open a folder with a `dataset.toml`; see `open_dataset`."""
    options.refuse("a folder with dataset.toml", "genome", "negatives_file")
    spec = read_folder_spec(source)
    spec = replace(spec, length=options.length or spec.length, labelling=options.labelling or spec.labelling)
    splits, notes = open_spec(spec, options)
    return Dataset(
        str(source), "folder", splits, dataset_hash(spec.files(), options.given()), options.given(), notes
    )


@dataclass(frozen=True)
class Opened:
    """A folder's files, opened, of the experiments that are wanted."""

    spec: FolderSpec
    options: Options
    genome: Genome
    blacklist: Peaks | None
    experiments: tuple[Experiment, ...]
    peaks: Mapping[str, Peaks | BinTable]  # of each experiment, by its name
    cell_types: tuple[str, ...]  # empty where rows are windows rather than windows in a cell type

    def bound(self, number: int) -> Intervals:
        """Return what any experiment has bound on a chromosome."""
        found = (self.peaks[experiment.name] for experiment in self.experiments)
        return union([p.on(number) if isinstance(p, Peaks) else p.bound(number) for p in found])


def open_spec(spec: FolderSpec, options: Options) -> tuple[dict[str, Windows], tuple[str, ...]]:
    """Return the splits of a data set in files, and notes."""
    opened = open_files(spec, options)
    features = features_of(opened)
    numbers, notes = _splits(opened)
    splits: dict[str, Windows] = {}
    for split in ("train", "valid", "test"):
        if not numbers[split]:
            continue
        if spec.labelling == "centered" or options.negatives in ("gc", "dinucleotide"):
            from motiflens.models.data.centered import centered_windows

            windows, note = centered_windows(opened, features, split, numbers[split])
            notes += [note] if note not in notes else []
        else:
            windows = binned_windows(opened, features, split, numbers[split])
        if len(windows):
            splits[split] = windows
        else:
            notes.append(f"no window is left in {split}")
    if not splits:
        raise ValueError(f"{spec.path}: no window is left in any split: are the chromosomes and peaks right?")
    return splits, tuple(notes)


def open_files(spec: FolderSpec, options: Options) -> Opened:
    """Open the genome, the blacklist, and the peaks or labels of the experiments that the options choose."""
    experiments = spec.experiments
    if options.tf is not None:
        experiments = tuple(e for e in experiments if e.tf == options.tf)
        if not experiments:
            raise ValueError(f"{spec.path} has no experiment of tf {options.tf!r}: it has {', '.join(spec.tfs)}")
    if spec.length < spec.bin and spec.labelling != "centered":
        raise ValueError(f"length is {spec.length} bp: expected at least the bin's {spec.bin}")
    genome = open_genome(spec.fasta)
    peaks: dict[str, Peaks | BinTable] = {}
    for experiment in experiments:
        if experiment.peaks is not None:
            peaks[experiment.name] = read_peaks(experiment.peaks, genome)
        elif experiment.labels is not None:
            peaks[experiment.name] = BinTable(experiment.labels, experiment.cell_type, genome, spec.bin)
    return Opened(
        spec,
        options,
        genome,
        read_peaks(spec.blacklist, genome) if spec.blacklist is not None else None,
        experiments,
        peaks,
        tuple(e.cell_type for e in experiments) if options.tf is not None else (),
    )


def features_of(opened: Opened) -> Features:
    """Open the signals that are channels, all tracks, and the features of cell types."""
    spec, cells = opened.spec, opened.cell_types
    known: dict[str, Signal] = {name: Track(path, opened.genome) for name, path in spec.signals.items()}
    tracks: dict[str, Signal] = dict(known)
    dnase = {
        cell: Track(path, opened.genome)
        for cell, path in spec.accessibility.items()
        if path is not None and (not cells or cell in cells)
    }
    folds = {e: Track(e.fold_change, opened.genome) for e in opened.experiments if e.fold_change is not None}
    if cells:
        if dnase:
            _complete(opened, dnase)
            known = _with_dnase(known, dnase)
            tracks["dnase"] = dnase
        if folds:
            tracks["fold_change"] = {e.cell_type: track for e, track in folds.items()}
    else:
        tracks.update({f"dnase:{cell}": track for cell, track in dnase.items()})
        tracks.update({f"fold_change:{e.name}": track for e, track in folds.items()})
    chosen = opened.options.signals
    names = tuple(chosen) if chosen is not None else (tuple(known) if cells else ())
    for name in names:
        if name not in known:
            hint = "; dnase needs tf" if name == "dnase" and not cells else ""
            raise ValueError(f"{spec.path} has no signal {name!r}: it has {', '.join(known) or 'none'}{hint}")
    components = read_components(spec.expression, spec.given, spec.components, cells)
    meta_names = (*(f"expression{i + 1}" for i in range(components.shape[1])), *spec.annotations)
    if not cells or chosen == ():  # the sequence alone: no features of the cell type or the place either
        components, meta_names = components[:, :0], ()
    return Features(cells, {name: known[name] for name in names}, tracks, components, None, meta_names)


def _with_dnase(signals: dict[str, Signal], dnase: Mapping[str, Track]) -> dict[str, Signal]:
    """Put ``dnase`` after ``uniqueness``, as the published models have it, and before further signals."""
    first: dict[str, Signal] = {name: signals[name] for name in ("uniqueness",) if name in signals}
    return {**first, "dnase": dnase, **{name: s for name, s in signals.items() if name not in first}}


def _complete(opened: Opened, dnase: Mapping[str, Track]) -> None:
    for cell in opened.cell_types:
        if cell not in dnase:
            raise ValueError(
                f"{opened.spec.path}: the cell type {cell!r} has no accessibility, but {next(iter(dnase))!r} has: "
                "give both, or neither"
            )


def _splits(opened: Opened) -> tuple[dict[str, list[int]], list[str]]:
    """Return the chromosomes of each split: as the file or ``test`` says, else chosen by the seed."""
    spec, genome, options = opened.spec, opened.genome, opened.options
    named = {"train": spec.train, "valid": spec.valid, "test": spec.test}
    if options.test is not None:
        named["test"] = tuple(options.test.split(","))
        for split in ("train", "valid"):
            named[split] = tuple(name for name in named[split] if name not in named["test"])
    numbers = {split: [genome.number(name, spec.path) for name in names] for split, names in named.items()}
    taken = [number for found in numbers.values() for number in found]
    twice = next((number for i, number in enumerate(taken) if number in taken[:i]), None)
    if twice is not None:
        raise ValueError(f"{spec.path}: {genome.names[twice]} is in two splits: each chromosome must be in one")
    rest = [i for i in range(len(genome.names)) if i not in taken]
    if numbers["train"]:
        return numbers, []
    if numbers["valid"] or numbers["test"]:
        return {**numbers, "train": rest}, []
    chosen = split_chromosomes(genome.lengths[rest], seed=options.seed)
    for i, split in chosen.items():
        numbers[split].append(rest[i])
    shown = "; ".join(f"{s}: {', '.join(genome.names[i] for i in numbers[s])}" for s in ("valid", "test"))
    return numbers, [f"chromosomes chosen by the seed ({shown})"]


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
    """Return which cell types a split has (see `FolderSpec.test_cell_types`)."""
    held_out = opened.spec.test_cell_types
    for name in held_out:
        if name not in opened.spec.accessibility:
            raise ValueError(f"{opened.spec.path}: the test cell type {name!r} is in no experiment")
    found = [
        i for i, name in enumerate(opened.cell_types) if not held_out or (name in held_out) == (split == "test")
    ]
    return found or list(range(len(opened.cell_types)))


def annotation_bits(opened: Opened, places: Places) -> Floats:
    """Return whether each window's central bin shares a base with each annotation, (w, annotations)."""
    spec = opened.spec
    first = places.start + (spec.length - min(spec.bin, spec.length)) // 2
    bits = np.zeros((len(places), len(spec.annotations)), dtype=np.float32)
    for column, path in enumerate(spec.annotations.values()):
        intervals = read_peaks(path, opened.genome)
        for number in np.unique(places.chrom).tolist():
            here = places.chrom == number
            bits[here, column] = overlaps(
                first[here], first[here] + min(spec.bin, spec.length), intervals.on(number)
            )
    return bits


def _labeller(opened: Opened, experiment: Experiment) -> Labeller:
    found = opened.peaks[experiment.name]
    if isinstance(found, BinTable):
        return found
    return peak_labeller(found, experiment.relaxed, opened.spec.labelling, opened.spec.bin, opened.genome)
