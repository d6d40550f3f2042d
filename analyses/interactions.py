"""Pairs of motifs that a model treats together: by double mutants, and by its pairwise attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.marginalize import Backgrounds, Model, interval, sites_of
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_families import motif_families
from motiflens.analyses.partner_test import partner_test
from motiflens.analyses.permutation_fdr import permutation_fdr
from motiflens.analyses.site_pairs import (
    InWindow,
    Key,
    Names,
    Pair,
    Segment,
    SitePairs,
    by_names,
    gap_between,
    pair_key,
)
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
    share
        What a pair's score has to exceed, over the larger one of both sites' own effects: how much of it depends
        on the other site. 0 asks for none; attention has no effects to compare with.
    seed
        Of shuffles and controls.
    by
        Attribution method of ``attribution``.
    collapse
        Whether motifs whose matrices are alike (see `motif_families`) count as one: else each pair of them comes
        again under every two of their names.
    permutations
        Times that motifs' names are shuffled among the sites, for ``fdr``; 0: none.
    """

    method: str = "epistasis"
    threshold: float = 1e-4
    most: int = 6
    shuffles: int = 3
    least: int = 5
    share: float = 0.1
    seed: int = 0
    by: str = "input_x_gradient"
    collapse: bool = True
    permutations: int = 50

    def __post_init__(self) -> None:
        AttributionOptions(self.by)
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        check_numbers(self)


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
    both. A pair of motifs has to exceed what the sites of either have, in the same windows, with those of other
    motifs (see `partner_test`: what matters to a model that is not linear has something to do with all else), and
    a share of what the stronger one does. Where a window has no third motif, one site is put elsewhere: as far
    from the other, on no motif's site. As a null of all that, motifs' names are shuffled among the sites of all
    windows, and every pair of names is tested again.

    Parameters
    ----------
    model
        The run, on the device to use.
    motifs
        Whose sites are looked for.
    windows
        As they are; overlapping ones show the same sites again (see `apart`).
    options
        See `InteractionOptions`.

    Returns
    -------
    pandas.DataFrame
        One row a pair of motifs with at least `least` pairs of sites: ``first``, ``second`` (of motifs that count
        as one the one with most sites), ``pairs``,
        ``windows``, ``distance`` (median, bp between the two), ``score`` (mean over windows; signed but for
        attention), ``low`` and ``high`` (its 95 % interval over windows), ``null`` (mean of the sites' pairs with
        others), ``share`` (mean size of the scores over that of the larger effect; NaN of attention),
        ``excess`` (by how much the scores' size, whatever their signs, is above what it has to exceed, the
        mean over windows where that is least), ``excess_low`` and ``excess_high`` (its 95 % interval), ``p``
        (`partner_test`, of the same sizes), ``q`` (Benjamini-Hochberg), ``fdr`` (`permutation_fdr`: of pairs with
        so small a p, by shuffled names; NaN without a third motif), ``first_motifs`` and ``second_motifs`` (what
        counts as one, with sites, the most first); ordered by p. Where p is small and the interval of ``score``
        covers 0, effects of both signs cancel in the mean.

    Raises
    ------
    ValueError
        If no two motifs share enough windows, or the model has no pairwise attention.
    """
    wanted = options or InteractionOptions()
    families = motif_families(motifs) if wanted.collapse else np.arange(len(motifs))
    measure = {"epistasis": _epistasis, "attention": _attention, "attribution": _attribution}[wanted.method]
    by_row: dict[int, list[Pair]] = {}
    for pair in find_pairs(motifs, windows.codes, wanted):
        by_row.setdefault(pair.row, []).append(pair)
    names: list[Names] = [
        {site: int(families[site.motif]) for pair in pairs for site in (pair.a, pair.b)}
        for pairs in by_row.values()
    ]
    tested = _enough(zip(by_row.values(), names, strict=True), wanted.least)
    if not tested:
        raise ValueError(
            f"no two of the {len(motifs)} motifs have sites (p <= {wanted.threshold:g}) in {wanted.least} windows "
            "together: give more windows or motifs, or a larger --thresh"
        )
    seen: list[tuple[SitePairs, Names]] = []
    for done, ((row, pairs), own) in enumerate(zip(by_row.items(), names, strict=True)):
        progress(Step("testing pairs", done, len(by_row)))
        if any(
            pair_key(pair, own) in tested for pair in pairs
        ):  # those of too few windows too: they are the others
            seen.append((_scored(pairs, measure(model, windows, row, pairs, wanted)), own))
    table = _tested(by_names(seen, tested), _named(seen, motifs), wanted.share)
    null = _shuffled(seen, wanted) if wanted.permutations else np.empty(0)
    table.insert(list(table.columns).index("q") + 1, "fdr", permutation_fdr(table["p"].to_numpy(), null))
    return table.sort_values(["p", "first", "second"], kind="stable", ignore_index=True)


def _enough(windows: Iterable[tuple[Sequence[Pair], Names]], least: int) -> set[Key]:
    """Return the keys of at least so many pairs of sites."""
    counts = Counter(pair_key(pair, names) for pairs, names in windows for pair in pairs)
    return {key for key, count in counts.items() if count >= least}


def _scored(pairs: Sequence[Pair], measured: _Measured) -> SitePairs:
    """Return a window's pairs with the scores of all that they are compared with."""
    both = {(a, b) for pair in pairs for a, b in ((pair.a, pair.b), *pair.controls)}
    sites = {site for pair in pairs for site in (pair.a, pair.b)}
    return SitePairs(
        pairs, {ends: measured.score(*ends) for ends in both}, {site: measured.effect(site) for site in sites}
    )


