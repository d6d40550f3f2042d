"""What is known of a simulated data set: its sites, its decoys, and the rule between two of its factors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.data.simulate.grammar import DEFAULT, Grammar, grammar_named
from motiflens.models.data.simulate.read_sites import read_sites
from motiflens.models.data.simulate.rule_table import rule_table
from motiflens.models.types import Booleans

HARD = ("half", "shuffled", "closed", "wrong_context")


@dataclass(frozen=True)
class Truth:
    """The truth beside a data set.

    Attributes
    ----------
    sites
        See `read_sites`.
    decoys
        ``chrom``, ``start``, ``end``, ``tf`` and ``kind`` (of `HARD`): half sites, sites of shuffled matrices,
        sites in closed chromatin, and sites that lack what the rule asks for.
    grammar, rules
        The rule, and `rule_table`.
    factors
        Names of the planted factors.
    """

    sites: pd.DataFrame
    decoys: pd.DataFrame
    grammar: Grammar
    rules: pd.DataFrame
    factors: tuple[str, ...]

    @property
    def rule(self) -> str:
        """The rule's name."""
        return self.grammar.name

    @property
    def cell_types(self) -> tuple[str, ...]:
        """Names of the cell types."""
        columns = [str(name) for name in self.sites]
        return tuple(name.removeprefix("bound_") for name in columns if name.startswith("bound_"))

    def bound(self, tf: str, cell_type: str) -> pd.DataFrame:
        """Return the sites of a factor that are bound in a cell type; of the rule's, the partners too.

        A site of the partner is part of the reason for which the rule's factor binds beside it: a map that marks
        it is right.
        """
        own = self.sites[(self.sites["tf"] == tf) & self.sites[f"bound_{cell_type}"]]
        if tf != PAIR[0] or self.rule == "not":
            return own
        rules = self.rules[self.rules["satisfied"] & self.rules["in_reach"]]
        both = rules.merge(own[["chrom", "start", "strand"]], on=["chrom", "start", "strand"])
        partners = both[["chrom", "partner_start", "partner_end"]]
        named = partners.rename(columns={"partner_start": "start", "partner_end": "end"})
        return pd.concat([own, named], ignore_index=True)


@lru_cache(maxsize=2)
def read_truth(folder: types.Path) -> Truth:
    """Read the truth of a simulated data set, once in a process.

    Raises
    ------
    FileNotFoundError
        If the folder holds no truth.
    """
    sites = read_sites(folder)
    place = Path(folder) / "truth"
    record = json.loads((place / "simulation.json").read_text(encoding="utf-8"))
    rule = str(record.get("grammar", {}).get("name", DEFAULT.name))
    low, high = record.get("pair", {}).get("gap_bp", DEFAULT.distance)
    grammar = grammar_named(rule, (int(low), int(high)))
    rules = rule_table(sites, grammar)
    return Truth(sites, _decoys(place, sites, rules), grammar, rules, tuple(record["factors"]))


def _decoys(place: Path, sites: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    drawn = pd.read_csv(place / "decoys.bed", sep="\t").rename(columns={"#chrom": "chrom"})
    parts = drawn["name"].str.split(":", expand=True).reindex(columns=[0, 1])
    made = drawn[["chrom", "start", "end"]].assign(tf=parts[1], kind=parts[0])
    closed = sites.loc[sites["kind"] == "closed", ["chrom", "start", "end", "tf"]].assign(kind="closed")
    wrong = rules.loc[~rules["satisfied"].astype(bool), ["chrom", "start", "end"]]
    return pd.concat([made, closed, wrong.assign(tf=PAIR[0], kind="wrong_context")], ignore_index=True)


def mask(table: pd.DataFrame, places: pd.DataFrame, length: int) -> Booleans:
    """Return which bases of windows lie in places, (N, L).

    Parameters
    ----------
    table
        Of the windows: ``chrom``, ``start``.
    places
        ``chrom``, ``start``, ``end``, 0-based, half-open.
    length
        Of a window.
    """
    inside = np.zeros((len(table), length), dtype=bool)
    for row, first, last in spans(table, places, length):
        inside[row, first:last] = True
    return inside


def spans(table: pd.DataFrame, places: pd.DataFrame, length: int) -> list[tuple[int, int, int]]:
    """Return row, start and end (in the window, cut at its edges) of each place within each window."""
    by_chrom = {
        chrom: (part["start"].to_numpy(), part["end"].to_numpy())
        for chrom, part in places.groupby("chrom", sort=False)
    }
    stretches: list[tuple[int, int, int]] = []
    for row, (chrom, start) in enumerate(zip(table["chrom"], table["start"], strict=True)):
        if chrom not in by_chrom:
            continue
        starts, ends = (ends_of - start for ends_of in by_chrom[chrom])
        for place in np.flatnonzero((starts < length) & (ends > 0)).tolist():
            stretches.append((row, max(int(starts[place]), 0), min(int(ends[place]), length)))
    return stretches
