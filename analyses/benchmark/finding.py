"""The finding in two paragraphs, written from the numbers by rules: which map finds sites, what else it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pandas as pd

from motiflens.analyses.benchmark.intervals import Interval
from motiflens.analyses.benchmark.plan import ATTENTION, BASELINES
from motiflens.models.data.text import listed

LEARNED: Final = 0.8  # test auROC below which a model has learned too little to be explained
LIKE: Final = 0.5  # rank correlation from which two maps count as alike, as `interpret sanity` has it


def finding(summary: pd.DataFrame, differences: pd.DataFrame) -> tuple[str, str]:
    """Say what a benchmark found.

    Of two methods one is called clearly ahead only if the 95 % interval of their difference, over the same windows
    and trainings, excludes 0.

    Parameters
    ----------
    summary
        See `summary.summarise`.
    differences
        See `differences.differences`.

    Returns
    -------
    tuple of str
        First paragraph: on how many models (an architecture, a factor) which method finds bound sites best,
        whether it beats the factor's own matrix, and where attention stands, at its own resolution too. Second:
        whether what localises well is faithful to the model, survives when weights are randomised, and sees the
        rule between two sites.
    """
    plain = summary[summary["control"] == ""]
    return _localisation(plain, differences), _belief(plain)


def _localisation(table: pd.DataFrame, differences: pd.DataFrame) -> str:
    sentences = []
    learned, all_of = _learned(table)
    if all_of:
        sentences.append(f"{len(learned)} of {len(all_of)} models reached a test auROC of {LEARNED:g}.")
        if not learned:
            return f"{sentences[0]} Nothing can be said of maps of models that have learned nothing."
    wins: dict[str, int] = {}
    clear, beat, short, total = 0, 0, 0, 0
    for pair in learned or _models(table):
        auroc = _scores(table, pair, "auroc")
        maps = {method: interval for method, interval in auroc.items() if method not in BASELINES}
        if not maps:
            continue
        total += 1
        best = max(maps, key=lambda method: maps[method].value)
        wins[best] = wins.get(best, 0) + 1
        others = [method for method in maps if method != best]
        clear += int(bool(others) and all(_ahead(differences, pair, best, other) > 0 for other in others))
        beat += int(_ahead(differences, pair, best, "pwm") > 0)
        short += int(_ahead(differences, pair, best, "pwm") < 0)
    if not total:
        return " ".join([*sentences, "No method that reads a model has a localisation score."])
    named = listed([f"{method} ({count})" for method, count in sorted(wins.items(), key=lambda w: -w[1])], 6)
    sentences.append(
        f"The map with the highest auROC for bound sites is, of {total} models, {named}; on {clear} of them it is "
        "clearly ahead of every other method, on the rest at least one other cannot be told from it."
    )
    if beat or short or "pwm" in set(table["method"]):
        sentences.append(
            f"It finds sites better than the factor's own JASPAR matrix, which knows no model, on {beat}, and "
            f"worse on {short}."
        )
    sentences += _attention(table, differences, learned or _models(table))
    return " ".join(sentences)


def _attention(table: pd.DataFrame, differences: pd.DataFrame, pairs: list[tuple[str, str]]) -> list[str]:
    """Where attention stands against the best attribution, by bases and at its own resolution."""
    sentences = []
    for resolution, words in (("base", "by bases"), ("attention", "at attention's own resolution")):
        behind, ahead, chance, total = 0, 0, 0, 0
        for pair in pairs:
            auroc = _scores(table, pair, "auroc", resolution=resolution)
            own = [method for method in auroc if method in ATTENTION]
            other = [method for method in auroc if method not in (*ATTENTION, *BASELINES)]
            if not own or not other:
                continue
            total += 1
            attended, best = (max(group, key=lambda method: auroc[method].value) for group in (own, other))
            side = _ahead(differences, pair, attended, best, resolution)
            behind, ahead = behind + int(side < 0), ahead + int(side > 0)
            chance += int(auroc[attended].low <= 0.5)
        if total:
            sentences.append(
                f"{words[0].upper()}{words[1:]} attention is clearly behind the best attribution on {behind} of "
                f"{total} models with attention, clearly ahead on {ahead}, and no better than chance on {chance}."
            )
    return sentences


def _belief(table: pd.DataFrame) -> str:
    learned, all_of = _learned(table)
    pairs = learned or ([] if all_of else _models(table))
    sentences = []
    localised = [(pair, method) for pair in pairs for method in _localising(table, pair)]
    if not localised:
        return (
            "No map of a model finds sites better than chance: of none could it be asked whether it is faithful."
        )
    faithful = _count(table, localised, "deletion", lambda interval: interval.low > 0)
    if faithful[1]:
        sentences.append(
            f"Of {faithful[1]} maps (model × method) that find sites better than chance, {faithful[0]} are "
            "faithful: the logit falls when their first bases are replaced."
        )
    alive = _count(table, localised, "randomised_weights", lambda interval: interval.value >= LIKE)
    if alive[1]:
        which = _named(alive[2])
        sentences.append(
            f"{alive[0]} of {alive[1]} hardly change when all weights are drawn anew (rank correlation of "
            f"{LIKE:g} or more){which}"
            + (
                ": such a map is about the sequence, not about the model."
                if alive[0]
                else ": all are about the model."
            )
        )
    again = _count(table, localised, "retrained_seeds", lambda interval: interval.value >= LIKE)
    if again[1]:
        sentences.append(f"{again[0]} of {again[1]} come out alike when the model is trained from another start.")
    sees = _count(table, localised, "rule_context", lambda interval: interval.low > 0.5)
    if sees[1]:
        blind = sees[1] - sees[0]
        sentences.append(
            f"Of {sees[1]} that also have sites with a rule, {sees[0]} give a site more where its rule is "
            f"satisfied; {blind} find the motif and cannot be told from a map that knows no rule"
            + (": good localisation goes with poor logic there." if blind else ".")
        )
    return " ".join(sentences)


def _named(methods: list[str]) -> str:
    return f" ({listed(sorted(set(methods)), 6)})" if methods else ""


def _models(table: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = table[["tf", "model"]].drop_duplicates()
    return [(str(tf), str(model)) for tf, model in pairs.itertuples(index=False)]


def _learned(table: pd.DataFrame) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the models that have learned enough, and all that were measured."""
    rows = table[table["score"] == "test_auroc"]
    every = _models(rows)
    return _models(rows[rows["value"] >= LEARNED]), every