def _shuffled(seen: Sequence[tuple[SitePairs, Names]], options: InteractionOptions) -> Doubles:
    """Return p of all pairs of names, (n,), when names are shuffled among the sites of all windows."""
    rng = np.random.default_rng([options.seed, options.permutations])
    all_names = np.array([name for _, names in seen for name in names.values()])
    if len(set(all_names.tolist())) < 3:
        return np.empty(0)
    p_values: list[float] = []
    for _ in range(options.permutations):
        drawn = iter(rng.permutation(all_names).tolist())
        other = [(window, {site: next(drawn) for site in names}) for window, names in seen]
        tested = _enough(((window.pairs, names) for window, names in other), options.least)
        p_values += [_test(_sizes(windows), options.share)[0] for windows in by_names(other, tested).values()]
    return np.array(p_values)


def _named(seen: Sequence[tuple[SitePairs, Names]], motifs: Sequence[Motif]) -> dict[int, list[str]]:
    """Return of each family its motifs that have sites, the one with most first."""
    counts: dict[int, Counter[int]] = {}
    for _, names in seen:
        for site, family in names.items():
            counts.setdefault(family, Counter())[site.motif] += 1
    return {
        family: [motifs[number].alt or motifs[number].name for number in sorted(own, key=lambda n: (-own[n], n))]
        for family, own in counts.items()
    }


class _Measured(NamedTuple):
    """A window: the score of two segments, and what one does by itself, where that is known."""

    score: Callable[[Segment, Segment], float]
    effect: Callable[[Segment], float] = lambda _: float("nan")


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
            if len(kept) < options.most and all(gap_between(segment, other) >= 0 for other in kept):
                kept.append(segment)
        kept.sort()
        for i, a in enumerate(kept):
            for b in kept[i + 1 :]:
                controls = (_control(a, b, kept, codes.shape[1], rng), _control(b, a, kept, codes.shape[1], rng))
                sides = (controls[0] and (a, controls[0]), controls[1] and (controls[1], b))
                yield Pair(row, a, b, tuple(side for side in sides if side))


def _control(
    fixed: Segment, moved: Segment, sites: Sequence[Segment], length: int, rng: np.random.Generator
) -> Segment | None:
    """A stretch as wide as `moved` and as far from `fixed` as can be, on no site; None without room."""
    width, gap = moved.end - moved.start, gap_between(fixed, moved)
    others = [site for site in sites if site is not moved]
    starts = [
        start
        for start in range(length - width + 1)
        if all(gap_between(Segment(start, start + width), site) >= 0 for site in others)
        and gap_between(Segment(start, start + width), moved) >= 0
    ]
    if not starts:
        return None
    near = np.array([abs(gap_between(Segment(start, start + width), fixed) - gap) for start in starts])
    best = np.flatnonzero(near <= near.min() + 5)
    start = starts[int(rng.choice(best))]
    return Segment(start, start + width)


def _epistasis(
    model: Model, windows: Backgrounds, row: int, pairs: Sequence[Pair], options: InteractionOptions
) -> _Measured:
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

    return _Measured(score, lambda site: value[frozenset()] - value[frozenset([site])])


def _attribution(
    model: Model, windows: Backgrounds, row: int, pairs: Sequence[Pair], options: InteractionOptions
) -> _Measured:
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

    return _Measured(
        lambda a, b: (lost(a, b) + lost(b, a)) / 2, lambda site: float(sums[0][site.end] - sums[0][site.start])
    )


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
) -> _Measured:
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

    return _Measured(score)


def _tested(
    scores: Mapping[Key, Sequence[InWindow]], names: Mapping[int, Sequence[str]], share: float
) -> pd.DataFrame:
    rows = []
    for (first, second), seen in scores.items():
        mean, low, high, _ = interval(np.array([float(np.mean(window.own)) for window in seen]))
        null = [value for window in seen for side in window.others for value in side]
        gaps = [gap for window in seen for gap in window.gaps]
        sizes = _sizes(seen)
        depends = float(sizes.own.mean() / sizes.effect.mean()) if sizes.effect.any() else float("nan")
        null_mean = float(np.mean(null)) if null else float("nan")
        p, exceeded = _test(sizes, share)
        apart = [values[np.isfinite(values)] for values in (sizes.own - other for other in exceeded)]
        apart = [values for values in apart if len(values)]
        excess = interval(min(apart, key=np.mean))[:3] if apart else (float("nan"),) * 3
        own = [len(gaps), len(seen), float(np.median(gaps)), mean, low, high]
        members = [",".join(names[family]) for family in (first, second)]
        rows.append([names[first][0], names[second][0], *own, null_mean, depends, *excess, p, *members])
    columns = ["first", "second", "pairs", "windows", "distance", "score", "low", "high", "null", "share"]
    columns += ["excess", "excess_low", "excess_high", "p", "first_motifs", "second_motifs"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(list(table.columns).index("p") + 1, "q", benjamini_hochberg(table["p"].to_numpy()))
    return table


class _Sizes(NamedTuple):
    """Of two motifs in each window, (W,): size of their scores, of the larger effect, of scores with others."""

    own: Doubles
    effect: Doubles
    others: tuple[Doubles, Doubles]


def _sizes(seen: Sequence[InWindow]) -> _Sizes:
    own, effect, *others = (
        np.array([np.abs(values).mean() if values else np.nan for values in column])
        for column in zip(*((w.own, w.effects, *w.others) for w in seen), strict=True)
    )
    return _Sizes(own, effect, (others[0], others[1]))


def _test(sizes: _Sizes, share: float) -> tuple[float, tuple[Doubles, ...]]:
    """Return p of two motifs, and what their scores have to exceed."""
    known = np.isfinite(sizes.effect).all() and share
    exceeded = (*sizes.others, share * sizes.effect) if known else sizes.others
    return partner_test(sizes.own, *exceeded), exceeded
