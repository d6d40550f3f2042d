"""Occurrences of motifs in sequences with exact p-values and q-values: FIMO (Grant, Bailey & Noble 2011)."""

from __future__ import annotations

import mmap
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines import scan_numba as kernels
from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.pvalues import Pssm, p_values, pssm
from motiflens.analyses.motifs.engines.qvalues import FEW, LAMBDAS, null_share, tabulated_q_values
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS, ScanLayout, ScanRows
from motiflens.analyses.motifs.engines.sequences import (
    Batch,
    ForeignLetters,
    Sequences,
    batches,
    each_sequence,
    reverse_complement,
)
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Doubles, Integers

BATCH = 1 << 19  # bases: what the index needs of a batch then fits a core's own cache
SAMPLE = 1 << 15  # window starts kept, evenly over everything, to estimate the share of nulls
MOST_THREADS = 1024
BLOCK = 64  # matrices handed to a thread at a time; even, so that the strands of a motif stay together
_HIT = np.dtype([("matrix", "<i4"), ("total", "<i4"), ("letter", "<i8")])


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
    with _Scan(motifs, sequences, background, threshold, both_strands, threads) as run:
        if run.foreign.letters:
            warnings.warn(run.foreign.told, stacklevel=2)
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
    layout: ScanLayout | None = None,
) -> ScanSummary:
    """Do what `scan` does and write FIMO's table to `out` (TSV), in memory that does not grow with the hits.

    Numbers are printed as FIMO prints them. Hits and letters wait in temporary files (in ``TMPDIR``: one byte a
    base and 32 a hit) until all sequences have been read, since q-values depend on all hits. Memory holds the
    motifs' tables, one batch, and the longest sequence. A `layout` puts hits on a genome, or writes BED (8 bytes
    of memory a hit, to order them by place).
    """
    layout = layout or ScanLayout()
    with _Scan(motifs, sequences, background, threshold, both_strands, threads) as run:
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


_DTYPES = {"start": np.int64, "stop": np.int64, "score": np.float64, "p": np.float64, "q": np.float64}


class _Matrices(NamedTuple):
    """Matrices of both strands, end to end, and the tables behind them."""

    pssms: list[Pssm]
    tables: list[Doubles]  # p-value of each integer score
    stack: kernels.Stack
    strands: int


