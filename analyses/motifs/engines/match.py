"""Similarity of motifs to known ones with exact p-values: TOMTOM (Gupta et al. 2007, Tanaka et al. 2011)."""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.match_query import make_room, match_query
from motiflens.analyses.motifs.engines.pvalues import smooth
from motiflens.analyses.motifs.engines.qvalues import q_values
from motiflens.analyses.motifs.match_notes import low_information, match_notes
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Doubles, Integers

COLUMNS = (
    "Query_ID",
    "Target_ID",
    "Optimal_offset",
    "p-value",
    "E-value",
    "q-value",
    "Overlap",
    "Query_consensus",
    "Target_consensus",
    "Orientation",
)
DISTANCES = ("ed", "pearson")
MOST_THREADS = 1024
_STRANDS = np.array(["+", "-"], dtype=object)


def match(
    queries: Sequence[Motif],
    targets: Sequence[Motif],
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threads: int | None = None,
) -> pd.DataFrame:
    """Compare every query with every target on both strands, as TOMTOM does.

    Parameters
    ----------
    queries, targets
        Any number, of any widths. The null distribution is made from the columns of all `targets`: with fewer
        than 50 it is coarse.
    distance
        ``ed`` (Euclidean distance of columns) or ``pearson`` (their correlation).
    threshold
        Largest q-value (or E-value) reported; 1 (of q) reports every pair.
    evalue
        The threshold holds for E-values.
    background
        Where the pseudocount of 0.1 sites goes; see `background`.
    threads
        Number of threads; None is one per core.

    Returns
    -------
    pandas.DataFrame
        TOMTOM's columns, ordered by query, p-value, overlap (greatest first) and name. ``p-value`` is that of
        the better strand, corrected for both; ``E-value`` that times the number of targets; ``q-value`` Storey's,
        over one query's p-values. ``Optimal_offset`` is where the query begins in the target (of the given
        orientation).

    Raises
    ------
    ValueError
        If there are no queries or targets, or an option is out of range.

    Warns
    -----
    UserWarning
        Once a call: if queries hold too little information for a match to mean anything (a flat matrix "matches"
        flat stretches of long ones; see `Gate`), and if there are fewer than 50 targets.

    Notes
    -----
    Column scores are taken relative to their median over all targets' columns of both strands, in 100 steps a
    query; columns outside the overlap count 0 (complete scores). The best alignment's p-value is exact under
    independence of the query's columns and of the alignments. Equal to ``tomtom`` 5.4.1 ``-dist ed`` and
    ``-dist pearson`` (default ``-min-overlap 1``).

    Examples
    --------
    >>> from motiflens.analyses.motifs.jaspar import jaspar
    >>> table = match(jaspar(ids=["MA0139.1"]), jaspar(taxon="vertebrates"), threshold=1e-6)
    >>> table["Target_ID"].head(2).tolist()
    ['MA0139.2', 'MA1930.2']
    """
    table = match_table(
        queries,
        targets,
        distance=distance,
        threshold=threshold,
        evalue=evalue,
        background=background,
        threads=threads,
    )
    for note in match_notes(low_information(queries), len(queries), len(targets)):
        warnings.warn(note, stacklevel=2)
    return table


def match_table(
    queries: Sequence[Motif],
    targets: Sequence[Motif],
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threads: int | None = None,
) -> pd.DataFrame:
    """Do what `match` does, without a warning: for those who know what their queries and targets hold."""
    matches = _each_query(queries, targets, distance, threshold, evalue, background, threads)
    # One table of whole columns: a table a query took a sixth of the time.
    columns = [np.concatenate(parts) for parts in zip(*matches, strict=True)]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def match_to_file(
    queries: Sequence[Motif],
    targets: Sequence[Motif],
    out: types.Path,
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threads: int | None = None,
) -> tuple[int, int]:
    """Do what `match` does and write TOMTOM's table to `out` (TSV), query by query.

    Returns the number of rows and of queries that have any.
    """
    rows = matched = 0
    with write_whole(out) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for matches in _each_query(queries, targets, distance, threshold, evalue, background, threads):
            rows += len(matches.p)
            matched += len(matches.p) > 0
            file.write(
                "".join(
                    f"{a}\t{b}\t{c}\t{p:.6g}\t{e:.6g}\t{q:.6g}\t{o}\t{qc}\t{tc}\t{s}\n"
                    for a, b, c, p, e, q, o, qc, tc, s in zip(
                        *(column.tolist() for column in matches), strict=True
                    )
                )
            )
    return rows, matched


class _Found(NamedTuple):
    """TOMTOM's columns of one query."""

    query: NDArray[np.object_]
    target: NDArray[np.object_]
    offset: Integers
    p: Doubles
    e: Doubles
    q: Doubles
    overlap: Integers
    query_consensus: NDArray[np.object_]
    target_consensus: NDArray[np.object_]
    orientation: NDArray[np.object_]


