"""Pairs of motifs that a model treats together: by double mutants, and by its pairwise attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from motiflens.analyses.marginalize import Backgrounds, Model, interval, sites_of
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.variant_motifs import MotifTables
from motiflens.analyses.variants import benjamini_hochberg
from motiflens.interpret.adapter import adapt
from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.interpret.attribution.strands import importance
from motiflens.interpret.results import Attention
from motiflens.models.data.one_hot import one_hot
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Codes, Doubles

METHODS = ("epistasis", "attention", "attribution")


@dataclass(frozen=True)
class InteractionOptions:
    """How pairs are looked for.

    Attributes
    ----------
    method
        ``epistasis``, ``attention`` or ``attribution``.
    threshold
        p-value of a motif's site.
    most
        Most sites of a window, the best ones.
    shuffles
        Times that a site's bases are shuffled, over which a mutant's logit is averaged.
    least
        Fewest pairs of two motifs that are tested.
    seed
        Of shuffles and controls.
    by
        Attribution method of ``attribution``.
    """

    method: str = "epistasis"
    threshold: float = 1e-4
    most: int = 6
    shuffles: int = 3
    least: int = 5
    seed: int = 0
    by: str = "input_x_gradient"

    def __post_init__(self) -> None:
        AttributionOptions(self.by)
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        check_numbers(self)


class Segment(NamedTuple):
    """A stretch of a window: a motif's site, or a control."""

    start: int
    end: int
    motif: int = -1


class Pair(NamedTuple):
    """Two sites of a window, and controls that stand in for the second and the first."""

    row: int
    a: Segment
    b: Segment
    controls: tuple[tuple[Segment, Segment], ...]


