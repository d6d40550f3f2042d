"""Motif instances from contribution scores: which places are which motif, and how surely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import checked_codes
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Codes, Doubles, Floats, Integers

CHUNK = 64  # windows at a time
RANKS = 256  # positions among which the null permutes bases
NULL_WINDOWS, MOST_SHUFFLES = 2000, 20  # of the null where nobody says how many copies


@dataclass(frozen=True)
class HitOptions:
    """How instances are called.

    Attributes
    ----------
    fdr
        Largest q-value reported.
    similarity
        Least cosine between an instance's contributions and the motif's.
    overlap
        Largest share of the shorter of two instances that they may have in common.
    shuffles
        Copies of each window with permuted bases behind the null; by default as many as make 2,000 windows, 1 to
        20: no q is smaller than the inverse of copies times instances.
    seed
        Of the permutations.
    """

    fdr: float = 0.05
    similarity: float = 0.5
    overlap: float = 0.3
    shuffles: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)

    def copies(self, windows: int) -> int:
        """Return how many copies of so many windows make the null.

        >>> HitOptions().copies(366), HitOptions().copies(3), HitOptions(shuffles=1).copies(3)
        (6, 20, 1)
        """
        if self.shuffles is not None:
            return self.shuffles
        return min(max(-(-NULL_WINDOWS // windows), 1), MOST_SHUFFLES)


class _Hits(NamedTuple):
    """Instances of some windows, arrays of one entry each."""

    window: Integers
    motif: Integers
    strand: Integers  # 0 for +
    start: Integers
    score: Doubles
    similarity: Doubles


def motif_hits(
    codes: Codes,
    importance: Floats,
    motifs: Sequence[Motif],
    options: HitOptions | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Call the instances of motifs in windows from their contribution scores.

    A motif is matched with the contributions under it (the base that stands there × its score) as Fi-NeMo's
    contribution-weighted matrices are: its score at a place is their inner product with the motif's
    information-weighted matrix of unit length, times the square of the cosine between the two. Contributions are
    taken in units of their window's root mean square: models' windows differ in it by orders of magnitude, and
    otherwise a few loud windows would be the null of all. Of instances that overlap, the one with the largest
    score is kept. The null is the same with the contributions where they are, so that
    stretches of them stay whole, and other bases under them (`permuted_bases`); q is the share of null instances
    among those that score at least as much, motif by motif.

    Parameters
    ----------
    codes
        (N, L): bases, 4 for N.
    importance
        (N, L): contribution of the base that stands at each position, in any unit.
    motifs
        Any number.
    options
        See `HitOptions`.
    progress
        Told how many windows are done.

    Returns
    -------
    pandas.DataFrame
        ``window`` (row), ``motif``, ``motif_alt``, ``start``, ``end`` (0-based in the window), ``strand``,
        ``score``, ``similarity``, ``importance`` (Σ of contributions), ``share`` (of the window's Σ |importance|),
        ``q``; by window and place.

    Raises
    ------
    ValueError
        If shapes differ, or there are no motifs or windows.
    """
    wanted = options or HitOptions()
    codes = checked_codes(codes)
    if codes.shape != importance.shape or codes.ndim != 2 or not codes.size:
        raise ValueError(f"codes {codes.shape} and importance {importance.shape}: expected both (windows, bp)")
    if not len(motifs):
        raise ValueError("there are no motifs")
    narrowest = min(motif.width for motif in motifs)
    if narrowest > codes.shape[1]:
        raise ValueError(f"every motif is wider than the windows ({narrowest} bp or more in {codes.shape[1]} bp)")
    finder = _Finder(motifs, wanted)
    rng = np.random.default_rng(wanted.seed)
    size = np.sqrt(np.square(importance, dtype=np.float64).mean(axis=1, keepdims=True))
    scaled = (importance / np.where(size > 0, size, 1)).astype(np.float32)
    copies = wanted.copies(len(codes))
    real, null = [], []
    progress(Step("calling instances", 0, len(codes)))
    for part in _parts(len(codes)):
        real.append(finder.find(codes[part], scaled[part], part.start))
        for _ in range(copies):
            bases = permuted_bases(codes[part], scaled[part], rng)
            null.append(finder.find(bases, scaled[part], part.start))
        progress(Step("calling instances", part.stop, len(codes)))
    observed, drawn = _joined(real), _joined(null)
    q = np.ones(len(observed.score))
    for number in range(len(motifs)):
        here = observed.motif == number
        q[here] = q_values(observed.score[here], drawn.score[drawn.motif == number], copies)
    keep = np.flatnonzero(q <= wanted.fdr)
    return _table(observed, q, keep, motifs, importance)


