"""Pairs of motifs that were called, against those that were planted."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

FDR = 0.1


class PairRecovery(NamedTuple):
    """What calls are worth."""

    precision: float  # share of called pairs that were planted; NaN where none is called
    recall: float  # share of planted pairs that are called
    called: int


def pair_recovery(table: pd.DataFrame, planted: Collection[frozenset[str]], *, fdr: float = FDR) -> PairRecovery:
    """Compare tested pairs with the truth.

    Pairs of one motif with itself are neither true nor false: two sites of a factor stand in for each other, which
    no simulation plants and every one brings about.

    Parameters
    ----------
    table
        ``first``, ``second`` (motifs that are the same factor's under one name, so that no pair counts twice) and
        ``q``, as `interactions` gives them.
    planted
        The true pairs; at least one.
    fdr
        q up to which a pair is called.

    Examples
    --------
    >>> table = pd.DataFrame({"first": ["A", "A"], "second": ["B", "C"], "q": [0.01, 0.05]})
    >>> pair_recovery(table, [frozenset("AB")])
    PairRecovery(precision=0.5, recall=1.0, called=2)
    """
    if not planted:
        raise ValueError("no pair was planted: there is nothing to recover")
    rows = table[table["q"] <= fdr]
    called = {frozenset(pair) for pair in zip(rows["first"], rows["second"], strict=True) if pair[0] != pair[1]}
    true = called & set(planted)
    precision = len(true) / len(called) if called else float("nan")
    return PairRecovery(precision, len(true) / len(set(planted)), len(called))
