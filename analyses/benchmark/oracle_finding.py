"""What maps of models that hold the truth say: whether a method can see what a model is known to know."""

from __future__ import annotations

import pandas as pd

from motiflens.analyses.benchmark.intervals import Interval
from motiflens.analyses.benchmark.part import MODEL
from motiflens.analyses.benchmark.plan import ADDITIVE, BASELINES, ORACLE
from motiflens.analyses.benchmark.scores_of import models_of, scores_of
from motiflens.models.data.text import listed


def oracle_finding(summary: pd.DataFrame) -> str:
    """Say in a paragraph what methods show of the oracles; nothing if there are none.

    Parameters
    ----------
    summary
        See `summary.summarise`.
    """
    plain = summary[summary["control"] == ""]
    pairs = models_of(plain)
    sentences = _sites(plain, [pair for pair in pairs if pair[1] == ORACLE])
    for name, words in (
        (ORACLE, "the oracle, which holds the rule"),
        (ADDITIVE, "the oracle without it, which adds both motifs up"),
    ):
        for pair in pairs:
            if pair[1] == name:
                sentences += _rule(plain, pair, words)
    return " ".join(sentences)


def _sites(table: pd.DataFrame, pairs: list[tuple[str, str]]) -> list[str]:
    best, seen, total = [], 0, 0
    for pair in pairs:
        maps = _of_maps(table, pair, "auroc")
        if maps:
            first = max(maps, key=lambda method: maps[method].value)
            best.append(f"{maps[first].value:.2f} ({pair[0]}, {first})")
        seen += sum(interval.low > 0.5 for interval in maps.values())
        total += len(maps)
    if not total:
        return []
    return [
        "Oracles are not trained: they are made of the truth, and a method that shows what a model knows shows it "
        f"there. Of {total} maps of oracles, {seen} find bound sites better than chance; the highest auROC is "
        f"{listed(best)}."
    ]


def _rule(table: pd.DataFrame, pair: tuple[str, str], words: str) -> list[str]:
    maps = _of_maps(table, pair, "rule_context")
    sentences = []
    if maps:
        sees = [method for method, interval in maps.items() if interval.low > 0.5]
        named = f" ({listed(sees)})" if 0 < len(sees) < len(maps) else ""
        sentences.append(
            f"Of {len(maps)} maps of {words}, {len(sees)} clearly give a site more where its rule lets it "
            f"count more{named}."
        )
    called = scores_of(table, pair, "pair_recall")
    if called:
        number = sum(interval.value > 0 for interval in called.values())
        sentences.append(f"{number} of {len(called)} ways to pairs of motifs find the planted pair in it.")
    return sentences


def _of_maps(table: pd.DataFrame, pair: tuple[str, str], score: str) -> dict[str, Interval]:
    """Return a score of the methods that read the model."""
    known = scores_of(table, pair, score)
    return {method: interval for method, interval in known.items() if method not in (*BASELINES, MODEL)}