def permuted_bases(codes: Codes, importance: Floats, rng: np.random.Generator, ranks: int = RANKS) -> Codes:
    """Permute the bases of windows among positions of similar contribution.

    All positions are sorted by contribution (ties at random), the bases permuted within runs of `ranks` of them.
    Where large contributions lie on some bases more than on others (A+T, say), they do in the null too.

    Parameters
    ----------
    codes, importance
        (N, L): bases and their contributions.
    rng
        Of the permutation.
    ranks
        Neighbours in rank among which bases are permuted.

    Returns
    -------
    numpy.ndarray
        (N, L): bases, each as often as in `codes`.

    Examples
    --------
    >>> codes, importance = np.array([[0, 3, 0, 3], [3, 2, 1, 2]]), np.array([[0, 9, 0, 9], [9, 1, 0, 1]])
    >>> permuted_bases(codes, importance, np.random.default_rng(0), ranks=3)[importance == 9].tolist()
    [3, 3, 3]
    """
    size = codes.size
    mixed = rng.permutation(size)
    # largest first, so that those fill a run
    order = mixed[np.argsort(-importance.ravel()[mixed], kind="stable")]
    source = order[np.lexsort((rng.random(size), np.arange(size) // ranks))]
    bases = np.empty(size, dtype=codes.dtype)
    bases[order] = codes.ravel()[source]
    return bases.reshape(codes.shape)


def q_values(scores: Doubles, null: Doubles, shuffles: int = 1) -> Doubles:
    """Return the share of null instances among those with at least each score, made monotone.

    One null instance is added, so that q is never zero.

    Examples
    --------
    >>> q_values(np.array([3.0, 1.0, 2.0]), np.array([1.5]), 1).round(3).tolist()
    [0.5, 0.667, 0.5]
    """
    if not len(scores):
        return np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    drawn = np.sort(null)
    above = (len(drawn) - np.searchsorted(drawn, ranked, side="left")) / shuffles
    at_least = np.searchsorted(-ranked, -ranked, side="right")
    q = np.minimum((above + 1 / shuffles) / at_least, 1.0)
    q = np.minimum.accumulate(q[::-1])[::-1]
    ordered = np.empty(len(scores))
    ordered[order] = q
    return ordered


def _parts(total: int) -> Iterator[slice]:
    for start in range(0, total, CHUNK):
        yield slice(start, min(start + CHUNK, total))


class _Finder:
    """Matches both strands of all motifs at once."""

    def __init__(self, motifs: Sequence[Motif], options: HitOptions) -> None:
        self.options = options
        self.widths = np.array([motif.width for motif in motifs])
        widest = int(self.widths.max())
        kernels = np.zeros((2, len(motifs), 4, widest), dtype=np.float32)
        masks = np.zeros((len(motifs), 1, widest), dtype=np.float32)
        for number, motif in enumerate(motifs):
            matrix = motif.ppm * motif.information[:, None]
            matrix = matrix / max(float(np.linalg.norm(matrix)), 1e-12)
            kernels[0, number, :, : motif.width] = matrix.T
            kernels[1, number, :, : motif.width] = matrix[::-1, ::-1].T
            masks[number, 0, : motif.width] = 1
        self.kernels = torch.from_numpy(kernels.reshape(-1, 4, widest))
        self.masks = torch.from_numpy(masks)

    def find(self, codes: Codes, importance: Floats, first: int) -> _Hits:
        """Instances of some windows, of which the first has this number."""
        n, length = codes.shape
        value = torch.from_numpy(np.asarray(importance, dtype=np.float32))
        known = torch.from_numpy(codes.astype(np.int64))
        contributions = functional.one_hot(known, 5)[..., :4].float() * value[..., None]  # n, L, 4
        pad = self.kernels.shape[-1] - 1  # so that a motif may end with the window
        padded = functional.pad(contributions.transpose(1, 2), (0, pad))
        matched = functional.conv1d(padded, self.kernels).reshape(n, 2, len(self.widths), length)
        energy = functional.conv1d(padded.square().sum(1, keepdim=True), self.masks).clamp_min(1e-12)  # n, K, L
        similarity = matched / energy.sqrt()[:, None]
        inside = torch.arange(length)[None] <= length - torch.from_numpy(self.widths)[:, None]
        similar = (similarity >= self.options.similarity) & inside & (matched > 0)
        score = torch.where(similar, matched * similarity.square(), torch.zeros(()))
        rows, strands, motifs, starts = (index.numpy() for index in torch.nonzero(score, as_tuple=True))
        scores = score[rows, strands, motifs, starts].double().numpy()
        alike = similarity[rows, strands, motifs, starts].double().numpy()
        keep = self._apart(rows, motifs, starts, scores)
        return _Hits(rows[keep] + first, motifs[keep], strands[keep], starts[keep], scores[keep], alike[keep])

    def _apart(self, rows: Integers, motifs: Integers, starts: Integers, scores: Doubles) -> Integers:
        """Keep the best of instances that overlap, window by window."""
        kept: list[int] = []
        taken: dict[int, list[tuple[int, int]]] = {}
        for i in np.lexsort((starts, -scores)).tolist():
            start = int(starts[i])
            end = start + int(self.widths[motifs[i]])
            others = taken.setdefault(int(rows[i]), [])
            clashes = any(
                min(end, b) - max(start, a) > self.options.overlap * min(end - start, b - a) for a, b in others
            )
            if not clashes:
                others.append((start, end))
                kept.append(i)
        return np.array(sorted(kept), dtype=np.int64)


def _joined(parts: list[_Hits]) -> _Hits:
    return _Hits._make(np.concatenate([part[i] for part in parts]) for i in range(len(_Hits._fields)))


def _table(hits: _Hits, q: Doubles, keep: Integers, motifs: Sequence[Motif], importance: Floats) -> pd.DataFrame:
    whole: NDArray[np.float64] = np.maximum(np.abs(importance).sum(axis=1, dtype=np.float64), 1e-12)
    motif, window, start = hits.motif[keep], hits.window[keep], hits.start[keep]
    names = np.array([one.name for one in motifs], dtype=object)
    alts = np.array([one.alt for one in motifs], dtype=object)
    end = start + np.array([one.width for one in motifs])[motif]
    total = np.pad(np.cumsum(importance, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    sums = total[window, end] - total[window, start]
    table = pd.DataFrame(
        {
            "window": window,
            "motif": names[motif],
            "motif_alt": alts[motif],
            "start": start,
            "end": end,
            "strand": np.where(hits.strand[keep] == 0, "+", "-"),
            "score": hits.score[keep],
            "similarity": hits.similarity[keep],
            "importance": sums,
            "share": sums / whole[window],
            "q": q[keep],
        }
    )
    return table.sort_values(["window", "start", "motif"], kind="stable", ignore_index=True)
