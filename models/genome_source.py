"""Windows to predict: those of a BED file, or tiles of a whole genome, with the inputs that a run needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

import numpy as np

from motiflens.models import types
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.bins import unknown_intervals
from motiflens.models.data.folder_spec import read_folder_spec
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.genome_windows import Features, GenomeWindows, Places, Rows
from motiflens.models.data.intervals import covered, overlaps
from motiflens.models.data.narrow import narrow
from motiflens.models.data.open_dataset import source_kind
from motiflens.models.data.opened import Opened, annotation_bits, features_of, open_files
from motiflens.models.data.options import Options
from motiflens.models.data.peaks import Peaks, read_peaks
from motiflens.models.data.signal_ranges import ScaledSignals, range_notes, signal_notes, unlabelled_ranges
from motiflens.models.data.windows import BASES, Windows
from motiflens.models.open_for_run import known_signals, open_as_trained, trained_options, wanted_features
from motiflens.models.ranges import PREDICT_RANGES, check_range
from motiflens.models.recorded import recorded, recorded_data
from motiflens.models.run import Run
from motiflens.models.types import Booleans, Indices, Integers

CHUNK = 8192  # bins at a time, so that memory does not grow with the genome
_SAMPLE = 4096  # windows of a genome by which its signals are judged


@dataclass(frozen=True)
class GenomeSource:
    """What windows anywhere on a genome are read from.

    Attributes
    ----------
    genome, blacklist
        The genome; the intervals whose bins score 0, or None.
    opened, features, cell
        The data set in files, its signals and features, and the index of the cell type predicted; None, empty
        and 0 for a bare genome.
    length, bin
        Of windows, and of the bins in their middle that predictions are about, in bp.
    factors
        By what signals are multiplied, by name.
    """

    genome: Genome
    blacklist: Peaks | None
    opened: Opened | None
    features: Features
    cell: int
    length: int
    bin: int
    factors: Mapping[str, float] = field(default_factory=dict)

    def windows(self, chrom: Indices, bins: Integers, tasks: tuple[str, ...]) -> Windows:
        """Return the windows about bins, unlabelled.

        Parameters
        ----------
        chrom, bins
            (n,) numbers of chromosomes, and first bases of bins.
        tasks
            Names of the run's outputs.
        """
        places = Places(narrow(chrom), narrow(bins - (self.length - self.bin) // 2))
        features = self.features
        if self.opened is not None and features.meta_names:
            features = replace(features, window_meta=annotation_bits(self.opened, places))
        # What is the same of all windows takes no room.
        labels = np.broadcast_to(np.float32(np.nan), (len(places), len(tasks)))
        cell = np.broadcast_to(np.int64(self.cell), len(places))
        rows = Rows(narrow(np.arange(len(places))), cell, labels)
        windows = GenomeWindows(self.genome, places, self.length, rows, tasks, features)
        return ScaledSignals(windows, self.factors) if self.factors else windows

    def blacklisted(self, chrom: Integers, starts: Integers, ends: Integers) -> Booleans:
        """Return which intervals share a base with the blacklist, (n,)."""
        hidden = np.zeros(len(starts), dtype=bool)
        if self.blacklist is None:
            return hidden
        for number in np.unique(chrom).tolist():
            here = chrom == number
            hidden[here] = overlaps(starts[here], ends[here], self.blacklist.on(number))
        return hidden


def open_genome_source(
    run: Run,
    source: types.Path | None = None,
    *,
    genome: types.Path | None = None,
    blacklist: types.Path | None = None,
    cell_type: str | None = None,
    bin_size: int | None = None,
) -> GenomeSource:
    """Open what a run's windows are read from.

    Parameters
    ----------
    run
        The model; its ``config.json`` names the data and the TF it was trained with.
    source
        A folder with ``dataset.toml``; the run's own by default.
    genome
        A FASTA file in place of a folder; then the model must read the sequence alone.
    blacklist
        BED of bins to score 0; the folder's own by default.
    cell_type
        Whose signals to read, where the model reads any; may be left out if there is one.
    bin_size
        Base pairs that a prediction is about; the folder's, or 200 at most.

    Raises
    ------
    ValueError
        If the model needs inputs that the source lacks.
    """
    check_range("bin_size", bin_size, PREDICT_RANGES["bin_size"])
    length = run.model.length
    record = recorded_data(run)
    if genome is not None:
        if run.model.channels > 4 or run.model.meta:
            raise ValueError(f"{run.path} reads more than the sequence: give --data, a folder with dataset.toml")
        sequence = open_genome(genome)
        black = read_peaks(blacklist, sequence) if blacklist is not None else None
        return GenomeSource(sequence, black, None, Features(), 0, length, bin_size or min(200, length))
    where = source if source is not None else record.get("source")
    with recorded(run, {"source": where} if source is None else {}):
        kind = None if where is None else source_kind(where)
    if where is None or kind != "folder":
        raise ValueError("a genome is needed: give --genome FASTA, or --data, a folder with dataset.toml")
    spec = replace(read_folder_spec(where), length=length)
    with recorded(run, trained_options(run, str(where)) if "source" in record else {}):
        options = replace(_options(run, str(where), spec.tfs), features=wanted_features(run, spec))
        opened = open_files(spec, options)
        features = features_of(opened)
    inputs = _Inputs(length, (*BASES, *features.signals), features.meta_names)
    check_run_fits(run, inputs, where=str(where))
    cell = _cell(features, cell_type, str(where))
    black = read_peaks(blacklist, opened.genome) if blacklist is not None else opened.blacklist
    return GenomeSource(opened.genome, black, opened, features, cell, length, bin_size or min(spec.bin, length))


def _options(run: Run, source: str, tfs: tuple[str, ...]) -> Options:
    """Return the TF and the signals that a run reads; the TF decides only which cell types there are."""
    trained = trained_options(run, source)
    tf, signals = trained.get("tf"), trained.get("signals")
    if tf is None and (run.model.channels > 4 or run.model.meta):
        tf = run.tasks[0] if run.tasks[0] in tfs else tfs[0]
    if signals is None and run.model.channels > 4:
        signals = run.config.get("channels", ())[4:] or None
    return Options(tf=cast("str | None", tf), signals=cast("tuple[str, ...] | None", signals))


class _Inputs(NamedTuple):
    """The inputs of windows that are not made yet; see `check_run_fits`."""

    length: int
    channels: tuple[str, ...]
    meta_names: tuple[str, ...]


def _cell(features: Features, cell_type: str | None, where: str) -> int:
    known = features.cell_types
    if not known:
        return 0
    if cell_type is None and len(known) > 1 and (features.signals or features.meta_names):
        raise ValueError(f"{where} has the cell types {', '.join(known)}: choose one with --cell-type")
    if cell_type is not None and cell_type not in known:
        raise ValueError(f"{where} has no cell type {cell_type!r}: it has {', '.join(known)}")
    return known.index(cell_type) if cell_type is not None else 0


class TileRange(NamedTuple):
    """Bins side by side on one chromosome."""

    chrom: int  # its number
    first: int  # of the bins, counted on the chromosome
    stop: int


def tile_ranges(genome_source: GenomeSource, step: int, chromosomes: tuple[str, ...] = ()) -> Iterator[TileRange]:
    """Yield what bins a genome has, `CHUNK` at a time, chromosome by chromosome, in order.

    Parameters
    ----------
    genome_source
        The genome and the bins' size.
    step
        Distance between bins, in bp.
    chromosomes
        Names; all by default.
    """
    check_range("step", step, PREDICT_RANGES["step"])
    genome = genome_source.genome
    names = chromosomes or genome.names
    for number in (genome.number(name, "--chromosomes") for name in names):
        count = max(int(genome.lengths[number]) - genome_source.bin, -step) // step + 1
        for first in range(0, count, CHUNK):
            yield TileRange(number, first, min(first + CHUNK, count))


def tiles_of(
    genome_source: GenomeSource, step: int, ranges: Iterable[TileRange]
) -> Iterator[tuple[Integers, Integers]]:
    """Yield the bins of ranges: numbers of chromosomes and first bases, (n,) each; see `genome_tiles`."""
    for number, first, stop in ranges:
        bins = np.arange(first, stop, dtype=np.int64) * step
        gaps = unknown_intervals(genome_source.genome, number, first * step, (stop - 1) * step + genome_source.bin)
        bins = bins[covered(bins, bins + genome_source.bin, gaps) * 2 <= genome_source.bin]
        if len(bins):
            yield np.full(len(bins), number, dtype=np.int64), bins


def genome_tiles(
    genome_source: GenomeSource, step: int, chromosomes: tuple[str, ...] = ()
) -> Iterator[tuple[Integers, Integers]]:
    """Yield the bins of a genome, `CHUNK` at a time, chromosome by chromosome, in order.

    Parameters
    ----------
    genome_source, step, chromosomes
        See `tile_ranges`.

    Yields
    ------
    chrom, bins
        (n,) number of the chromosome, and first bases. Bins of which more than half is N are left out.
    """
    yield from tiles_of(genome_source, step, tile_ranges(genome_source, step, chromosomes))


def genome_notes(
    run: Run, genome_source: GenomeSource, source: types.Path | None = None, *, remedy: str = ""
) -> tuple[str, ...]:
    """Warn of signals that are of another size on a genome than the model knows, by windows evenly over all of it.

    Not where the windows of the data set itself are as the model knows them: what is highest on a genome (repeats,
    a cell type's strongest sites) may be beyond any bound window of a factor.

    Parameters
    ----------
    run, genome_source
        The model, and what its windows are read from.
    source
        As it was opened; see `open_genome_source`.
    remedy
        As in `signal_notes`.
    """
    known = known_signals(run)
    genome, length = genome_source.genome, genome_source.length
    if not known or not genome_source.features.signals:
        return ()
    ends = np.cumsum(
        np.maximum(genome.lengths - length + 1, 0)
    )  # of the places where a window fits, by chromosome
    if not len(ends) or not ends[-1]:
        return ()
    places = np.unique(np.linspace(0, ends[-1] - 1, _SAMPLE).astype(np.int64))
    chrom = np.searchsorted(ends, places, side="right")
    start = places - np.concatenate([[0], ends])[chrom]
    windows = genome_source.windows(chrom, start + (length - genome_source.bin) // 2, run.tasks)
    notes = range_notes(known, unlabelled_ranges(windows), remedy=remedy)
    return notes if notes and _data_differ(run, genome_source, source) else ()


def _data_differ(run: Run, genome_source: GenomeSource, source: types.Path | None) -> bool:
    """Whether the data's windows of the cell type have such signals, too; True where there are none to ask."""
    wanted = Options(scale_signals=bool(genome_source.factors))
    try:
        dataset = open_as_trained(run, None if source is None else str(source), wanted)
    except (ValueError, FileNotFoundError):
        return True
    known = known_signals(run)
    asked = [_of_cell(windows, genome_source) for windows in dataset.splits.values()]
    return not any(map(len, asked)) or any(signal_notes(windows, known) for windows in asked)


def _of_cell(windows: Windows, genome_source: GenomeSource) -> Windows:
    """Return the windows of the cell type that is predicted; all of them where none is told apart."""
    names = genome_source.features.cell_types
    if "cell_type" not in windows.table or not names:
        return windows
    return windows.subset(np.flatnonzero(windows.table["cell_type"] == names[genome_source.cell]))