def interactions(
    model: Model,
    motifs: Sequence[Motif],
    windows: Backgrounds,
    options: InteractionOptions | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Test every pair of motifs that have sites in the same windows.

    Epistasis of two sites is the logit of the window less that with the first one shuffled, less that with the
    second one shuffled, plus that with both shuffled. Attention between two sites is the largest weight from a
    position whose field overlaps the one to a position whose field overlaps the other, mean of the heads (Ullah &
    Ben-Hur 2021). Attribution is how much less each site contributes while the other one is shuffled, mean of
    both. The null has one site of each pair put elsewhere: as far from the other, on no motif's site.

    Parameters
    ----------
    model
        The run, on the device to use.
    motifs
        Whose sites are looked for.
    windows
        As they are.
    options
        See `InteractionOptions`.

    Returns
    -------
    pandas.DataFrame
        One row a pair of motifs with at least `least` pairs of sites: ``first``, ``second``, ``pairs``,
        ``windows``, ``distance`` (median, bp between the two), ``score`` (mean; signed but for attention), ``low``
        and ``high`` (its 95 % interval), ``null`` (mean of the controls), ``p`` (Mann-Whitney, one-sided, of the
        size of the scores), ``q`` (Benjamini-Hochberg); ordered by p.

    Raises
    ------
    ValueError
        If no two motifs share enough windows, or the model has no pairwise attention.
    """
    wanted = options or InteractionOptions()
    pairs = list(find_pairs(motifs, windows.codes, wanted))
    counts: dict[tuple[int, int], int] = {}
    for pair in pairs:
        counts[_key(pair)] = counts.get(_key(pair), 0) + 1
    pairs = [pair for pair in pairs if counts[_key(pair)] >= wanted.least]
    if not pairs:
        raise ValueError(
            f"no two of the {len(motifs)} motifs have sites (p <= {wanted.threshold:g}) in {wanted.least} windows "
            "together: give more windows or motifs, or a larger --thresh"
        )
    measure = {"epistasis": _epistasis, "attention": _attention, "attribution": _attribution}[wanted.method]
    scores: dict[tuple[int, int], list[tuple[Pair, float, list[float]]]] = {}
    rows = sorted({pair.row for pair in pairs})
    by_row: dict[int, list[Pair]] = {row: [] for row in rows}
    for pair in pairs:
        by_row[pair.row].append(pair)
    for done, (row, own) in enumerate(by_row.items()):
        progress(Step("testing pairs", done, len(rows)))
        score = measure(model, windows, row, own, wanted)
        for pair in own:
            null = [score(a, b) for a, b in pair.controls]
            scores.setdefault(_key(pair), []).append((pair, score(pair.a, pair.b), null))
    return _tested(scores, motifs)


def _key(pair: Pair) -> tuple[int, int]:
    return min(pair.a.motif, pair.b.motif), max(pair.a.motif, pair.b.motif)


def find_pairs(motifs: Sequence[Motif], codes: Codes, options: InteractionOptions) -> Iterator[Pair]:
    """Yield the pairs of sites that do not overlap, with their controls; of one motif several sites may count."""
    tables = MotifTables(motifs, options.threshold)
    sites: dict[int, list[tuple[float, Segment]]] = {}
    for number, motif in enumerate(motifs):
        for row, start, score in sites_of(tables, number, codes):
            above = score - tables.least[number]
            sites.setdefault(row, []).append((above, Segment(start, start + motif.width, number)))
    rng = np.random.default_rng(options.seed)
    for row in sorted(sites):
        kept: list[Segment] = []
        for _, segment in sorted(sites[row], key=lambda pair: -pair[0]):
            if len(kept) < options.most and all(_gap(segment, other) >= 0 for other in kept):
                kept.append(segment)
        kept.sort()
        for i, a in enumerate(kept):
            for b in kept[i + 1 :]:
                controls = (_control(a, b, kept, codes.shape[1], rng), _control(b, a, kept, codes.shape[1], rng))
                sides = (controls[0] and (a, controls[0]), controls[1] and (controls[1], b))
                yield Pair(row, a, b, tuple(side for side in sides if side))


def _gap(a: Segment, b: Segment) -> int:
    """Bases between two segments; negative where they overlap."""
    return max(a.start, b.start) - min(a.end, b.end)


def _control(
    fixed: Segment, moved: Segment, sites: Sequence[Segment], length: int, rng: np.random.Generator
) -> Segment | None:
    """A stretch as wide as `moved` and as far from `fixed` as can be, on no site; None without room."""
    width, gap = moved.end - moved.start, _gap(fixed, moved)
    others = [site for site in sites if site is not moved]
    starts = [
        start
        for start in range(length - width + 1)
        if all(_gap(Segment(start, start + width), site) >= 0 for site in others)
        and _gap(Segment(start, start + width), moved) >= 0
    ]
    if not starts:
        return None
    near = np.array([abs(_gap(Segment(start, start + width), fixed) - gap) for start in starts])
    best = np.flatnonzero(near <= near.min() + 5)
    start = starts[int(rng.choice(best))]
    return Segment(start, start + width)


Score = Callable[[Segment, Segment], float]


def _epistasis(
    model: Model, windows: Backgrounds, row: int, pairs: Sequence[Pair], options: InteractionOptions
) -> Score:
    """Scores of pairs within one window, of all of whose mutants the logits are computed at once."""
    segments = {segment for pair in pairs for segment in (pair.a, pair.b)}
    mutants: list[frozenset[Segment]] = [frozenset(), *(frozenset([segment]) for segment in segments)]
    for pair in pairs:
        for a, b in ((pair.a, pair.b), *pair.controls):
            mutants += [frozenset([a]), frozenset([b]), frozenset([a, b])]
    mutants = list(dict.fromkeys(mutants))
    many = _mutated(windows, row, mutants, options)
    logits: Doubles = model.logits(many.codes, many).reshape(len(mutants), options.shuffles).mean(axis=1)
    value = dict(zip(mutants, logits.tolist(), strict=True))

    def score(a: Segment, b: Segment) -> float:
        one, other, both = frozenset([a]), frozenset([b]), frozenset([a, b])
        return value[frozenset()] - value[one] - value[other] + value[both]

    return score


def _attribution(
    model: Model, windows: Backgrounds, row: int, pairs: Sequence[Pair], options: InteractionOptions
) -> Score:
    """Scores of pairs by what each site contributes with the other one as it is, and shuffled."""
    segments = {segment for pair in pairs for both in ((pair.a, pair.b), *pair.controls) for segment in both}
    mutants = [frozenset[Segment](), *(frozenset([segment]) for segment in sorted(segments))]
    many = _mutated(windows, row, mutants, options)
    x = np.concatenate([one_hot(many.codes), many.signals], axis=1)
    chosen = AttributionOptions(options.by, target=model.target, batch_size=model.batch_size, seed=options.seed)
    tracks = importance(attribute(model.run.model, x, chosen, meta=many.meta).scores)  # mutants × shuffles, L
    sums = np.concatenate([np.zeros((len(tracks), 1)), np.cumsum(tracks, axis=1, dtype=np.float64)], axis=1)
    sums = sums.reshape(len(mutants), options.shuffles, -1).mean(axis=1)
    number = {mutant: i for i, mutant in enumerate(mutants)}

    def lost(site: Segment, other: Segment) -> float:
        whole, without = sums[0], sums[number[frozenset([other])]]
        return float((whole[site.end] - whole[site.start]) - (without[site.end] - without[site.start]))

    return lambda a, b: (lost(a, b) + lost(b, a)) / 2


def _mutated(
    windows: Backgrounds, row: int, mutants: Sequence[frozenset[Segment]], options: InteractionOptions
) -> Backgrounds:
    """Return a window with the bases of each mutant's segments shuffled, (mutants × shuffles, L)."""
    codes = np.repeat(windows.codes[row : row + 1], len(mutants) * options.shuffles, axis=0)
    for number, mutant in enumerate(mutants):
        for shuffle in range(options.shuffles):
            at = number * options.shuffles + shuffle
            for segment in mutant:  # the same letters in each mutant, so that they cancel
                rng = np.random.default_rng([options.seed, row, segment.start, shuffle])
                part = slice(segment.start, segment.end)
                codes[at, part] = rng.permutation(codes[at, part])
    return Backgrounds(
        codes,
        np.repeat(windows.signals[row : row + 1], len(codes), axis=0),
        None if windows.meta is None else np.repeat(windows.meta[row : row + 1], len(codes), axis=0),
    )


def _attention(
    model: Model, windows: Backgrounds, row: int, pairs: Sequence[Pair], options: InteractionOptions
) -> Score:
    part = replace(windows, codes=windows.codes[row : row + 1], signals=windows.signals[row : row + 1])
    x = np.concatenate([one_hot(part.codes), part.signals], axis=1)
    meta = None if windows.meta is None else windows.meta[row : row + 1]
    with torch.no_grad():
        seen: Attention = adapt(model.run.model).attention(x, meta)
    if seen.kind != "pairwise":
        raise ValueError(f"{model.run.path} has no pairwise attention but {seen.kind}: take --method epistasis")
    weights = seen.weights[0]
    weights = weights.mean(axis=0) if weights.ndim == 3 else weights  # Q, K
    start, end = seen.field.start, seen.field.end

    def positions(segment: Segment) -> np.ndarray:
        overlapping = np.flatnonzero((start < segment.end) & (end > segment.start))
        middle = (segment.start + segment.end) / 2
        nearest = np.abs(seen.field.center - middle)
        return overlapping[nearest[overlapping] <= nearest.min() + (segment.end - segment.start) / 2]

    def score(a: Segment, b: Segment) -> float:
        p, q = positions(a), positions(b)
        return float(max(weights[np.ix_(p, q)].max(), weights[np.ix_(q, p)].max()))

    return score


def _tested(
    scores: dict[tuple[int, int], list[tuple[Pair, float, list[float]]]], motifs: Sequence[Motif]
) -> pd.DataFrame:
    rows = []
    for (first, second), scored in scores.items():
        values = np.array([score for _, score, _ in scored])
        null = np.array([value for _, _, drawn in scored for value in drawn])
        mean, low, high, _ = interval(values)
        p = 1.0
        if len(null):
            p = float(stats.mannwhitneyu(np.abs(values), np.abs(null), alternative="greater").pvalue)
        names = [motifs[number].alt or motifs[number].name for number in (first, second)]
        windows = len({pair.row for pair, _, _ in scored})
        distance = float(np.median([_gap(pair.a, pair.b) for pair, _, _ in scored]))
        null_mean = float(null.mean()) if len(null) else float("nan")
        rows.append([*names, len(scored), windows, distance, mean, low, high, null_mean, p])
    columns = ["first", "second", "pairs", "windows", "distance", "score", "low", "high", "null", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["q"] = benjamini_hochberg(table["p"].to_numpy())
    return table.sort_values(["p", "first", "second"], kind="stable", ignore_index=True)
