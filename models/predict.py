"""Predicting windows, a BED file's intervals or a whole genome, streamed to a file in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch

from motiflens.models import types
from motiflens.models.architectures.layers import Merge
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.text import listed
from motiflens.models.data.windows import Windows
from motiflens.models.evaluate import score
from motiflens.models.files import silent_stderr, write_whole
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, Step
from motiflens.models.run import Run
from motiflens.models.strands import strand_merge
from motiflens.models.types import Floats, Integers

if TYPE_CHECKING:
    from motiflens.models.genome_source import GenomeSource

FORMATS = ("tsv", "bed", "bigwig")


class Chunk(NamedTuple):
    """Some predictions."""

    table: pd.DataFrame  # n rows: name, and chrom, start, end where known
    probabilities: Floats  # n, T


@dataclass(frozen=True)
class PredictOptions:
    """How predictions are computed.

    Attributes
    ----------
    average_strands
        Probability of both strands, merged; see `strand_merge`. None for what the run's recipe says.
    batch_size, device
        As in `evaluate.score`.
    """

    average_strands: bool | Merge | None = None
    batch_size: int = 256
    device: torch.device | str | None = None

    def __post_init__(self) -> None:
        """Check the numbers (see `ranges`)."""
        check_numbers(self)


def probabilities(run: Run, windows: Windows, how: PredictOptions) -> Iterator[Floats]:
    """Yield the probabilities of windows, (n, T) a batch."""
    merge = strand_merge(run.config, how.average_strands)
    batches = score(
        run.model, windows, average_strands=merge or False, batch_size=how.batch_size, device=how.device
    )
    for logits in batches:
        yield (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def predict(run: Run, windows: Windows, how: PredictOptions | None = None) -> Floats:
    """Return the probabilities of windows, (N, T), in the order of the windows and of the run's tasks.

    Parameters
    ----------
    run
        An opened run (see `open_run`).
    windows
        One split of a data set; for what does not fit into memory see `predict_windows`.
    how
        See `PredictOptions`.

    Raises
    ------
    ValueError
        If the windows do not fit the model.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from motiflens.models import ArrayWindows, build, open_run, save_run
    >>> model = build("cnn_zeng", length=101, outputs=1)
    >>> folder = tempfile.mkdtemp()
    >>> _ = save_run(folder, model, {"tasks": ["CTCF"], "channels": ["A", "C", "G", "T"]})
    >>> predict(open_run(folder), ArrayWindows(np.zeros((3, 101), dtype=np.uint8), np.zeros(3))).shape
    (3, 1)
    """
    parts = [chunk.probabilities for chunk in predict_windows(run, windows, how)]
    return np.concatenate(parts) if parts else np.zeros((0, len(run.tasks)), dtype=np.float32)


def predict_windows(run: Run, windows: Windows, how: PredictOptions | None = None) -> Iterator[Chunk]:
    """Predict a split, in its order."""
    check_run_fits(run, windows)
    first = 0
    for part in probabilities(run, windows, how or PredictOptions()):
        table = windows.table.iloc[first : first + len(part)]
        first += len(part)
        yield Chunk(table, part)


def predict_bins(
    run: Run,
    genome_source: GenomeSource,
    bins: Iterator[tuple[Integers, Integers]],
    how: PredictOptions | None = None,
) -> Iterator[Chunk]:
    """Predict bins of a genome; blacklisted ones score 0.

    Parameters
    ----------
    run, genome_source
        The model, and what its windows are read from.
    bins
        Chunks of chromosome numbers and first bases (see `places.genome_tiles`).
    how
        See `PredictOptions`.
    """
    names = np.asarray(genome_source.genome.names, dtype=object)
    for chrom, first in bins:
        black = genome_source.blacklisted(chrom, first, first + genome_source.bin)
        windows = genome_source.windows(chrom, first, run.tasks)
        predicted = np.zeros((len(first), len(run.tasks)), dtype=np.float32)
        keep = np.flatnonzero(~black)
        if len(keep):
            predicted[keep] = np.concatenate(
                list(probabilities(run, windows.subset(keep), how or PredictOptions()))
            )
        table = pd.DataFrame({"chrom": names[chrom], "start": first, "end": first + genome_source.bin})
        yield Chunk(table, predicted)


def predict_bed(
    run: Run, genome_source: GenomeSource, bed: types.Path, how: PredictOptions | None = None
) -> Iterator[Chunk]:
    """Predict the window about each interval of a BED file, in the file's order.

    A narrowPeak's window is about its summit, as in training, any other's about the interval's middle. The rows of
    the result carry the file's own coordinates. Intervals that share a base with the blacklist score 0.
    """
    from motiflens.models.data.peaks import read_peaks
    from motiflens.models.genome_source import CHUNK

    peaks = read_peaks(bed, genome_source.genome)
    names = np.asarray(genome_source.genome.names, dtype=object)
    bins = peaks.summit - genome_source.length // 2 + (genome_source.length - genome_source.bin) // 2
    for at in range(0, len(peaks), CHUNK):
        part = slice(at, at + CHUNK)
        chrom, start, end = peaks.chrom[part], peaks.start[part], peaks.end[part]
        windows = genome_source.windows(chrom, bins[part], run.tasks)
        predicted = np.concatenate(list(probabilities(run, windows, how or PredictOptions())))
        predicted[genome_source.blacklisted(chrom, start, end)] = 0.0
        yield Chunk(pd.DataFrame({"chrom": names[chrom], "start": start, "end": end}), predicted)


def told(chunks: Iterator[Chunk], progress: Progress, total: int | None = None) -> Iterator[Chunk]:
    """Yield predictions as they come, and tell how many there are so far, of how many."""
    done = 0
    progress(Step("predicting", 0, total))
    for chunk in chunks:
        yield chunk
        done += len(chunk.table)
        progress(Step("predicting", done, total))


class Writer(Protocol):
    """Takes predictions in order."""

    def __call__(self, chunk: Chunk) -> None:
        """Write some."""


def write_predictions(
    path: types.Path,
    chunks: Iterator[Chunk],
    tasks: tuple[str, ...],
    *,
    format: str | None = None,
    task: str | None = None,
    sizes: dict[str, int] | None = None,
    step: int | None = None,
) -> int:
    """Write predictions as they come, whole or not at all.

    Parameters
    ----------
    path
        The file. ``.tsv`` (all tasks as columns), ``.bed`` or ``.bw``.
    chunks
        Predictions.
    tasks
        Names of their columns.
    format
        ``tsv``, ``bed`` or ``bigwig``; by the file's ending by default. A BED's score is the probability times
        1,000, with the probability itself in column 7; both BED and bigWig hold one task.
    task
        Which one; may be left out if there is one.
    sizes
        Chromosome -> length, for bigWig.
    step
        Distance between bins: in a bigWig a bin's value stands for its middle `step` bp, since values there
        must not overlap. The bin's own width by default.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ValueError
        For an unknown format or task, or a bigWig without coordinates in order.
    """
    kind = format or format_of(path)
    if kind not in FORMATS:
        raise ValueError(f"format {kind!r} is unknown: expected {', '.join(FORMATS)}")
    column = task_column(tasks, task, kind)
    with write_whole(path) as part:
        if kind == "bigwig":
            return _write_bigwig(part, chunks, column, sizes or {}, step)
        with part.open("w", encoding="utf-8", newline="") as file:
            write = _tsv(file, tasks) if kind == "tsv" else _bed(file, tasks, column)
            total = 0
            for chunk in chunks:
                write(chunk)
                total += len(chunk.table)
    return total


def format_of(path: types.Path) -> str:
    """Return the format that a file's ending names: ``tsv``, ``bed`` or ``bigwig``."""
    return {".bed": "bed", ".bw": "bigwig", ".bigwig": "bigwig"}.get(Path(path).suffix.lower(), "tsv")


