"""Planting binding sites and decoys in regulatory elements, and finding every site of the finished genome."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.simulate.elements import BARE, CLOSED, INSULATOR, PROMOTER, Elements
from motiflens.models.data.simulate.factors import PAIR, Factor, factors, millibits, sample_sites
from motiflens.models.data.simulate.genome import Genome
from motiflens.models.data.simulate.grammar import DEFAULT, Grammar
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Codes, Doubles, Integers

_NUMBER = (0, 30, 34, 24, 12)  # weights of 0, 1, … planted sites in an element
_ENHANCER = {"CTCF": 4, "REST": 14, "FOXA1": 14, "SPI1": 13, "GATA1": 22, "EGR1": 11, "JUN": 15, "MAX": 7}
_PROMOTER = {"CTCF": 5, "REST": 16, "FOXA1": 5, "SPI1": 8, "GATA1": 5, "EGR1": 30, "JUN": 12, "MAX": 19}
_LINEAGE = {"SPI1": 0, "FOXA1": 1, "GATA1": 1}  # factors that open the chromatin of one cell type
_CANDIDATES = 8  # of which a decoy is the one least like a site


@dataclass(eq=False)
class Planting:
    """What was written into the genome.

    Attributes
    ----------
    kinds
        (start, factor, strand) -> ``planted``, ``composite`` (with its partner), ``alone`` or
        ``wrong_spacing`` (of `PAIR`, without a partner in reach), ``wrong_order`` and ``blocked`` (with one where
        the grammar forbids it), ``closed`` (in closed chromatin).
    decoys
        Rows of ``truth/decoys.bed``: start, end, name, strand.
    lineage
        (elements, 2): sites of each cell type's own factors.
    """

    kinds: dict[tuple[int, str, str], str] = field(default_factory=dict)
    decoys: list[tuple[int, int, str, str]] = field(default_factory=list)
    lineage: Integers = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))


def plant(genome: Genome, elements: Elements, seed: int, grammar: Grammar = DEFAULT) -> Planting:
    """Write sites and decoys into the elements, one after the other, without overlaps within an element."""
    stream = Stream(seed, "sites")
    planting = Planting(lineage=np.zeros((len(elements), 2), dtype=np.int64))
    for i in range(len(elements)):
        _Element(genome, elements, i, (planting, grammar), stream).fill()
    return planting


class _Element:
    """One element while it is filled."""

    def __init__(
        self, genome: Genome, elements: Elements, i: int, plan: tuple[Planting, Grammar], stream: Stream
    ) -> None:
        self.genome, self.stream, self.i = genome, stream, i
        self.planting, self.grammar = plan
        self.kind = int(elements.kind[i])
        centre, half = int(elements.centre[i]), int(elements.half[i])
        self.start, self.end = centre - half, centre + half
        self.taken: list[tuple[int, int]] = []

    def fill(self) -> None:
        table = {factor.name: factor for factor in factors()}
        if self.kind == INSULATOR:
            self.site(table["CTCF"])
        if self.kind not in (BARE, INSULATOR):
            shares = _PROMOTER if self.kind == PROMOTER else _ENHANCER
            names = list(shares)
            for _ in range(self.stream.pick(_NUMBER)):
                factor = table[names[self.stream.pick(tuple(shares.values()))]]
                if factor.name == PAIR[0]:
                    self.pair(factor, table[PAIR[1]])
                else:
                    self.site(factor)
        if self.stream.integer(0, 100) < 40:
            self.decoy(factors()[self.stream.integer(0, len(factors()))])

    def site(self, factor: Factor, kind: str | dict[str, str] = "planted", at: int | None = None) -> int | None:
        """Write a site drawn from the matrix; return its start, or None where there was no room.

        Its kind may depend on its strand, which is drawn here.
        """
        place = self.room(factor.width) if at is None else at
        if place is None or not self.free(place, factor.width):
            return None
        strand = "+-"[self.stream.integer(0, 2)]
        self.write(place, factor.sample(self.stream, 1)[0], strand)
        kind = kind if isinstance(kind, str) else kind[strand]
        self.planting.kinds[place, factor.name, strand] = "closed" if self.kind == CLOSED else kind
        if factor.name in _LINEAGE and kind in ("planted", "composite"):
            self.planting.lineage[self.i, _LINEAGE[factor.name]] += 1
        return place

    def pair(self, factor: Factor, partner: Factor) -> None:
        """Write both of a pair, the one alone, or both too far apart, as often as the grammar says."""
        fate = self.stream.integer(0, 100)
        near = fate < self.grammar.alone + self.grammar.near
        if fate < self.grammar.alone:
            self.site(factor, "alone")
            return
        low, high = self.grammar.distance if near else self.grammar.wrong
        gap = self.stream.integer(low, high + 1)
        # Whichever comes first, the partner's place is derived from the factor's.
        before = self.stream.integer(0, 2)
        place = self.room(factor.width + gap + partner.width)
        if place is None:
            return
        own = place + (partner.width + gap if before else 0)
        other = place + (0 if before else factor.width + gap)
        self.site(factor, self.paired(bool(before)) if near else "wrong_spacing", own)
        self.site(partner, "planted", other)

    def paired(self, before: bool) -> dict[str, str]:
        """Return what a site with its partner in reach is called on either strand."""
        if self.grammar.name == "order":
            right, wrong = "composite", "wrong_order"
            return {"+": wrong, "-": right} if before else {"+": right, "-": wrong}
        kind = "blocked" if self.grammar.name == "not" else "composite"
        return {"+": kind, "-": kind}

    def decoy(self, factor: Factor) -> None:
        """Write half a site, or a site of the matrix with its columns shuffled."""
        half = self.stream.integer(0, 2) == 0
        place = self.room(factor.width)
        if place is None:
            return
        if half:
            candidates = np.tile(self.genome.codes[place : place + factor.width], (_CANDIDATES, 1))
            left = self.stream.integer(0, 2) == 0
            columns = slice(0, factor.width // 2) if left else slice(factor.width // 2, factor.width)
            candidates[:, columns] = factor.sample(self.stream, _CANDIDATES)[:, columns]
        else:
            candidates = sample_sites(shuffled(factor), self.stream, _CANDIDATES)
        known = np.where(candidates > 3, 0, candidates)
        decoy = candidates[int(np.argmin(np.maximum(factor.score(known), factor.score(3 - known[:, ::-1]))))]
        strand = "+-"[self.stream.integer(0, 2)]
        self.write(place, decoy, strand)
        name = f"{'half' if half else 'shuffled'}:{factor.name}"
        self.planting.decoys.append((place, place + factor.width, name, strand))

    def room(self, width: int) -> int | None:
        """Return a free place for `width` bp, or None after a few attempts."""
        for _ in range(12):
            at = self.stream.integer(self.start, max(self.start + 1, self.end - width))
            if self.free(at, width):
                return at
        return None

    def free(self, at: int, width: int) -> bool:
        return all(at >= end + 2 or at + width + 2 <= start for start, end in self.taken)

    def write(self, at: int, site: Codes, strand: str) -> None:
        self.genome.codes[at : at + len(site)] = site if strand == "+" else reverse_complement(site)
        self.taken.append((at, at + len(site)))


@cache
def _shuffles() -> dict[str, Doubles]:
    decoys = {}
    for factor in factors():
        stream = Stream(0, f"shuffled {factor.matrix}")
        orders = [stream.order(factor.width) for _ in range(60)]
        decoys[factor.name] = factor.ppm[min(orders, key=lambda order: _likeness(factor.ppm, order))]
    return decoys


def shuffled(factor: Factor) -> Doubles:
    """Return the factor's matrix with its columns in another order: of 60 random ones that least like it."""
    return _shuffles()[factor.name]


