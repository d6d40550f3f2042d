"""A benchmark as a study: tables, figures, the finding; `interpret report` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from motiflens.analyses.benchmark.differences import differences
from motiflens.analyses.benchmark.finding import finding
from motiflens.analyses.benchmark.measures import FAILED, SCORES, TIMED_OUT
from motiflens.analyses.benchmark.oracle_finding import oracle_finding
from motiflens.analyses.benchmark.part import Part
from motiflens.analyses.benchmark.plan import METHODS, ORACLES
from motiflens.analyses.benchmark.summary import Collected, collect, rank_table, summarise
from motiflens.analyses.figures.benchmark_curves import Curve, benchmark_curves
from motiflens.analyses.figures.benchmark_heat_map import benchmark_heat_map
from motiflens.analyses.study import Study, StudyFigure
from motiflens.models.amount import amount
from motiflens.models.types import Json

KIND = "benchmark"
BESIDE = 4  # models whose curves stand beside each other
# Score -> ends of its colours.
HEAT: Mapping[str, tuple[float | None, float | None]] = {
    "auroc": (0.5, 1.0),
    "deletion": (0.0, None),
    "randomised_weights": (0.0, 1.0),
    "rule_context": (0.5, 1.0),
}
_SHORT = {
    "auroc": "auROC, bases in bound sites",
    "deletion": "fall of the logit (mean of the curve)",
    "randomised_weights": "rank correlation with an untrained model's map",
    "rule_context": "P(site counts more where the rule lets it)",
}


def benchmark_study(parts: Sequence[Part], table: pd.DataFrame, made_by: Json) -> Study:
    """Make the study of what parts left.

    Parameters
    ----------
    parts
        Of the benchmark, done or not.
    table
        ``benchmark.tsv``.
    made_by
        Provenance.
    """
    collected = collect(parts)
    summary, apart = summarise(collected), differences(collected)
    trained = summary[~summary["model"].isin(ORACLES)]
    findings = (*finding(trained, apart), oracle_finding(summary)) if len(trained) else (oracle_finding(summary),)
    figures = []
    for score, ends in HEAT.items():
        drawn = _shown(summary, score)
        if len(drawn):
            figures.append(_heat_map(drawn, score, ends, summary))
    figures += _curves(collected)
    return Study(
        kind=KIND,
        title="Which interpretation should one believe?",
        findings=[*filter(None, findings), _failures(table)],
        figures=figures,
        tables={
            "overview": overview(trained, collected),
            KIND: table,
            "summary": summary,
            "ranks": rank_table(collected),
            "differences": apart,
        },
        captions={
            KIND: "One row a score of a method on a trained model, with its 95 % interval over windows.",
            "summary": "Means over seeds; 95 % intervals by bootstrap over trainings and windows.",
            "ranks": "Mean ranks of methods over the windows of each model, and over models (1 is the best); "
            "those within the critical difference of the best one cannot be told from it (Nemenyi, .05).",
            "differences": "auROC, or mean fall of the logit (deletion), of one method less that of another, on "
            "the same windows and trainings, with its 95 % interval; none is corrected for their number.",
            "overview": "Means over trained models that reached a test auROC of .8; seconds are the median for "
            "a window.",
        },
        made_by=made_by,
    )


def overview(summary: pd.DataFrame, collected: Collected) -> pd.DataFrame:
    """Return methods by scores: means over models and factors, and the seconds for a window."""
    plain = summary[(summary["control"] == "") & summary["windows"].isin(["all", "rule"])]
    learned = plain[(plain["score"] == "test_auroc") & (plain["value"] >= 0.8)][["tf", "model"]]
    kept = plain[(plain["resolution"] == "base") & plain["method"].isin(METHODS)].merge(
        learned, on=["tf", "model"]
    )
    if kept.empty:
        return pd.DataFrame(columns=["method"])
    wide = kept.pivot_table(index="method", columns="score", values="value", sort=False)
    wide = wide[[score for score in SCORES if score in wide]]
    seconds: dict[str, list[float]] = {}
    for (_, method), values in collected.seconds.items():
        seconds.setdefault(method, []).extend(values)
    wide["seconds"] = [float(np.median(seconds.get(str(method), [np.nan]))) for method in wide.index]
    return wide.round(4).reset_index()


def _shown(summary: pd.DataFrame, score: str) -> pd.DataFrame:
    rows = summary[
        (summary["control"] == "")
        & (summary["score"] == score)
        & summary["windows"].isin(["all", "rule"])
        & (summary["resolution"] == "base")
        & summary["method"].isin(METHODS)
    ]
    known = rows.dropna(subset=["value"])
    order = {method: number for number, method in enumerate(METHODS)}
    return known.sort_values("method", key=lambda names: names.map(order), kind="stable")


def _heat_map(
    drawn: pd.DataFrame, score: str, ends: tuple[float | None, float | None], summary: pd.DataFrame
) -> StudyFigure:
    reverse = SCORES[score][0] < 0
    figure = benchmark_heat_map(drawn, label=_SHORT[score], low=ends[0], high=ends[1], reverse=reverse)
    seeds, windows = int(drawn["seeds"].max()), int(drawn["n"].max())
    better = "The lower the better." if reverse else "The higher the better."
    words = SCORES[score][2]
    caption = f"{words[0].upper()}{words[1:]}. Means of {amount(seeds, 'seed')}, {windows} windows. {better}"
    if score == "auroc":
        caption += f" Chance is .5. Models that hardly learned ({_weak(summary)}) have no map worth reading."
    return StudyFigure(f"heat_{score}", figure, caption)


def _weak(summary: pd.DataFrame) -> str:
    rows = summary[(summary["score"] == "test_auroc") & (summary["control"] == "") & (summary["value"] < 0.8)]
    names = [f"{row.model} of {row.tf}" for row in rows.itertuples(index=False)]
    return ", ".join(names) or "none here"


def _curves(collected: Collected) -> list[StudyFigure]:
    figures = []
    for tf in dict.fromkeys(key[0] for key in collected.curves):
        curves: dict[str, dict[str, Curve]] = {}
        for (factor, model, method), records in collected.curves.items():
            if factor != tf or len({len(record["steps"]) for record in records}) != 1:
                continue
            steps = np.array(records[0]["steps"], dtype=np.int64)
            means = [np.mean([record[kind] for record in records], axis=0) for kind in ("deletion", "insertion")]
            curves.setdefault(model, {})[method] = Curve(steps, *means)
        caption = (
            f"Bases of bound windows of {tf}, the most important ones first, replaced by those of "
            "dinucleotide-shuffled copies (above), and put into these copies (below). The change in logit is "
            "over the mean change from a window to its copies; dashed: maps that know no model."
        )
        for number, first in enumerate(range(0, len(curves), BESIDE), start=1):
            shown = dict(list(curves.items())[first : first + BESIDE])
            methods = [method for method in METHODS if any(method in each for each in shown.values())]
            name = f"curves_{tf}" + (f"_{number}" if number > 1 else "")
            figures.append(StudyFigure(name, benchmark_curves(shown, methods), caption))
    return figures


def _failures(table: pd.DataFrame) -> str:
    rows = table[table["score"].isin([FAILED, TIMED_OUT])]
    if not len(rows):
        return "No part failed or took too long."
    kinds = rows["score"].value_counts()
    return (
        f"{amount(int(kinds.get(FAILED, 0)), 'part')} failed or did not apply (attention of a model without "
        f"it, for one) and {kinds.get(TIMED_OUT, 0)} took too long: they are rows of benchmark.tsv, "
        "with the reason."
    )