class _Scan:
    """One scan: reads all sequences on entry, then hands out rows in order of p."""

    def __init__(
        self,
        motifs: Sequence[Motif],
        sequences: Sequences,
        background: str | types.Path | Sequence[float] | Doubles,
        threshold: float,
        both_strands: bool,
        threads: int | None,
    ) -> None:
        if len(motifs) == 0:
            raise ValueError("there are no motifs to scan with")
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold {threshold}: expected a p-value above 0 and at most 1")
        if threads is not None and not 1 <= threads <= MOST_THREADS:
            raise ValueError(f"threads {threads}: expected 1 to {MOST_THREADS}")
        self.motifs = motifs
        if not isinstance(sequences, (str, os.PathLike)) and iter(sequences) is sequences:
            sequences = list(sequences)  # type: ignore[assignment]  # an iterator: may be read twice
        self.frequencies = read_background(background, sequences=sequences, both_strands=both_strands)
        self.threads = threads or len(os.sched_getaffinity(0))
        self.matrices = _prepare(motifs, self.frequencies, threshold, both_strands, self.threads)
        self.widest = max(motif.width for motif in motifs)
        self.sequences = sequences
        self.names: list[str] = []
        self.hits = 0
        self.letters = 0
        self.bases = 0
        self.windows = np.zeros(self.widest + 1, dtype=np.int64)  # window starts with a valid run of at least w
        self.pieces: list[tuple[Integers, Integers, Integers]] = []
        self.sample = _Sample(self.widest)
        self.foreign = ForeignLetters()
        # Hits are counted by motif and score, from each motif's threshold on.
        self.least = self.matrices.stack.thresholds[:: self.matrices.strands].astype(np.int64)
        sizes = np.array([len(table) for table in self.matrices.tables]) - self.least
        self.firsts = np.concatenate(([0], np.cumsum(sizes)))  # where a motif's scores start in `counts`
        self.counts = np.zeros(int(self.firsts[-1]), dtype=np.int64)

    def __enter__(self) -> _Scan:
        self.hit_file = tempfile.TemporaryFile()
        self.letter_file = tempfile.TemporaryFile()
        try:
            self._read()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.hit_file.close()
        self.letter_file.close()

    def _read(self) -> None:
        """Scan everything once; hits and letters go to the files."""
        stream = batches(
            each_sequence(self.sequences, self.foreign), size=BATCH, overlap=self.widest - 1, names=self.names
        )
        with ThreadPoolExecutor(self.threads) as pool:
            for batch in stream:
                self._batch(batch, pool)
        if not self.names:
            raise ValueError("there are no sequences to scan")

    def _batch(self, batch: Batch, pool: ThreadPoolExecutor) -> None:
        matrices = self.matrices
        pad = self.widest + kernels.K
        kmers, runs = kernels.kmer_codes(batch.codes, pad)
        inside = runs[pad : pad + len(batch.codes)]
        ends = batch.piece_start + batch.piece_windows
        following = np.append(batch.piece_start[1:], len(batch.codes) + 1)
        for piece in np.flatnonzero(ends + 1 < following):  # at the separator no window starts anyway
            inside[ends[piece] : following[piece]] = 0  # windows that start here belong to the next piece
        self.windows += np.bincount(np.minimum(inside, self.widest), minlength=self.widest + 1)
        self.sample.add(batch.codes, inside)
        index = kernels.Index(kmers, runs, *kernels.kmer_index(kmers, pad), pad)
        total = len(matrices.stack.thresholds)

        def work(low: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
            return kernels.scan_matrices(index, matrices.stack, low, min(low + BLOCK, total))

        for matrix, start, score in pool.map(work, range(0, total, BLOCK)):
            found = np.empty(len(matrix), dtype=_HIT)
            order = np.lexsort((matrix, start))
            found["matrix"], found["total"] = matrix[order], score[order]
            found["letter"] = self.letters + start[order].astype(np.int64)
            self.hit_file.write(found.tobytes())
            self.hits += len(found)
            np.add.at(self.counts, self._entry(found), 1)
        self.pieces.append((self.letters + batch.piece_start, batch.piece_sequence, batch.piece_offset))
        self.letter_file.write(batch.letters.tobytes())
        self.letters += len(batch.letters)
        self.bases += int(batch.piece_windows.sum())

    def _entry(self, hits: NDArray[np.void]) -> Integers:
        index = hits["matrix"] // self.matrices.strands
        return self.firsts[index] + hits["total"] - self.least[index]

    def _null_share(self, index: int) -> float:
        scores, table = self.matrices.pssms[index].scores, self.matrices.tables[index]
        counts = np.zeros(len(table), dtype=np.int64)
        fours, runs = self.sample.packed()
        kernels.sample_counts(fours, runs, scores, counts)
        if self.matrices.strands == 2:
            kernels.sample_counts(fours, runs, kernels.reverse_scores(scores), counts)
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
            len(self.names),
            self.bases,
            self.frequencies.tolist(),
            self.null_shares(),
            self.foreign.told,
        )

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

    def rows(self, chunk: int = 1 << 16, *, by_place: bool = False) -> Iterator[ScanRows]:
        """Rows in order of p, motif, sequence and position (or of sequence and position), some at a time."""
        if self.hits == 0:
            return
        bits, p, q = self._tables()
        self.hit_file.flush()
        self.letter_file.flush()
        hits = np.memmap(self.hit_file, dtype=_HIT, mode="r")
        with (
            mmap.mmap(self.letter_file.fileno(), 0, access=mmap.ACCESS_READ) as letters,
            tempfile.TemporaryFile() as file,
        ):
            ordered = np.memmap(file, dtype=_HIT, mode="w+", shape=hits.shape)
            self._order(hits, ordered, p, chunk)
            columns = [np.concatenate(column) for column in zip(*self.pieces, strict=True)]
            order = np.argsort(ordered["letter"], kind="stable") if by_place else None
            for low in range(0, self.hits, chunk):
                some: slice | Integers = slice(low, low + chunk)
                if order is not None:
                    some = order[some]
                yield self._rows(np.array(ordered[some]), columns, letters, (bits, p, q))

    def _order(self, hits: NDArray[np.void], ordered: NDArray[np.void], p: Doubles, chunk: int) -> None:
        """Counting sort by p and motif; hits arrive in order of sequence and position."""
        entries = np.flatnonzero(self.counts)
        entries = entries[np.argsort(p[entries], kind="stable")]
        place = np.zeros(len(p), dtype=np.int64)
        place[entries] = np.concatenate(([0], np.cumsum(self.counts[entries])[:-1]))
        for low in range(0, len(hits), chunk):
            part = np.array(hits[low : low + chunk])
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
        pieces: list[Integers],
        letters: mmap.mmap,
        tables: tuple[Doubles, Doubles, Doubles],
    ) -> ScanRows:
        bits, p, q = tables
        strands = self.matrices.strands
        index, reverse = hits["matrix"] // strands, hits["matrix"] % strands
        widths = np.array([motif.width for motif in self.motifs])[index]
        entry = self._entry(hits)
        piece = np.searchsorted(pieces[0], hits["letter"], side="right") - 1
        start = hits["letter"] - pieces[0][piece] + pieces[2][piece] + 1
        matched = np.empty(len(hits), dtype=object)
        for i, (at, width, back) in enumerate(
            zip(hits["letter"].tolist(), widths.tolist(), reverse.tolist(), strict=True)
        ):
            found = letters[at : at + width]
            matched[i] = (reverse_complement(found.upper()) if back else found).decode("ascii")
        return ScanRows(
            np.array([motif.name for motif in self.motifs], dtype=object)[index],
            np.array([motif.alt for motif in self.motifs], dtype=object)[index],
            np.array(self.names, dtype=object)[pieces[1][piece]],
            start,
            start + widths - 1,
            np.where(reverse == 1, "-", "+").astype(object),
            bits[entry],
            p[entry],
            q[entry],
            matched,
        )