class _Targets(NamedTuple):
    """What all queries share."""

    columns: Doubles  # 4, N
    begins: Integers
    wanted: NDArray[np.bool_]
    names: NDArray[np.object_]
    ranks: Integers  # T: place in the order of the names, which settles ties
    consensus: NDArray[np.object_]  # 2, T: of either strand


def _each_query(
    queries: Sequence[Motif],
    targets: Sequence[Motif],
    distance: str,
    threshold: float,
    evalue: bool,
    background: str | types.Path | Sequence[float] | Doubles,
    threads: int | None,
) -> Iterator[_Found]:
    if len(queries) == 0 or len(targets) == 0:
        raise ValueError(f"there are {len(queries)} queries and {len(targets)} targets: expected some of each")
    if distance not in DISTANCES:
        raise ValueError(f"distance {distance!r}: expected one of {', '.join(DISTANCES)}")
    if not 0 <= threshold < math.inf or (not evalue and threshold > 1):
        raise ValueError(f"threshold {threshold}: expected a q-value, 0 to 1 (or an E-value, 0 or more)")
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"threads {threads}: expected 1 to {MOST_THREADS}")
    frequencies = read_background(background)
    prepared = _prepare(targets, frequencies)

    own = threading.local()  # each thread's room to work in
    widest = max(query.width for query in queries)

    def work(query: Motif) -> _Found:
        if not hasattr(own, "room"):
            own.room = make_room(widest, prepared.columns.shape[1])
        smoothed = np.ascontiguousarray(smooth(query, frequencies))
        strands = match_query(smoothed, prepared.columns, prepared.begins, distance, prepared.wanted, own.room)
        return _table(query.name, consensus(smoothed), prepared, strands, threshold, evalue)

    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        for low in range(0, len(queries), 64):  # not all results at once
            yield from pool.map(work, queries[low : low + 64])


def _prepare(targets: Sequence[Motif], frequencies: Doubles) -> _Targets:
    widths = np.array([target.width for target in targets])
    smoothed = [smooth(target, frequencies) for target in targets]
    wanted = np.zeros(int(widths.max()) + 1, dtype=np.bool_)
    wanted[widths] = True
    names = np.array([target.name for target in targets], dtype=object)
    return _Targets(
        np.ascontiguousarray(np.concatenate(smoothed).T),
        np.concatenate(([0], np.cumsum(widths))).astype(np.int64),
        wanted,
        names,
        np.argsort(np.argsort(names, kind="stable"), kind="stable"),
        np.array(
            [
                [consensus(ppm) for ppm in smoothed],
                [consensus(ppm[::-1, ::-1]) for ppm in smoothed],
            ],
            dtype=object,
        ),
    )


def consensus(ppm: Doubles) -> str:
    """The most frequent letter of each position; of equally frequent ones that which TOMTOM 5.4.1 prints.

    TOMTOM looks at frequencies after pseudocounts and, as all 27 ties in its printed tables show, remembers the
    greatest so far in single precision: of equal ones the last wins where that rounds down, else the first.

    >>> consensus(np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]]))
    'AG'
    """
    greatest = ppm.max(axis=1)
    first = ppm.argmax(axis=1)
    last = 3 - ppm[:, ::-1].argmax(axis=1)
    chosen = np.where(greatest.astype(np.float32) < greatest, last, first)
    return "".join("ACGT"[letter] for letter in chosen)


def _table(
    query: str,
    letters: str,
    targets: _Targets,
    strands: tuple[Doubles, NDArray[np.int32], NDArray[np.int32]],
    threshold: float,
    evalue: bool,
) -> _Found:
    single, offsets, overlaps = strands
    # Two strands were tried. TOMTOM keeps p in single precision, which decides where both strands are about 1:
    # then the greater overlap wins, then +. What single precision cannot hold stays as it is.
    both = np.where(single < 0.5, single * (2 - single), 1 - (1 - single) ** 2)
    both = np.where(both > 1e-30, both.astype(np.float32), both)
    reverse = (both[1] < both[0]) | ((both[1] == both[0]) & (overlaps[1] > overlaps[0]))
    pick = reverse.astype(np.int64), np.arange(both.shape[1])
    p = both[pick]
    q = q_values(both.ravel()).reshape(both.shape)[pick]
    e = p * len(p)
    keep = np.flatnonzero((e if evalue else q) <= threshold)
    overlap = overlaps[pick]
    keep = keep[np.lexsort((targets.ranks[keep], -overlap[keep], p[keep]))]
    return _Found(
        np.full(len(keep), query, dtype=object),
        targets.names[keep],
        offsets[pick][keep].astype(np.int64),
        p[keep],
        e[keep],
        q[keep],
        overlap[keep].astype(np.int64),
        np.full(len(keep), letters, dtype=object),
        targets.consensus[pick][keep],
        _STRANDS[reverse[keep].astype(np.int64)],
    )
