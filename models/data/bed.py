"""BED and narrowPeak files with a genome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from motiflens.models import types
from motiflens.models.data.folder import open_spec
from motiflens.models.data.folder_spec import Experiment, FolderSpec
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.memory import dataset, split_memory, test_file
from motiflens.models.data.options import Options
from motiflens.models.data.peaks import read_peaks
from motiflens.models.data.sequences import Sequences, placed_sequences
from motiflens.models.data.split import split_chromosomes
from motiflens.models.data.windows import Dataset

_LENGTH = 101


def open_bed(source: types.Path, options: Options) -> Dataset:
    """Open peaks and the genome they lie on; see `open_dataset`.

    Under ``centered`` (the default), windows lie about the summits. Under ``deepsea`` and ``dream``, or with
    ``bins`` negatives, the genome is cut into bins as for a folder with one experiment.
    """
    options.refuse("BED peaks", "signals", "columns")
    if options.genome is None:
        raise ValueError(f"{source} holds coordinates only: give the genome's FASTA as genome (--genome)")
    path = Path(source)
    genome = open_genome(options.genome)
    if options.labelling in ("deepsea", "dream", "overlap") or options.negatives == "bins":
        return _binned(path, genome, options)
    sequences, notes = _centered(path, genome, options)
    other = test_file(options)
    test = _centered(other, genome, options)[0] if other is not None else None
    divided = split_memory(sequences, test, options, task=options.tf or _task(path), source=path)
    told = (*notes, *divided.notes)
    return dataset(source, "peaks", divided.splits, options, told, [path, other], divided.left_out)


def _task(path: Path) -> str:
    return path.name.split(".")[0]


def _centered(path: Path, genome: Genome, options: Options) -> tuple[Sequences, tuple[str, ...]]:
    """Return windows about the summits, shifted by up to the offset."""
    peaks = read_peaks(path, genome)
    length = options.length or _LENGTH
    shift = np.random.default_rng([options.seed, 4]).integers(-options.offset, options.offset + 1, len(peaks))
    names = [name if name != "." else f"peak{i + 1}" for i, name in enumerate(peaks.name)]
    start = peaks.summit - length // 2 + shift
    sequences = placed_sequences(genome, peaks.chrom, start, length, label=1.0, names=names)
    if not np.isnan(peaks.signal).all():
        sequences.table["signal"] = peaks.signal
    about = "summits" if peaks.called else "the middle of peaks"
    note = (
        f"windows centred on {about}" if options.offset == 0 else f"windows within {options.offset} bp of {about}"
    )
    return sequences, (note,)


def _binned(path: Path, genome: Genome, options: Options) -> Dataset:
    """Return bins of the whole genome, by way of a data set in files of one experiment."""
    labelling = options.labelling or "centered"
    if test_file(options) is not None:
        raise ValueError(f"test {options.test!r} is a file: binned labelling needs chromosomes, such as chr8,chr9")
    task = options.tf or _task(path)
    bin_size = 200
    spec = FolderSpec(
        path=path,
        name=task,
        fasta=genome.path,
        blacklist=None,
        length=options.length or (_LENGTH if labelling == "centered" else 1000),
        bin=bin_size,
        stride=50 if labelling in ("dream", "overlap") else bin_size,
        labelling=labelling,
        train=(),
        valid=(),
        test=(),
        test_cell_types=(),
        signals={},
        annotations={},
        expression=None,
        components=1,
        given=None,
        accessibility={"": None},
        experiments=(Experiment(task, "", path, None, None, None),),
    )
    spec = _with_splits(spec, path, genome, options)
    splits, notes = open_spec(spec, replace(options, tf=None))
    for windows in splits.values():
        windows.tasks = (task,)
    return dataset(path, "peaks", splits, options, notes, [path])


def _with_splits(spec: FolderSpec, path: Path, genome: Genome, options: Options) -> FolderSpec:
    """Choose chromosomes for valid and, unless it is named, test by the number of their peaks."""
    peaks = read_peaks(path, genome)
    numbers, counts = np.unique(peaks.chrom, return_counts=True)
    names = [genome.names[number] for number in numbers]
    chosen = split_chromosomes(counts, seed=options.seed)
    split = {s: tuple(names[i] for i in chosen if chosen[i] == s) for s in ("valid", "test")}
    return replace(spec, valid=split["valid"], test=() if options.test is not None else split["test"])