def _prepare(
    motifs: Sequence[Motif], frequencies: Doubles, threshold: float, both_strands: bool, threads: int
) -> _Matrices:
    pssms = [pssm(motif, frequencies) for motif in motifs]
    with ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(lambda matrix: p_values(matrix.scores, frequencies), pssms))
    columns: list[NDArray[np.int32]] = []
    thresholds: list[int] = []
    for matrix, table in zip(pssms, tables, strict=True):
        least = len(table) - int(
            np.searchsorted(table[::-1], threshold, side="right")
        )  # first s with p <= threshold
        for scores in (matrix.scores, kernels.reverse_scores(matrix.scores))[: 1 + both_strands]:
            columns.append(scores)
            thresholds.append(least)
    begins = np.concatenate(([0], np.cumsum([len(scores) for scores in columns])))
    stack = kernels.Stack(np.concatenate(columns), begins, np.array(thresholds, dtype=np.int32))
    return _Matrices(pssms, tables, stack, 1 + both_strands)


class _Sample:
    """Window starts, evenly over all sequences whatever their number: those whose hashed index is small."""

    def __init__(self, widest: int) -> None:
        self.width = -(-widest // 4) * 4
        self.seen = 0
        self.limit = np.uint64(2**64 - 2)
        self.hashes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.codes = np.empty((0, self.width), dtype=np.uint8)
        self.runs = np.empty(0, dtype=np.int32)
        self._packed: tuple[NDArray[np.uint8], NDArray[np.int32]] | None = None

    def add(self, codes: NDArray[np.uint8], runs: NDArray[np.int32]) -> None:
        hashed = _hash(np.arange(self.seen, self.seen + len(codes), dtype=np.uint64))
        self.seen += len(codes)
        hashed[runs == 0] = np.uint64(2**64 - 1)  # no window starts here
        kept, new_kept = self.hashes, hashed
        while True:  # lower the limit until old and new together fit
            kept, new_kept = kept[kept <= self.limit], new_kept[new_kept <= self.limit]
            if len(kept) + len(new_kept) <= SAMPLE:
                break
            self.limit = self.limit >> np.uint64(1)
        stay, keep = self.hashes <= self.limit, np.flatnonzero(hashed <= self.limit)
        padded = np.concatenate((codes, np.zeros(self.width, dtype=np.uint8)))
        new = np.lib.stride_tricks.sliding_window_view(padded, self.width)[keep] & 3
        self.hashes = np.concatenate((self.hashes[stay], hashed[keep]))
        self.codes = np.concatenate((self.codes[stay], new))
        self.runs = np.concatenate((self.runs[stay], runs[keep]))
        self._packed = None

    def packed(self) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """4-mers from bases 0, 4, 8, ..., (width / 4, samples), and valid runs."""
        if self._packed is None:
            letters = self.codes.reshape(len(self.codes), self.width // 4, 4)
            fours = letters @ np.array([64, 16, 4, 1], dtype=np.uint8)
            packed = np.ascontiguousarray(fours.T, dtype=np.uint8), self.runs.astype(np.int32, copy=False)
            self._packed = packed
            return packed
        return self._packed


def _hash(index: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: an even, fixed mapping of 0, 1, 2, ... to 64 bits."""
    with np.errstate(over="ignore"):
        z = (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
