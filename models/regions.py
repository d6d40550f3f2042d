"""Windows of a user's own regions: a BED file, a FASTA file, a place on the genome, or all splits of a data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.genome import Genome
from motiflens.models.data.options import Options
from motiflens.models.data.peaks import read_summits
from motiflens.models.data.read_fasta import read_fasta
from motiflens.models.data.signal_ranges import ScaledSignals, scaled_hash, scaled_notes
from motiflens.models.data.windows import ArrayWindows, Dataset, Joined, Windows
from motiflens.models.genome_source import genome_notes, open_genome_source
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.provenance import file_hash
from motiflens.models.run import Run
from motiflens.models.types import Indices, Integers

ALL = "all"
REGIONS = "regions"  # kind of a data set of own windows


@dataclass(frozen=True)
class Regions:
    """What a user names; one of the first three.

    Attributes
    ----------
    bed
        BED or narrowPeak: the window about each interval's summit, or its middle, as in training.
    fasta
        Sequences; longer ones are cut to their middle, shorter ones padded with N.
    locus
        ``chr:start-end``, 0-based and half-open: one window about its middle, or as many side by side as cover it.
    genome, data, cell_type
        Where bases and signals are read: FASTA, or a folder with ``dataset.toml`` (the run's own by default), and
        whose accessibility.
    options
        What a data set is opened with; of these, ``scale_signals`` multiplies signals as in windows of a split.
    """

    bed: Path | None = None
    fasta: Path | None = None
    locus: str | None = None
    genome: Path | None = None
    data: str | None = None
    cell_type: str | None = None
    options: Options | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("bed", "fasta", "locus") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give either --{given[0]} or --{given[1]}, not both")

    def __bool__(self) -> bool:
        """Whether any is named."""
        return any(value is not None for value in (self.bed, self.fasta, self.locus))


class OwnWindows(NamedTuple):
    """Windows of regions, unlabelled, and where they come from."""

    windows: Windows
    source: str
    hash: str
    genome: Genome | None
    notes: tuple[str, ...] = ()  # of signals of another size than the model knows


def open_regions(run: Run, regions: Regions) -> OwnWindows:
    """Open the windows of a user's regions as a run takes them; labels are NaN.

    Raises
    ------
    FileNotFoundError, ValueError
        On bad files, as their readers; if nothing is named, or the run reads signals that a FASTA file has not.

    Examples
    --------
    >>> import tempfile
    >>> from motiflens.models import build, open_run, save_run
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "s.fa").write_text(">a\\nACGTACGTACGT\\n")
    >>> _ = save_run(folder / "run", build("cnn_zeng", length=40), {"tasks": ["CTCF"]})
    >>> windows = open_regions(open_run(folder / "run"), Regions(fasta=folder / "s.fa")).windows
    >>> windows.table["name"].tolist(), windows.length
    (['a'], 40)
    """
    if regions.fasta is not None:
        if run.model.channels > 4 or run.model.meta:
            raise ValueError(f"{run.path} reads more than the sequence, which {regions.fasta} has not: give --bed")
        _scales(run, regions)
        sequences, notes = read_fasta(regions.fasta, length=run.model.length)
        labels = np.full((len(sequences.codes), len(run.tasks)), np.nan, dtype=np.float32)
        given = ArrayWindows(sequences.bases(), labels, tasks=run.tasks, table=sequences.table)
        check_run_fits(run, given, where=str(regions.fasta))
        return OwnWindows(given, str(regions.fasta), file_hash(regions.fasta), None, notes)
    if not regions:
        raise ValueError("no regions are named: give --bed, --fasta or --locus")
    source = open_genome_source(run, regions.data, genome=regions.genome, cell_type=regions.cell_type)
    genome, length = source.genome, run.model.length
    if regions.bed is not None:
        chrom, start, names = read_summits(regions.bed, genome)
        start -= length // 2
    else:
        chrom, start = _tiles(genome, str(regions.locus), length)
        names = ()
    start += (length - source.bin) // 2
    windows: Windows = source.windows(chrom, start, run.tasks)
    if names:
        windows.table["name"] = list(names)
    check_run_fits(run, windows)
    where = str(regions.bed if regions.bed is not None else regions.locus)
    if not _scales(run, regions):
        notes = genome_notes(run, source, regions.data, remedy="--scale-signals multiplies it by about")
        return OwnWindows(windows, where, genome.hash, genome, notes)
    factors = data_factors(run, regions.data, regions.options, regions.cell_type)
    notes = (*scaled_notes(factors), *genome_notes(run, replace(source, factors=factors), regions.data))
    if not factors:
        return OwnWindows(windows, where, genome.hash, genome, notes)
    return OwnWindows(ScaledSignals(windows, factors), where, scaled_hash(genome.hash, factors), genome, notes)


def _scales(run: Run, regions: Regions) -> bool:
    """Whether signals are to be multiplied. Errors as in `data_factors`."""
    wanted = regions.options is not None and regions.options.scale_signals
    if wanted:
        _check_signals(run)
    return wanted


def data_factors(
    run: Run, source: str | None, options: Options | None = None, cell_type: str | None = None
) -> dict[str, float]:
    """Return by what each signal is multiplied to reach what a run knows; empty where none is.

    By the data's own windows, not by those that are read: what a window is multiplied by must not depend on the
    others.

    Parameters
    ----------
    run
        The model.
    source
        A data set; the run's own by default.
    options
        What it is opened with, where that differs from the run's training.
    cell_type
        Whose signals are read: of splits with factors of their own, the one most of whose windows are its.

    Raises
    ------
    ValueError
        If the run reads no signals, or as `open_as_trained`.
    """
    _check_signals(run)
    dataset = open_as_trained(run, source, replace(options or Options(), scale_signals=True))
    scaled = [windows for windows in dataset.splits.values() if isinstance(windows, ScaledSignals)]
    if not scaled:
        return {}
    return dict(max(scaled, key=lambda windows: windows.share_of(cell_type)).by_name)  # the first of equal ones


def _check_signals(run: Run) -> None:
    if run.model.channels <= 4:
        raise ValueError(f"{run.path} reads no signals that --scale-signals could multiply: leave it out")


def region_dataset(run: Run, regions: Regions) -> Dataset:
    """Return a user's own windows as a data set of one split, ``test``, in which they are bound by every task.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_regions`.

    Examples
    --------
    >>> import tempfile
    >>> from motiflens.models import build, open_run, save_run
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "s.fa").write_text(">a\\nACGTACGTACGT\\n")
    >>> _ = save_run(folder / "run", build("cnn_zeng", length=40), {"tasks": ["CTCF"]})
    >>> region_dataset(open_run(folder / "run"), Regions(fasta=folder / "s.fa"))["test"].labels.tolist()
    [[1.0]]
    """
    own = open_regions(run, regions)
    own.windows.labels = np.broadcast_to(np.float32(1), own.windows.labels.shape)
    note = f"{len(own.windows):,} own windows of {own.source}, all taken as bound"
    return Dataset(own.source, REGIONS, {"test": own.windows}, own.hash, notes=(note, *own.notes))


def _tiles(genome: Genome, locus: str, length: int) -> tuple[Indices, Integers]:
    """Chromosome and first base of the windows that cover a place."""
    name, start, end = parse_locus(locus)
    number = genome.number(name, "--locus")
    if end > genome.lengths[number]:
        raise ValueError(
            f"--locus {locus} ends past the end of {name} ({genome.lengths[number]} bp in {genome.path})"
        )
    count = max(1, -(-(end - start) // length))
    first = (start + end) // 2 - count * length // 2
    starts = first + length * np.arange(count, dtype=np.int64)
    return np.full(count, number, dtype=np.int64), starts


def parse_locus(text: str) -> tuple[str, int, int]:
    """Read ``chr:start-end``, 0-based and half-open; commas are allowed.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_locus("chr5:1,000-1,200")
    ('chr5', 1000, 1200)
    """
    match = re.fullmatch(r"(.+):([\d,]+)-([\d,]+)", text.strip())
    if match:
        start, end = (int(match[number].replace(",", "") or 0) for number in (2, 3))
        if end > start:
            return match[1], start, end
    raise ValueError(f"{text!r} is no region: write chr:start-end with start < end")


def split_windows(dataset: Dataset, split: str) -> Windows:
    """Return one split of a data set, or all of them, one after another, by the name ``all``."""
    if split != ALL:
        return dataset[split]
    return Joined([dataset[name] for name in ("train", "valid", "test") if name in dataset.splits])
