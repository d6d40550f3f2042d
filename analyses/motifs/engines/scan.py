"""Occurrences of motifs in sequences with exact p-values and q-values: FIMO (Grant, Bailey & Noble 2011)."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines import scan_numba as kernels
from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.laid_letters import LaidLetters, lay_out
from motiflens.analyses.motifs.engines.matched_letters import matched_letters
from motiflens.analyses.motifs.engines.qvalues import FEW, LAMBDAS, null_share, tabulated_q_values
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS, ScanLayout, ScanRows
from motiflens.analyses.motifs.engines.scan_part import HIT, ScanJob, ScanPart, grouped, prepared, scan_part
from motiflens.analyses.motifs.engines.scan_tables import four_columns, reverse_scores
from motiflens.analyses.motifs.engines.sequences import Sequences
from motiflens.analyses.motifs.engines.window_sample import WindowSample
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.too_wide import wider_than_all
from motiflens.models import types
from motiflens.models.executor import Workers, crew
from motiflens.models.files import write_whole
from motiflens.models.parts import make_parts, part_file
from motiflens.models.progress import Progress, silent
from motiflens.models.types import Doubles, Integers

BATCH = 1 << 19  # bases: what the index needs of a batch then fits a core's own cache
PART = 4  # batches of a part
MOST_THREADS = 1024
CHUNK = 1 << 14  # hits in memory at a time


@dataclass(frozen=True)
class ScanWork:
    """Where the parts of a scan wait, and who makes them.

    Attributes
    ----------
    folder
        See `parts_folder`; one byte a base and 32 a hit lie there. None for a temporary one, in ``TMPDIR``.
    workers
        This process by default. The result does not depend on it.
    content
        What tells the sequences from others (a hash), so that parts of the same are taken.
    progress
        Told how many letters are scanned.
    layout
        Puts hits on a genome, or writes BED in place of FIMO's table.
    """

    folder: types.Path | None = None
    workers: Workers | None = None
    content: str = ""
    progress: Progress = silent
    layout: ScanLayout = field(default_factory=ScanLayout)


def scan(
    motifs: Sequence[Motif],
    sequences: Sequences,
    *,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threshold: float = 1e-4,
    both_strands: bool = True,
    threads: int | None = None,
) -> pd.DataFrame:
    """Find every occurrence of every motif with p <= threshold.

    Parameters
    ----------
    motifs
        Any number, of any widths; names may repeat.
    sequences
        A FASTA path (``.gz`` allowed, streamed), a mapping or pairs of name and letters, or plain strings.
        Windows with a letter other than A, C, G, T (either case) are passed over; letters that stand for no
        nucleotides are counted in a warning.
    background
        ``uniform``, ``sequences``, a file in MEME's background format, or four numbers; see `background`.
    threshold
        Largest p-value reported.
    both_strands
        Scan the reverse complement as well.
    threads
        Number of threads; None is one per core.

    Returns
    -------
    pandas.DataFrame
        FIMO's columns, as its own table has them: start and stop are 1-based and inclusive, matched_sequence
        reads along the strand (upper case on -). score is in bits. q-values are computed per motif over all
        windows of both strands. Ordered by p-value, then motif, sequence and position.

    Raises
    ------
    ValueError
        If there are no motifs or sequences, or an option is out of range.

    Notes
    -----
    Equal to ``fimo`` 5.4.1 in hits, scores and p-values. FIMO estimates the share of nulls behind its q-values
    from a random sample of 10,000 p-values, so that q-values agree within a few percent.

    Examples
    --------
    >>> from motiflens.analyses.motifs.jaspar import jaspar
    >>> hits = scan(jaspar(ids=["MA0139.1"]), {"s": "TTTTTGGCCACCAGGGGGCGCTATTTT"})
    >>> hits[["start", "stop", "strand", "matched_sequence"]].values.tolist()
    [[5, 23, '+', 'TGGCCACCAGGGGGCGCTA']]
    """
    job = _job(motifs, sequences := _kept(sequences), background, threshold, both_strands, threads)
    with _Scan(job, sequences, ScanWork()) as run:
        if run.laid.foreign:
            warnings.warn(run.laid.foreign, stacklevel=2)
        frames = [pd.DataFrame(rows._asdict()) for rows in run.rows()]
    if not frames:
        empty = {name: np.array([], dtype=object) for name in ScanRows._fields}
        frames = [pd.DataFrame(empty).astype(_DTYPES)]
    table = pd.concat(frames, ignore_index=True)
    return table.set_axis(list(COLUMNS), axis=1)


def scan_to_file(
    motifs: Sequence[Motif],
    sequences: Sequences,
    out: types.Path,
    *,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threshold: float = 1e-4,
    both_strands: bool = True,
    threads: int | None = None,
    work: ScanWork | None = None,
) -> ScanSummary:
    """Do what `scan` does and write FIMO's table to `out` (TSV), in memory that does not grow with the hits.

    Numbers are printed as FIMO prints them. Hits and letters wait in files (see `ScanWork`) until all sequences
    have been read, since q-values depend on all hits. Memory holds the motifs' tables and one batch, however many
    sequences there are and however long; and where BED is written 8 bytes a hit, to order them by place.
    """
    work = work or ScanWork()
    layout = work.layout
    job = _job(motifs, sequences := _kept(sequences), background, threshold, both_strands, threads)
    with _Scan(job, sequences, work) as run:
        with write_whole(out) as part, part.open("w", encoding="utf-8", newline="") as file:
            file.write(layout.header)
            for rows in run.rows(by_place=layout.bed):
                file.write(layout.text(rows))
        return run.summary()


class ScanSummary(NamedTuple):
    """What a scan covered."""

    hits: int
    motifs: int
    sequences: int
    bases: int
    background: list[float]
    null_shares: list[float]  # Storey's pi0 of each motif
    foreign: str  # letters that were read as N, counted; empty where there were none
    wide: str  # motifs for which no sequence has room, counted; empty where there were none


_DTYPES = {"start": np.int64, "stop": np.int64, "score": np.float64, "p": np.float64, "q": np.float64}


def _kept(sequences: Sequences) -> Sequences:
    """Return sequences that can be read twice."""
    if not isinstance(sequences, (str, os.PathLike)) and iter(sequences) is sequences:
        return list(sequences)  # type: ignore[return-value]
    return sequences


def _job(
    motifs: Sequence[Motif],
    sequences: Sequences,
    background: str | types.Path | Sequence[float] | Doubles,
    threshold: float,
    both_strands: bool,
    threads: int | None,
) -> ScanJob:
    if len(motifs) == 0:
        raise ValueError("there are no motifs to scan with")
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold}: expected a p-value above 0 and at most 1")
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"threads {threads}: expected 1 to {MOST_THREADS}")
    frequencies = read_background(background, sequences=sequences, both_strands=both_strands)
    return ScanJob(
        tuple(motifs),
        tuple(frequencies.tolist()),
        threshold,
        both_strands,
        threads or len(os.sched_getaffinity(0)),
    )


class _Scan:
    """One scan: reads all sequences on entry, then hands out rows in order of p."""

    def __init__(self, job: ScanJob, sequences: Sequences, work: ScanWork) -> None:
        self.job, self.sequences, self.work = job, sequences, work
        self.motifs, self.threads = job.motifs, job.threads
        self.matrices = prepared(job)
        self.hits = 0
        self.windows = np.zeros(job.widest + 1, dtype=np.int64)
        # Hits are counted by motif and score, from each motif's threshold on.
        self.least = self.matrices.thresholds[:: self.matrices.strands]
        sizes = np.array([len(table) for table in self.matrices.tables]) - self.least
        self.firsts = np.concatenate(([0], np.cumsum(sizes)))  # where a motif's scores start in `counts`
        self.counts = np.zeros(int(self.firsts[-1]), dtype=np.int64)
        self.laid: LaidLetters
        self.parts: list[ScanPart]

    def __enter__(self) -> _Scan:
        self._open = ExitStack()
        with ExitStack() as stack:
            folder = self.work.folder
            if folder is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
            stack.callback(prepared.cache_clear)
            self._read(Path(folder))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _read(self, folder: Path) -> None:
        """Scan everything, and add up what the parts have counted."""
        job, work = self.job, self.work
        where = part_file(folder, "sequences", work.content, BATCH, job.widest, ending="")
        self.laid = lay_out(self.sequences, where, size=BATCH, overlap=job.widest - 1)
        valid, stem = self.laid.valid, self.laid.stem
        who = work.workers or Workers()
        each = replace(job, threads=max(1, job.threads // who.processes)) if who.processes > 1 else job
        self.parts = [
            ScanPart(
                each, stem, some, valid, part_file(folder, f"{some[0].begin}", where.name, job.key, ending=".npz")
            )
            for some in grouped(self.laid.batches, PART)
        ]
        with crew(who) as team:
            make_parts(scan_part, self.parts, team, work.progress, stage="scanning", unit="letters")
        self.sample = WindowSample(job.widest, valid)
        for part in self.parts:
            with np.load(part.file) as counted:
                self.windows += counted["windows"]
                self.sample.merge(counted["hashes"], counted["codes"], counted["runs"])
            for hits in part.hits(CHUNK):
                self.hits += len(hits)
                np.add.at(self.counts, self._entry(hits), 1)

    def _entry(self, hits: NDArray[np.void]) -> Integers:
        index = hits["matrix"] // self.matrices.strands
        return self.firsts[index] + hits["total"] - self.least[index]

    def _null_share(self, index: int) -> float:
        scores, table = self.matrices.pssms[index].scores, self.matrices.tables[index]
        fours, runs = self.sample.packed()
        columns = np.zeros((2, len(fours) * 4, 4), dtype=np.int32)
        columns[0, : len(scores)], columns[1, : len(scores)] = scores, reverse_scores(scores)
        counts = np.zeros(len(table), dtype=np.int64)
        for strand in columns[: self.matrices.strands]:
            tables = four_columns(strand.reshape(-1, 4, 4)[: -(-len(scores) // 4)])
            kernels.sample_counts(fours, runs, len(scores), tables, np.zeros(len(runs), dtype=np.int32), counts)
        if counts.sum() <= FEW:
            return 1.0
        below = np.concatenate(([0], np.cumsum(counts)))  # windows with a smaller score have a greater p
        smaller = len(table) - np.searchsorted(table[::-1], LAMBDAS, side="right")
        return null_share(below[smaller] / below[-1])

    def null_shares(self) -> list[float]:
        if not hasattr(self, "_shares"):
            with ThreadPoolExecutor(self.threads) as pool:
                self._shares = list(pool.map(self._null_share, range(len(self.motifs))))
        return self._shares

    def summary(self) -> ScanSummary:
        return ScanSummary(
            self.hits,
            len(self.motifs),
            self.laid.sequences,
            self.laid.bases,
            list(self.job.frequencies),
            self.null_shares(),
            self.laid.foreign,
            self._wide(),
        )

    def _wide(self) -> str:
        """Tell of motifs that are wider than all sequences, or than what is between two letters N."""
        widest = int(np.flatnonzero(self.windows).max(initial=0))  # base pairs, as far as the widest motif
        return wider_than_all(self.motifs, widest)

    def _tables(self) -> tuple[Doubles, Doubles, Doubles]:
        """Score in bits, p and q of each entry of `counts` that has hits (the others hold nothing)."""
        bits, p, q = (np.empty(len(self.counts)) for _ in range(3))
        starts = np.cumsum(self.windows[::-1])[::-1]  # window starts with room for w bases
        shares = self.null_shares()
        for index, motif in enumerate(self.motifs):
            low, high = self.firsts[index], self.firsts[index + 1]
            above = np.flatnonzero(self.counts[low:high])[::-1]  # ascending p
            hit, totals = low + above, self.least[index] + above
            if len(hit):
                bits[hit] = self.matrices.pssms[index].bits(totals)
                p[hit] = self.matrices.tables[index][totals]
                total = int(starts[motif.width]) * self.matrices.strands
                q[hit] = tabulated_q_values(p[hit], self.counts[hit], total=total, pi0=shares[index])
        return bits, p, q

    def rows(self, chunk: int = CHUNK, *, by_place: bool = False) -> Iterator[ScanRows]:
        """Rows in order of p, motif, sequence and position (or of sequence and position), some at a time."""
        if self.hits == 0:
            return
        tables = self._tables()
        letters = self.laid.letters
        with tempfile.TemporaryFile(dir=self.work.folder) as file:
            ordered = np.memmap(file, dtype=HIT, mode="w+", shape=(self.hits,))
            self._order(ordered, tables[1], chunk)
            order = np.argsort(ordered["letter"], kind="stable") if by_place else None
            for low in range(0, self.hits, chunk):
                some: slice | Integers = slice(low, low + chunk)
                if order is not None:
                    some = order[some]
                yield self._rows(np.array(ordered[some]), letters, tables)

    def _order(self, ordered: NDArray[np.void], p: Doubles, chunk: int) -> None:
        """Counting sort by p and motif; hits arrive in order of sequence and position."""
        entries = np.flatnonzero(self.counts)
        entries = entries[np.argsort(p[entries], kind="stable")]
        place = np.zeros(len(p), dtype=np.int64)
        place[entries] = np.concatenate(([0], np.cumsum(self.counts[entries])[:-1]))
        for part in (hits for each in self.parts for hits in each.hits(chunk)):
            entry = self._entry(part)
            by_entry = np.argsort(entry, kind="stable")
            sorted_entry = entry[by_entry]
            new = np.flatnonzero(np.concatenate(([True], sorted_entry[1:] != sorted_entry[:-1])))
            sizes = np.diff(np.concatenate((new, [len(part)])))
            within = np.arange(len(part)) - np.repeat(new, sizes)
            ordered[place[sorted_entry] + within] = part[by_entry]
            place[sorted_entry[new]] += sizes

    def _rows(
        self,
        hits: NDArray[np.void],
        letters: NDArray[np.uint8],
        tables: tuple[Doubles, Doubles, Doubles],
    ) -> ScanRows:
        bits, p, q = tables
        strands = self.matrices.strands
        index, reverse = hits["matrix"] // strands, hits["matrix"] % strands
        widths = np.array([motif.width for motif in self.motifs])[index]
        entry = self._entry(hits)
        starts, pieces = self.laid.starts, self.laid.pieces
        piece = np.searchsorted(starts, hits["letter"], side="right") - 1
        start = hits["letter"] - starts[piece] + pieces[piece, 1] + 1
        return ScanRows(
            np.array([motif.name for motif in self.motifs], dtype=object)[index],
            np.array([motif.alt for motif in self.motifs], dtype=object)[index],
            self.laid.names(pieces[piece, 0]),
            start,
            start + widths - 1,
            np.where(reverse == 1, "-", "+").astype(object),
            bits[entry],
            p[entry],
            q[entry],
            matched_letters(letters, hits["letter"], widths, reverse == 1),
        )