def _scores(
    table: pd.DataFrame, pair: tuple[str, str], score: str, *, resolution: str = "base"
) -> dict[str, Interval]:
    """Return a score of all methods of a model, in all its windows, by method."""
    rows = table[
        (table["tf"] == pair[0])
        & (table["model"] == pair[1])
        & (table["score"] == score)
        & (table["resolution"] == resolution)
        & table["windows"].isin(["all", "rule"])
    ].dropna(subset=["value"])
    columns = (rows[name].tolist() for name in ("method", "value", "low", "high"))
    return {str(method): Interval(*values) for method, *values in zip(*columns, strict=True)}


def _ahead(
    differences: pd.DataFrame, pair: tuple[str, str], first: str, second: str, resolution: str = "base"
) -> int:
    """Return 1 where the first method is clearly ahead of the second, -1 where clearly behind, else 0."""
    here = differences[
        (differences["tf"] == pair[0])
        & (differences["model"] == pair[1])
        & (differences["resolution"] == resolution)
    ]
    for a, b, sign in ((first, second, 1), (second, first, -1)):
        row = here[(here["first"] == a) & (here["second"] == b)]
        if len(row):
            low, high = float(row["low"].iloc[0]), float(row["high"].iloc[0])
            return sign * (int(low > 0) - int(high < 0))
    return 0


def _localising(table: pd.DataFrame, pair: tuple[str, str]) -> list[str]:
    """Return the methods that read the model and find sites better than chance."""
    auroc = _scores(table, pair, "auroc")
    return [method for method, interval in auroc.items() if interval.low > 0.5 and method not in BASELINES]


def _count(
    table: pd.DataFrame,
    maps: list[tuple[tuple[str, str], str]],
    score: str,
    holds: Callable[[Interval], bool],
) -> tuple[int, int, list[str]]:
    """Return of how many maps something holds, how many have the score, and the methods of the former."""
    known = [(method, _scores(table, pair, score).get(method)) for pair, method in maps]
    measured = [(method, interval) for method, interval in known if interval is not None]
    methods = [method for method, interval in measured if holds(interval)]
    return len(methods), len(measured), methods
