"""Accessibility of the windows that only one of two models gets right (000, Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from motiflens.analyses.figures.dnase_violins import dnase_violins
from motiflens.analyses.statistics import expanded_tail, genome_blocks
from motiflens.analyses.study import Study, StudyFigure, number, p_words
from motiflens.analyses.targets import OpenedRun, Target, made_by, probabilities, targets
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, counted, silent
from motiflens.models.types import Booleans, Doubles, Integers

GROUPS = {
    "found by A alone": (1, True, False),
    "found by B alone": (1, False, True),
    "found by both": (1, True, True),
    "found by neither": (1, False, False),
    "unbound, wrong in A alone": (0, True, False),
    "unbound, wrong in B alone": (0, False, True),
    "unbound, right in both": (0, False, False),
}
CONTRASTS = (
    ("found by A alone", "found by B alone"),
    ("found by A alone", "found by both"),
    ("found by B alone", "found by both"),
    ("unbound, wrong in A alone", "unbound, wrong in B alone"),
)


@dataclass(frozen=True)
class DnaseOptions:
    """How windows are called.

    Attributes
    ----------
    threshold
        Probability above which a window is called bound. None: of each run as many windows as are bound, so that
        two runs that are calibrated differently call equally many.
    bootstrap, seed
        Draws of the intervals; of every random choice.
    """

    threshold: float | None = 0.5
    bootstrap: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)


def dnase_study(
    runs: Sequence[OpenedRun], options: DnaseOptions | None = None, progress: Progress = silent
) -> Study:
    """Compare accessibility between windows that both of two runs, or one alone, get right.

    Parameters
    ----------
    runs
        A and B, of the same windows.
    options
        See `DnaseOptions`.
    progress
        Told of the targets done.

    Raises
    ------
    ValueError
        If the runs are not two, have other windows or no common target, or the data no accessibility.
    """
    how = options or DnaseOptions()
    first, second = _pair(runs)
    parts, contrasts = [], []
    for a, b in counted(_common(first, second), progress, "comparing", unit="targets"):
        table = dnase_groups(first, second, (a, b), how)
        named = {"target": a.name}
        parts.append(table.assign(**named)[[*named, *table]])
        contrasts.append(_contrasts(table, first, how).assign(**named))
    windows = pd.concat(parts, ignore_index=True)
    effects = pd.concat(contrasts, ignore_index=True)
    effects = effects[["target", *[name for name in effects if name != "target"]]]
    counts = (
        windows.groupby(["target", "group"], sort=False)["dnase"].agg(["size", "median", "mean"]).reset_index()
    )
    counts = counts.rename(columns={"size": "windows"})
    names = f"A: {first.name}, B: {second.name}"
    return Study(
        kind="dnase",
        title="Accessibility of what only one model finds",
        findings=_findings(names, effects),
        figures=[_figure(windows, effects, names, how)],
        tables={"groups": counts, "effects": effects, "windows": windows},
        captions={
            "groups": f"Windows by how both models call them, and their mean DNase ({names}).",
            "effects": "Cliff's delta (share of pairs in which the first group's window is more open, minus the "
            "share in which it is less) and difference of medians, with 95 % over blocks; Mann-Whitney's p takes "
            "windows as independent.",
            "windows": "One row a window: mean DNase over its bases, in the track's own unit.",
        },
        made_by=made_by(runs, asdict(how)),
    )


def dnase_groups(
    first: OpenedRun, second: OpenedRun, pair: tuple[Target, Target], options: DnaseOptions
) -> pd.DataFrame:
    """Call the windows of a target by both runs.

    Returns
    -------
    DataFrame
        ``row`` (in the split), ``label``, ``group`` (of `GROUPS`), ``dnase``: mean over the window's bases.
    """
    a, b = pair
    if a.dnase is None:
        raise ValueError(
            f"{first.dataset.source} has no accessibility for {a.name}: name the bigWig as accessibility of the "
            "cell type in dataset.toml"
        )
    labels = first.windows.labels[a.rows, a.column]
    rows = a.rows[~np.isnan(labels)]
    labels = labels[~np.isnan(labels)]
    called = [
        _called(probabilities(run, rows)[:, target.output], labels, options.threshold)
        for run, target in ((first, a), (second, b))
    ]
    group = np.full(len(rows), "", dtype=object)
    for name, (label, by_a, by_b) in GROUPS.items():
        group[(labels == label) & (called[0] == by_a) & (called[1] == by_b)] = name
    group[(labels == 0) & called[0] & called[1]] = "unbound, wrong in both"
    coverage = np.concatenate(
        [
            first.windows.track(a.dnase, part).mean(axis=1)
            for part in np.array_split(rows, max(1, len(rows) // 2048))
        ]
    )
    return pd.DataFrame({"row": rows, "label": labels.astype(int), "group": group, "dnase": coverage})


def cliffs_delta(a: Doubles, b: Doubles) -> float:
    """Return P(a > b) - P(a < b) over all pairs; NaN without any.

    Examples
    --------
    >>> cliffs_delta(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.75
    """
    if not len(a) or not len(b):
        return float("nan")
    ordered = np.sort(b)
    above = np.searchsorted(ordered, a, side="left")
    below = len(b) - np.searchsorted(ordered, a, side="right")
    return float((above - below).sum() / (len(a) * len(b)))


def _contrasts(table: pd.DataFrame, opened: OpenedRun, how: DnaseOptions) -> pd.DataFrame:
    from scipy.stats import mannwhitneyu

    blocks = genome_blocks(opened.windows.table.iloc[table["row"].to_numpy()], opened.windows.length).number
    rows = []
    for one, other in CONTRASTS:
        a, b = (table["group"] == name for name in (one, other))
        x, y = table.loc[a, "dnase"].to_numpy(), table.loc[b, "dnase"].to_numpy()
        row: dict[str, object] = {"first": one, "second": other, "first_windows": len(x), "second_windows": len(y)}
        low, high = _interval(table["dnase"].to_numpy(), a.to_numpy(), b.to_numpy(), blocks, how)
        row |= {"delta": cliffs_delta(x, y), "low": low, "high": high}
        row["median_difference"] = float(np.median(x) - np.median(y)) if len(x) and len(y) else np.nan
        row["mann_whitney_p"] = float(mannwhitneyu(x, y).pvalue) if len(x) and len(y) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(
    values: Doubles, a: Booleans, b: Booleans, blocks: Integers, how: DnaseOptions
) -> tuple[float, float]:
    """95 % of Cliff's delta over blocks of windows that hold either group."""
    numbers = np.unique(blocks[a | b])
    if len(numbers) < 3 or not a.any() or not b.any():
        return float("nan"), float("nan")
    of_a = [values[a & (blocks == block)] for block in numbers]
    of_b = [values[b & (blocks == block)] for block in numbers]
    rng = np.random.default_rng([how.seed, 9])
    drawn = []
    for _ in range(how.bootstrap):
        chosen = rng.integers(0, len(numbers), len(numbers))
        drawn.append(
            cliffs_delta(np.concatenate([of_a[i] for i in chosen]), np.concatenate([of_b[i] for i in chosen]))
        )
    known = np.array(drawn)[np.isfinite(drawn)]
    tail = expanded_tail(len(numbers))
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def _called(scores: Doubles, labels: Doubles, threshold: float | None) -> Booleans:
    if threshold is not None:
        return np.asarray(scores > threshold)
    called = np.zeros(len(scores), dtype=bool)
    called[np.argsort(-scores, kind="stable")[: int((labels == 1).sum())]] = True
    return called


def _pair(runs: Sequence[OpenedRun]) -> tuple[OpenedRun, OpenedRun]:
    if len(runs) != 2:
        raise ValueError(f"give two runs, A and B, not {len(runs)}")
    first, second = runs
    if first.run.weights_hash == second.run.weights_hash:
        raise ValueError(
            f"{first.run.path} and {second.run.path} are one model (equal weights), which finds nothing alone: "
            "give two different runs"
        )
    same = len(first.windows) == len(second.windows) and first.windows.table[
        [name for name in ("name", "cell_type") if name in first.windows.table]
    ].equals(second.windows.table[[name for name in ("name", "cell_type") if name in second.windows.table]])
    if not same:
        raise ValueError(
            f"{first.run.path} ({len(first.windows):,} windows) and {second.run.path} ({len(second.windows):,}) "
            "are of different windows: give two runs of one TF and the same data"
        )
    return first, second


def _common(first: OpenedRun, second: OpenedRun) -> list[tuple[Target, Target]]:
    others = {target.name: target for target in targets(second)}
    shared = [(target, others[target.name]) for target in targets(first) if target.name in others]
    if not shared:
        raise ValueError(f"{first.run.path} and {second.run.path} have no TF and cell type in common")
    return shared


def _figure(windows: pd.DataFrame, effects: pd.DataFrame, names: str, how: DnaseOptions) -> StudyFigure:
    sizes = windows["group"].value_counts()
    n = ", ".join(f"{int(sizes.get(name, 0)):,} {name}" for name in GROUPS)
    tests = "; ".join(
        f"{row['target']}: {row['first']} against {row['second']}, Cliff's delta {number(row['delta'])} "
        f"({number(row['low'])} to {number(row['high'])})"
        for _, row in effects.iterrows()
        if row["first_windows"] and row["second_windows"]
    )
    threshold = "as many windows as are bound" if how.threshold is None else f"p > {how.threshold:g}"
    return StudyFigure(
        "dnase",
        dnase_violins(windows),
        f"Mean DNase of windows by how two models call them ({names}; called bound: {threshold}). n: {n}. "
        f"{tests}; 95 % over blocks of windows. The groups are what is left after two decisions: they are small, "
        "and a model that calls more windows has more of its own in both rows.",
    )


def _findings(names: str, effects: pd.DataFrame) -> list[str]:
    lines = [f"{names}."]
    for _, row in effects.iterrows():
        if not row["first_windows"] or not row["second_windows"]:
            empty = row["first"] if not row["first_windows"] else row["second"]
            lines.append(f"{row['target']}: {row['first']} against {row['second']}: no window is {empty}.")
            continue
        lines.append(
            f"{row['target']}: {row['first']} ({int(row['first_windows'])}) against {row['second']} "
            f"({int(row['second_windows'])}): Cliff's delta of DNase {number(row['delta'])} ({number(row['low'])} "
            f"to {number(row['high'])}), Mann-Whitney {p_words(row['mann_whitney_p'])}."
        )
    return lines
