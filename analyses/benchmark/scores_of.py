"""Scores of a model's methods, read from the summary."""

from __future__ import annotations

import pandas as pd

from motiflens.analyses.benchmark.intervals import Interval


def models_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return factor and model of all that a summary has, in its order."""
    pairs = table[["tf", "model"]].drop_duplicates()
    return [(str(tf), str(model)) for tf, model in pairs.itertuples(index=False)]


def scores_of(
    table: pd.DataFrame, pair: tuple[str, str], score: str, *, resolution: str = "base"
) -> dict[str, Interval]:
    """Return a score of all methods of a model, in all its windows, by method.

    Parameters
    ----------
    table
        See `summary.summarise`.
    pair
        Factor and model.
    score
        Of `measures.SCORES`.
    resolution
        ``base`` or ``attention``.
    """
    rows = table[
        (table["tf"] == pair[0])
        & (table["model"] == pair[1])
        & (table["score"] == score)
        & (table["resolution"] == resolution)
        & table["windows"].isin(["all", "rule"])
    ].dropna(subset=["value"])
    columns = (rows[name].tolist() for name in ("method", "value", "low", "high"))
    return {str(method): Interval(*values) for method, *values in zip(*columns, strict=True)}
