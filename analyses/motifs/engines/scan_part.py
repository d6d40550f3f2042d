"""Scanning a part of the sequences, on any worker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines import scan_numba as kernels
from motiflens.analyses.motifs.engines.laid_letters import Batch, BatchPlace, read_batches
from motiflens.analyses.motifs.engines.pvalues import Pssm, p_values, pssm
from motiflens.analyses.motifs.engines.scan_tables import K, ScanTables, reverse_scores, scan_tables
from motiflens.analyses.motifs.engines.window_sample import WindowSample
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.files import write_together
from motiflens.models.types import Doubles

BLOCK = 64  # matrices handed to a thread at a time; even, so that the strands of a motif stay together
ROOM = 1 << 14  # hits of a block of matrices in a batch, at first
HIT = np.dtype([("matrix", "<i4"), ("total", "<i4"), ("letter", "<i8")])


class Matrices(NamedTuple):
    """Matrices of both strands, end to end, and the tables behind them."""

    pssms: list[Pssm]
    tables: list[Doubles]  # p-value of each integer score
    scan: ScanTables
    thresholds: NDArray[np.int64]  # least integer score of a hit
    strands: int


@dataclass(frozen=True)
class ScanJob:
    """What to scan with; picklable, and hashed by what the scores depend on.

    Attributes
    ----------
    motifs, frequencies, threshold, both_strands
        See `scan`; the background's frequencies as a tuple.
    threads
        Of this worker.
    key
        Hash of the rest.
    """

    motifs: tuple[Motif, ...] = field(compare=False)
    frequencies: tuple[float, ...]
    threshold: float
    both_strands: bool
    threads: int = field(default=1, compare=False)
    key: str = ""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(repr((self.frequencies, self.threshold, self.both_strands)).encode())
        for motif in self.motifs:
            digest.update(repr((motif.ppm.shape, motif.nsites)).encode())
            digest.update(np.ascontiguousarray(motif.ppm, dtype=np.float64).tobytes())
        object.__setattr__(self, "key", digest.hexdigest())

    @property
    def widest(self) -> int:
        """Width of the widest motif."""
        return max(motif.width for motif in self.motifs)


@dataclass(frozen=True)
class ScanPart:
    """Some batches to scan.

    Attributes
    ----------
    job, stem, batches
        With what, and where the letters lie; see `LaidLetters`.
    valid
        See `WindowSample`.
    file
        ``.npz`` of what was counted; beside it, ``.hits``, the hits in order of sequence and position within each
        motif.
    """

    job: ScanJob
    stem: str
    batches: tuple[BatchPlace, ...]
    valid: int
    file: Path

    @property
    def size(self) -> int:
        """Letters."""
        return sum(place.end - place.begin for place in self.batches)

    @property
    def hits_file(self) -> Path:
        """Where the hits are."""
        return self.file.with_suffix(".hits")

    def hits(self, chunk: int) -> Iterator[NDArray[np.void]]:
        """Yield the hits found, at most `chunk` in memory at a time."""
        with self.hits_file.open("rb") as file:
            while len(block := np.fromfile(file, HIT, chunk)):
                yield block


@lru_cache(maxsize=1)
def prepared(job: ScanJob) -> Matrices:
    """Return the integer matrices of both strands, and the exact p-value of each score."""
    frequencies = np.array(job.frequencies)
    pssms = [pssm(motif, frequencies) for motif in job.motifs]
    with ThreadPoolExecutor(job.threads) as pool:
        tables = list(pool.map(lambda matrix: p_values(matrix.scores, frequencies), pssms))
    stack: list[NDArray[np.int32]] = []
    thresholds: list[int] = []
    for matrix, table in zip(pssms, tables, strict=True):
        # first s with p <= threshold
        least = len(table) - int(np.searchsorted(table[::-1], job.threshold, side="right"))
        for scores in (matrix.scores, reverse_scores(matrix.scores))[: 1 + job.both_strands]:
            stack.append(scores)
            thresholds.append(least)
    return Matrices(pssms, tables, scan_tables(stack, thresholds), np.array(thresholds), 1 + job.both_strands)


def scan_part(part: ScanPart) -> None:
    """Scan some batches and write what was found."""
    job = part.job
    matrices = prepared(job)
    windows = np.zeros(job.widest + 1, dtype=np.int64)  # window starts with a valid run of at least w
    sample = WindowSample(job.widest, part.valid)
    with (
        write_together(part.file, part.hits_file) as (counted, hits),  # the hits appear first
        hits.open("wb") as file,
        ThreadPoolExecutor(job.threads) as pool,
    ):
        for batch, place in zip(read_batches(part.stem, part.batches), part.batches, strict=True):
            index, inside = _indexed(batch, job.widest)
            windows += np.bincount(np.minimum(inside, job.widest), minlength=job.widest + 1)
            sample.add(batch.codes, inside, place.begin)
            for block in _found(index, matrices, pool):
                block["letter"] += place.begin
                file.write(block.tobytes())
        with counted.open("wb") as whole:
            np.savez(whole, windows=windows, hashes=sample.hashes, codes=sample.codes, runs=sample.runs)


def _indexed(batch: Batch, widest: int) -> tuple[kernels.Index, NDArray[np.int32]]:
    """Return the index of a batch's 8-mers, and each place's valid run, 0 where the next piece has the window."""
    index = kernels.kmer_index(batch.codes, pad := widest + K)
    inside = index.runs[pad : pad + len(batch.codes)]
    ends = batch.piece_start + batch.piece_windows
    following = np.append(batch.piece_start[1:], len(batch.codes) + 1)
    for piece in np.flatnonzero(ends + 1 < following):  # at the separator no window starts anyway
        inside[ends[piece] : following[piece]] = 0  # windows that start here belong to the next piece
    return index, inside


def _found(index: kernels.Index, matrices: Matrices, pool: ThreadPoolExecutor) -> Iterator[NDArray[np.void]]:
    tables, places, rows = matrices.scan
    room = ROOM

    def work(low: int) -> NDArray[np.int32]:
        nonlocal room
        some = rows[low : low + BLOCK]
        while True:
            windows = np.empty((room, 3), dtype=np.int32)
            count = kernels.scan_matrices(*index, tables, places, some, windows)
            if count <= len(windows):
                windows[:count, 0] += low
                return windows[:count]
            room = max(room, count + count // 4)

    for windows in pool.map(work, range(0, len(rows), BLOCK)):
        hits = np.empty(len(windows), dtype=HIT)
        order = np.lexsort((windows[:, 0], windows[:, 1]))
        hits["matrix"], hits["letter"], hits["total"] = windows[order].T
        yield hits


def grouped(batches: Sequence[BatchPlace], size: int) -> list[tuple[BatchPlace, ...]]:
    """Return batches in groups of `size`."""
    return [tuple(batches[first : first + size]) for first in range(0, len(batches), size)]