def _likeness(ppm: Doubles, order: Integers) -> int:
    """Best score of the reordered matrix's consensus against the matrix, over shifts and both strands."""
    scores = millibits(ppm)
    width = len(ppm)
    consensus = ppm[order].argmax(axis=1).astype(np.uint8)
    best = 0
    for sequence in (consensus, reverse_complement(consensus)):
        for shift in range(-width // 2, width // 2 + 1):
            columns = np.arange(max(0, shift), min(width, width + shift))
            best = max(best, int(scores[columns, sequence[columns - shift]].sum()))
    return best


def find_sites(genome: Genome, planting: Planting, thresholds: dict[str, int]) -> pd.DataFrame:
    """Find every site of every factor in the genome, planted or there by chance.

    Parameters
    ----------
    genome
        The finished genome.
    planting
        What was planted, for the column ``kind``; everything else is ``chance``.
    thresholds
        Factor -> the lowest score, in millibits.

    Returns
    -------
    DataFrame
        start, end, factor, strand, score (millibits), kind; sorted by position.
    """
    tables = []
    for factor in factors():
        for strand in "+-":
            scores = factor.scores if strand == "+" else factor.scores[::-1, ::-1]
            start, score = _scan(genome.codes, scores, thresholds[factor.name])
            tables.append(
                pd.DataFrame(
                    {
                        "start": start,
                        "end": start + factor.width,
                        "factor": factor.name,
                        "strand": strand,
                        "score": score,
                    }
                )
            )
    table = pd.concat(tables, ignore_index=True)
    table = table.sort_values(["start", "factor", "strand"], kind="stable", ignore_index=True)
    keys = zip(table["start"].tolist(), table["factor"].tolist(), table["strand"].tolist(), strict=True)
    table["kind"] = [planting.kinds.get(key, "chance") for key in keys]
    return _compete(table)


_WORD = 5  # bases scored at once by table lookup


def _scan(codes: Codes, scores: Integers, threshold: int) -> tuple[Integers, Integers]:
    """Starts and scores of all sites that reach a threshold, on the strand of `scores`."""
    width = len(scores)
    starts, totals = [], []
    step = 1 << 20
    for begin in range(0, len(codes) - width + 1, step):
        part = codes[begin : begin + step + width - 1]
        total = np.zeros(len(part) - width + 1, dtype=np.int32)
        for first in range(0, width, _WORD):
            block = scores[first : first + _WORD]
            words = np.zeros(len(total), dtype=np.int16)
            table = np.zeros(1, dtype=np.int32)
            for column, row in enumerate(block):
                words = words * 4 + (part[first + column : first + column + len(total)] & 3)
                table = (table[:, None] + row[None, :]).ravel().astype(np.int32)
            total += table[words]
        hits = np.flatnonzero(total >= threshold)
        hits = hits[~(part[hits[:, None] + np.arange(width)] > 3).any(axis=1)]
        starts.append(begin + hits)
        totals.append(total[hits].astype(np.int64))
    return np.concatenate(starts).astype(np.int64), np.concatenate(totals)


def _compete(table: pd.DataFrame) -> pd.DataFrame:
    """Keep one of a factor's sites that share half their width or more, on either strand: only one can be bound.

    What was planted comes first, then the better score.
    """
    chance = (table["kind"] == "chance").to_numpy()
    order = np.lexsort((table["start"].to_numpy(), -table["score"].to_numpy(), chance))
    starts, names = table["start"].tolist(), table["factor"].tolist()
    reach = {factor.name: (factor.width + 1) // 2 for factor in factors()}
    taken: dict[tuple[str, int], int] = {}  # factor, start // reach -> start; no two kept sites share one
    kept = []
    for i in order.tolist():
        name, start = names[i], starts[i]
        cell = start // reach[name]
        if all(abs(start - taken.get((name, near), -1000)) >= reach[name] for near in (cell - 1, cell, cell + 1)):
            taken[name, cell] = start
            kept.append(i)
    return table.loc[np.sort(np.array(kept, dtype=np.int64))].reset_index(drop=True)
