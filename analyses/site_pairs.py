"""Pairs of sites in windows, and what those of two motifs are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple, TypeAlias


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


Names: TypeAlias = Mapping[Segment, int]  # what each site of a window is of
Key: TypeAlias = tuple[int, int]  # two of the names, the smaller one first


class SitePairs(NamedTuple):
    """A window's pairs of sites: scores of every two segments that are compared, effects of each site alone."""

    pairs: Sequence[Pair]
    scores: Mapping[tuple[Segment, Segment], float]
    effects: Mapping[Segment, float]


class InWindow(NamedTuple):
    """Two motifs in a window: scores and gaps of their pairs of sites, larger effects, scores with others."""

    own: list[float]
    effects: list[float]
    others: tuple[list[float], list[float]]
    gaps: list[int]


def pair_key(pair: Pair, names: Names) -> Key:
    """Return the names of a pair's sites."""
    a, b = names[pair.a], names[pair.b]
    return (a, b) if a <= b else (b, a)


def gap_between(a: Segment, b: Segment) -> int:
    """Bases between two segments; negative where they overlap."""
    return max(a.start, b.start) - min(a.end, b.end)


def by_names(windows: Iterable[tuple[SitePairs, Names]], keys: Set[Key]) -> dict[Key, list[InWindow]]:
    """Return what every two names have in each window that holds a pair of them.

    Parameters
    ----------
    windows
        Pairs of sites, and what each site is called.
    keys
        Those that are asked for.
    """
    seen: dict[Key, list[InWindow]] = {key: [] for key in sorted(keys)}
    for window, names in windows:
        named = [(pair, pair_key(pair, names)) for pair in window.pairs]
        for key in sorted({key for _, key in named} & keys):
            seen[key].append(_in_window(key, window, named, names))
    return seen


def _in_window(key: Key, window: SitePairs, named: Sequence[tuple[Pair, Key]], names: Names) -> InWindow:
    same = [pair for pair, own in named if own == key]
    strangers = [pair for pair, own in named if not set(own) <= set(key)]
    others: tuple[list[float], list[float]] = ([], [])
    for pair in same:
        ends = (pair.a, pair.b) if names[pair.a] == key[0] else (pair.b, pair.a)
        for site, values in zip(ends, others, strict=True):
            third = [(p.a, p.b) for p in strangers if site in (p.a, p.b)]
            values += [window.scores[both] for both in third or [both for both in pair.controls if site in both]]
    return InWindow(
        [window.scores[pair.a, pair.b] for pair in same],
        [max(abs(window.effects[pair.a]), abs(window.effects[pair.b])) for pair in same],
        others,
        [gap_between(pair.a, pair.b) for pair in same],
    )