def task_column(tasks: tuple[str, ...], task: str | None, kind: str) -> int:
    """Return which task a file of some format holds; raise ValueError if that is not known."""
    if task is not None and task not in tasks:
        raise ValueError(f"the run has no task {task!r}: it has {listed(tasks)}")
    if task is None and len(tasks) > 1 and kind != "tsv":
        raise ValueError(f"a {kind} file holds one task: choose one of {listed(tasks)} with --task")
    return tasks.index(task) if task is not None else 0


def _tsv(file: IO[str], tasks: tuple[str, ...]) -> Writer:
    started = False

    def write(chunk: Chunk) -> None:
        nonlocal started
        known = [name for name in ("chrom", "start", "end", "name", "cell_type") if name in chunk.table]
        if started and known == ["chrom", "start", "end"] and _plain(chunk):
            _write_rows(file, chunk)  # the same bytes as below in less than half of the time
            return
        values = pd.DataFrame(chunk.probabilities, columns=list(tasks), index=chunk.table.index)
        table = pd.concat([chunk.table[known], values], axis=1)
        table.to_csv(file, sep="\t", index=False, header=not started, float_format="%.6g")
        started = True

    return write


def _plain(chunk: Chunk) -> bool:
    """Tell whether nothing in a chunk needs quotes or is missing."""
    names = set(chunk.table["chrom"])
    plain = all(isinstance(name, str) and name.isprintable() and '"' not in name for name in names)
    return plain and "" not in names and bool(np.isfinite(chunk.probabilities).all())


