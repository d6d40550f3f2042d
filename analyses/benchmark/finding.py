"""The finding in two paragraphs, written from the numbers by rules: which map finds sites, what else it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pandas as pd

from motiflens.analyses.benchmark.intervals import Interval
from motiflens.analyses.benchmark.part import MODEL
from motiflens.analyses.benchmark.plan import ATTENTION, BASELINES
from motiflens.analyses.benchmark.scores_of import models_of, scores_of
from motiflens.models.data.text import listed

LEARNED: Final = 0.8  # test auROC below which a model has learned too little to be explained
LIKE: Final = 0.5  # rank correlation from which two maps count as alike, as `interpret sanity` has it
SEES: Final = 0.75  # half of the way from chance to a map that always sees the rule
RANDOM: Final = "random"
_CAVEAT: Final = (
    "(A best map is chosen and compared on the same windows, and no 95 % interval is corrected for their number.)"
)


def finding(summary: pd.DataFrame, differences: pd.DataFrame) -> tuple[str, str]:
    """Say what a benchmark found.

    Of two methods one is called clearly ahead only if the 95 % interval of their difference, over the same windows
    and trainings, excludes 0. Whatever cannot be told is said to be that, not to be equal or absent.

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
        whether it beats the factor's own matrix, and where attention stands, at its own resolution too. Second, of
        maps that find sites better than chance: how many are faithful to the model (the logit falls more than when
        bases at random are replaced), survive when weights are randomised, and see the rule between two sites, of
        models that obey it.
    """
    plain = summary[summary["control"] == ""]
    return _localisation(plain, differences), _belief(plain, differences)


def _localisation(table: pd.DataFrame, differences: pd.DataFrame) -> str:
    sentences = []
    learned, all_of = _learned(table)
    if all_of:
        sentences.append(f"{len(learned)} of {len(all_of)} models reached a test auROC of {LEARNED:g}.")
        if not learned:
            return f"{sentences[0]} Nothing can be said of maps of models that have learned so little."
    wins: dict[str, int] = {}
    clear, alone, compared, beat, short, total = 0, 0, 0, 0, 0, 0
    for pair in learned or models_of(table):
        auroc = scores_of(table, pair, "auroc")
        maps = {method: interval for method, interval in auroc.items() if method not in BASELINES}
        if not maps:
            continue
        total += 1
        first = [method for method in maps if maps[method].value == max(m.value for m in maps.values())]
        for method in first:
            wins[method] = wins.get(method, 0) + 1
        best, others = first[0], [method for method in maps if method != first[0]]
        alone += int(not others)
        clear += int(bool(others) and all(_ahead(differences, pair, best, other) > 0 for other in others))
        compared += int("pwm" in auroc)
        beat += int(_ahead(differences, pair, best, "pwm") > 0)
        short += int(_ahead(differences, pair, best, "pwm") < 0)
    if not total:
        return " ".join([*sentences, "No method that reads a model has a localisation score."])
    named = listed([f"{method} ({count})" for method, count in sorted(wins.items(), key=lambda w: -w[1])], 6)
    tied = " (ties count for each)" if sum(wins.values()) > total else ""
    sentences.append(
        f"The map with the highest auROC for bound sites is, of {total} models, {named}{tied}"
        + _clearly(clear, total - alone)
    )
    if compared:
        sentences.append(
            "It clearly finds sites better than the factor's own JASPAR matrix, which knows no model, on "
            f"{beat} of {compared}, and clearly worse on {short}."
        )
    sentences += _attention(table, differences, learned or models_of(table))
    return " ".join([*sentences, _CAVEAT])


def _clearly(clear: int, compared: int) -> str:
    """Say on how many of the models with several methods the best one stands out."""
    if not compared:
        return "; no model has a second one to compare it with."
    rest = "; on the rest at least one other cannot be told from it" if clear < compared else ""
    return f"; on {clear} of {compared} it is clearly ahead of every other method{rest}."


def _attention(table: pd.DataFrame, differences: pd.DataFrame, pairs: list[tuple[str, str]]) -> list[str]:
    """Where attention stands against the best attribution, by bases and at its own resolution."""
    sentences = []
    for resolution, words in (("base", "by bases"), ("attention", "at attention's own resolution")):
        behind, ahead, chance, total = 0, 0, 0, 0
        for pair in pairs:
            auroc = scores_of(table, pair, "auroc", resolution=resolution)
            own = [method for method in auroc if method in ATTENTION]
            other = [method for method in auroc if method not in (*ATTENTION, *BASELINES)]
            if not own or not other:
                continue
            total += 1
            attended, best = (max(group, key=lambda method: auroc[method].value) for group in (own, other))
            side = _ahead(differences, pair, attended, best, resolution)
            behind, ahead = behind + int(side < 0), ahead + int(side > 0)
            chance += int(not auroc[attended].low > 0.5)  # an unknown limit too
        if total:
            sentences.append(
                f"{words[0].upper()}{words[1:]} attention is clearly behind the best attribution on {behind} of "
                f"{total} models with attention, clearly ahead on {ahead}, and not clearly better than "
                f"chance on {chance}."
            )
    return sentences


def _belief(table: pd.DataFrame, differences: pd.DataFrame) -> str:
    learned, all_of = _learned(table)
    pairs = learned or ([] if all_of else models_of(table))
    localised = [(pair, method) for pair in pairs for method in _localising(table, pair)]
    if not localised:
        return (
            "No map of a model finds sites better than chance: of none could it be asked whether it is faithful."
        )
    sentences = _faithful(table, differences, localised)
    alive = _count(table, localised, "randomised_weights", lambda interval: interval.value >= LIKE)
    if alive[1]:
        which = _named(alive[2])
        sentences.append(
            f"{alive[0]} of {alive[1]} hardly change when all weights are drawn anew (rank correlation of "
            f"{LIKE:g} or more){which}"
            + (": such a map is about the sequence, not about the model." if alive[0] else ".")
        )
    again = _count(table, localised, "retrained_seeds", lambda interval: interval.value >= LIKE)
    if again[1]:
        sentences.append(f"{again[0]} of {again[1]} come out alike when the model is trained from another start.")
    return " ".join([*sentences, *_logic(table, localised)])


def _faithful(
    table: pd.DataFrame, differences: pd.DataFrame, localised: list[tuple[tuple[str, str], str]]
) -> list[str]:
    """How many maps take the logit down by more than random bases do: any bases take it down."""
    known = [(pair, m) for pair, m in localised if {m, RANDOM} <= set(scores_of(table, pair, "deletion"))]
    if not known:
        return []
    count = sum(_ahead(differences, pair, method, RANDOM, score="deletion") > 0 for pair, method in known)
    return [
        f"Of {len(known)} maps (model × method) that find sites better than chance, {count} are faithful: the "
        "logit falls more when their first bases are replaced than when as many random ones are."
    ]


def _logic(table: pd.DataFrame, localised: list[tuple[tuple[str, str], str]]) -> list[str]:
    """How many maps see the rule, of models that clearly obey it: of another a faithful map cannot show it."""
    measured = {
        pair: scores_of(table, pair, "rule_context").get(MODEL)
        for pair in dict.fromkeys(pair for pair, _ in localised)
    }
    models = {pair: interval for pair, interval in measured.items() if interval is not None}
    obey = [pair for pair, interval in models.items() if interval.low > 0.5]
    sentences = []
    if models:
        sentences.append(
            f"Where sites have a rule, {len(obey)} of {len(models)} models clearly count a site more where it "
            "lets them (as its bases are shuffled); where a model does not, no faithful map shows the rule."
        )
    asked = [(pair, method) for pair, method in localised if pair in obey or pair not in models]
    sees = _count(table, asked, "rule_context", lambda interval: interval.low > 0.5)
    blind = _count(table, asked, "rule_context", lambda interval: interval.low <= 0.5 and interval.high < SEES)
    if sees[1]:
        sentences.append(
            f"Of {sees[1]} maps {'of these' if models else 'of sites with a rule'}, {sees[0]} clearly give a site "
            f"more where its rule lets it count more, {blind[0]} clearly do not (they find the motif, and are "
            "less than half of the way from chance to a map that always sees the rule), and of "
            f"{sees[1] - sees[0] - blind[0]} it cannot be told."
        )
    return sentences


def _named(methods: list[str]) -> str:
    return f" ({listed(sorted(set(methods)), 6)})" if methods else ""


def _learned(table: pd.DataFrame) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the models that have learned enough, and all that were measured."""
    rows = table[table["score"] == "test_auroc"]
    every = models_of(rows)
    return models_of(rows[rows["value"] >= LEARNED]), every


def _ahead(
    differences: pd.DataFrame,
    pair: tuple[str, str],
    first: str,
    second: str,
    resolution: str = "base",
    *,
    score: str = "auroc",
) -> int:
    """Return 1 where the first method is clearly ahead of the second, -1 where clearly behind, else 0."""
    here = differences[
        (differences["tf"] == pair[0])
        & (differences["model"] == pair[1])
        & (differences["score"] == score)
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
    auroc = scores_of(table, pair, "auroc")
    return [method for method, interval in auroc.items() if interval.low > 0.5 and method not in BASELINES]


def _count(
    table: pd.DataFrame,
    maps: list[tuple[tuple[str, str], str]],
    score: str,
    holds: Callable[[Interval], bool],
) -> tuple[int, int, list[str]]:
    """Return of how many maps something holds, how many have the score, and the methods of the former."""
    known = [(method, scores_of(table, pair, score).get(method)) for pair, method in maps]
    measured = [(method, interval) for method, interval in known if interval is not None]
    methods = [method for method, interval in measured if holds(interval)]
    return len(methods), len(measured), methods