def _write_rows(file: IO[str], chunk: Chunk) -> None:
    form = "\t".join(["%s", "%d", "%d", *["%.6g"] * chunk.probabilities.shape[1]]) + "\n"
    coordinates = (chunk.table[name].tolist() for name in ("chrom", "start", "end"))
    rows = zip(*coordinates, *chunk.probabilities.T.tolist(), strict=True)
    file.write("".join([form % row for row in rows]))


def _bed(file: IO[str], tasks: tuple[str, ...], column: int) -> Writer:
    def write(chunk: Chunk) -> None:
        table, p = chunk.table, chunk.probabilities[:, column]
        if "chrom" not in table:
            raise ValueError("these windows have no coordinates: write a .tsv")
        rows = zip(table["chrom"], table["start"], table["end"], p.tolist(), strict=True)
        for chrom, start, end, value in rows:
            file.write(f"{chrom}\t{start}\t{end}\t{tasks[column]}\t{round(1000 * value)}\t.\t{value:.6g}\n")

    return write


@contextmanager
def bigwig_writer(path: Path) -> Iterator[Callable[..., None]]:
    """Give what calls a method of an opened bigWig; what the library writes to the error stream is kept away."""
    import pyBigWig

    with silent_stderr():
        file = pyBigWig.open(str(path), "w")

    def write(method: str, *values: Any, **named: Any) -> None:
        with silent_stderr():
            getattr(file, method)(*values, **named)

    try:
        yield write
    finally:
        with silent_stderr():
            file.close()


def _write_bigwig(
    path: Path,
    chunks: Iterator[Chunk],
    column: int,
    sizes: dict[str, int],
    step: int | None,
) -> int:
    if not sizes:
        raise ValueError("a bigWig needs the chromosomes' lengths: predict a genome or a BED file")
    total, last = 0, ("", -1)
    with bigwig_writer(path) as write:
        write("addHeader", list(sizes.items()))
        for chunk in chunks:
            chrom = chunk.table["chrom"].to_numpy(dtype=object)
            start = chunk.table["start"].to_numpy(dtype=np.int64)
            end = chunk.table["end"].to_numpy(dtype=np.int64)
            if step is not None and len(start):
                cut = np.maximum(end - start - step, 0)
                start, end = start + cut // 2, end - (cut - cut // 2)
            last = _in_order(last, chrom, start, end, list(sizes))
            values = chunk.probabilities[:, column].astype(np.float64)
            names = chrom.astype(str).tolist()
            write("addEntries", names, start.tolist(), ends=end.tolist(), values=values.tolist())
            total += len(start)
    return total


def _in_order(
    last: tuple[str, int], chrom: np.ndarray, start: Integers, end: Integers, names: list[str]
) -> tuple[str, int]:
    """Check what a bigWig needs: sorted intervals that do not overlap."""
    rank = {name: i for i, name in enumerate(names)}
    ranks = np.array([rank[last[0]] if last[0] else -1, *(rank[name] for name in chrom)])
    ends = np.concatenate([[last[1]], end])
    same = ranks[1:] == ranks[:-1]
    if (ranks[1:] < ranks[:-1]).any() or (same & (start < ends[:-1])).any():
        raise ValueError(
            "a bigWig needs intervals in the genome's order that do not overlap: write a .bed, or sort and merge "
            "the input"
        )
    return (str(chrom[-1]), int(end[-1])) if len(chrom) else last
