"""How much of a model's accuracy each input is worth: the drop of auPRC when the input is taken away.

Attributions hold expression and annotation fixed and so never explain them. Here every input is spoilt in turn, as
DeepGRN's two papers do: set to zero (000, Fig. 4), permuted between bins, or, of the vector of features that are
no sequence, permuted within each bin (000 and 001, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.figures.importance_bars import importance_bars
from motiflens.analyses.figures.importance_kinds import importance_kinds
from motiflens.analyses.statistics import Blocks, expanded_tail, genome_blocks, paired_tests
from motiflens.analyses.study import Study, StudyFigure, number, p_words
from motiflens.analyses.targets import OpenedRun, Target, made_by, targets
from motiflens.models.amount import amount
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.windows import Batch, Windows
from motiflens.models.metrics import auprc, curve
from motiflens.models.option_ranges import check_numbers
from motiflens.models.precision import full_precision, like
from motiflens.models.progress import Progress, counted, silent
from motiflens.models.strands import both_strands, strand_merge
from motiflens.models.types import Doubles, Floats, Integers

Way = Literal["zero", "between", "within"]
WAYS = {
    "zero": "set to zero",
    "between": "permuted between bins",
    "within": "vector permuted within each bin",
}


@dataclass(frozen=True)
class ImportanceOptions:
    """How inputs are spoilt and what is measured.

    Attributes
    ----------
    maximum
        Windows of each target at most: all bound ones first, others drawn by the seed.
    repeats
        Permutations of each input.
    bootstrap
        Draws of the intervals.
    single_features
        Spoil each feature that is no sequence by itself too, not their groups alone.
    batch_size, seed
        Windows at a time; of every random choice.
    """

    maximum: int = 1000
    repeats: int = 3
    bootstrap: int = 200
    single_features: bool = True
    batch_size: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)


class Input(NamedTuple):
    """Something that a model reads: channels of x, or columns of meta."""

    name: str
    group: str  # sequence, signal, feature, or features (several at once)
    channels: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """How it can be spoilt: a vector within each bin too."""
        return ("zero", "between", "within") if len(self.columns) > 1 else ("zero", "between")


class Spoilt(NamedTuple):
    """An input spoilt in one way: the scores of one or several repeats, (repeats, N) logits."""

    input: Input
    way: Way
    scores: Floats


def importance_study(
    runs: Sequence[OpenedRun], options: ImportanceOptions | None = None, progress: Progress = silent
) -> Study:
    """Measure what every input of runs is worth, at every target.

    Parameters
    ----------
    runs
        See `targets.open_runs`. Where they are of two or more kinds (architecture and attention), the kinds are
        compared too.
    options
        See `ImportanceOptions`.
    progress
        Told of the inputs done.

    Raises
    ------
    ValueError
        If no target has bound and unbound windows in three places.
    """
    how = options or ImportanceOptions()
    parts, notes = [], []
    pairs = [(opened, target) for opened in runs for target in targets(opened)]
    blocks_words = ""
    for opened, target in counted(pairs, progress, "spoiling inputs", unit="targets"):
        try:
            table, blocks = importance(opened, target, how)
        except ValueError as error:
            if "too few" not in str(error):
                raise
            notes.append(f"Left out: {opened.name}, {error}.")
            continue
        blocks_words = blocks.words
        named = {"run": opened.name, "kind": opened.kind, "target": target.name}
        parts.append(table.assign(**named)[[*named, *table]])
    if not parts:
        raise ValueError(notes[0].removeprefix("Left out: ").rstrip("."))
    table = pd.concat(parts, ignore_index=True)
    tables = {"importance": table}
    kinds = compare_kinds(table)
    if len(kinds):
        tables["kinds"] = kinds
    return Study(
        kind="importance",
        title="What each input is worth",
        findings=[*_findings(table, kinds), *notes],
        figures=_figures(table, kinds, blocks_words, how),
        tables=tables,
        captions={
            "importance": "auPRC as it is and with an input spoilt; drop (mean over permutations) with 95 % over "
            "blocks of windows; p two-sided against 0.",
            "kinds": "Drop by kind of model over targets: Wilcoxon's signed-rank and the paired t-test.",
        },
        made_by=made_by(runs, asdict(how)),
    )


def importance(
    opened: OpenedRun, target: Target, options: ImportanceOptions | None = None
) -> tuple[pd.DataFrame, Blocks]:
    """Measure what every input is worth at one target.

    Returns
    -------
    table
        ``input``, ``group``, ``way``, ``auprc`` (as it is), ``spoilt`` (mean over repeats), ``drop``, ``low``,
        ``high`` (95 %: the same blocks of windows drawn for both), ``p`` (two-sided, from the bootstrap),
        ``windows``, ``bound``, ``blocks``.
    blocks
        Of the windows.

    Raises
    ------
    ValueError
        If there are too few bound or unbound windows.
    """
    how = options or ImportanceOptions()
    windows, rows = opened.windows, _rows(opened, target, how)
    labels = windows.labels[rows, target.column]
    blocks = genome_blocks(windows.table.iloc[rows], windows.length)
    places = [len(set(blocks.number[labels == label].tolist())) for label in (0, 1)]
    if min(places) < 3:
        raise ValueError(
            f"{target.name} has {int(labels.sum())} bound and {int((labels == 0).sum())} other windows in "
            f"{places[1]} and {places[0]} places, too few to measure: give more data, or another split"
        )
    batch = windows.read(rows)
    base = _scores(opened, batch, target.output, how)
    before = auprc(curve(labels, base))
    draws = interval_draws(labels, base, blocks.number, how)
    drops = []
    for part in spoil(opened, batch, base, target.output, how):
        after = [auprc(curve(labels, scores)) for scores in part.scores]
        low, high, p = draws.interval(part.scores)
        row = {"input": part.input.name, "group": part.input.group, "way": part.way, "auprc": before}
        row |= {"spoilt": float(np.mean(after)), "drop": before - float(np.mean(after))}
        row |= {"low": low, "high": high, "p": p, "windows": len(rows)}
        drops.append({**row, "bound": int(labels.sum()), "blocks": blocks.count})
    return pd.DataFrame(drops), blocks


def inputs_of(windows: Windows, model: SequenceModel, *, single: bool = True) -> list[Input]:
    """Return what a model reads of windows: the sequence, each signal, groups of features and each of them."""
    inputs = [Input("sequence", "sequence", (0, 1, 2, 3), ())]
    inputs += [Input(name, "signal", (4 + i,), ()) for i, name in enumerate(windows.channels[4:])]
    names = windows.meta_names if model.meta else ()
    if len(names) > 1:
        expression = tuple(i for i, name in enumerate(names) if name.startswith("expression"))
        others = tuple(i for i in range(len(names)) if i not in expression)
        inputs.append(Input("all features", "features", (), tuple(range(len(names)))))
        groups = (("expression", expression), ("annotation", others))
        if expression and others:
            inputs += [Input(name, "features", (), columns) for name, columns in groups if len(columns) > 1]
    if single or len(names) == 1:
        inputs += [Input(name, "feature", (), (i,)) for i, name in enumerate(names)]
    return inputs


def spoil(opened: OpenedRun, batch: Batch, base: Floats, output: int, options: ImportanceOptions) -> list[Spoilt]:
    """Score windows with each input spoilt in each way.

    Parameters
    ----------
    opened
        The run.
    batch
        The windows.
    base
        (N,) their scores as they are: given again where spoiling changes nothing.
    output
        Of the model.
    options
        See `ImportanceOptions`.
    """
    rng = np.random.default_rng([options.seed, 7])
    spoilt = []
    for part in inputs_of(opened.windows, opened.run.model, single=options.single_features):
        for way in part.ways:
            scores = []
            for _ in range(1 if way == "zero" else options.repeats):
                changed = spoilt_batch(batch, part, way, rng)
                same = np.array_equal(changed.x, batch.x) and _equal(changed.meta, batch.meta)
                scores.append(base if same else _scores(opened, changed, output, options))
            spoilt.append(Spoilt(part, way, np.stack(scores)))
    return spoilt


def spoilt_batch(batch: Batch, part: Input, way: Way, rng: np.random.Generator) -> Batch:
    """Return windows with one input set to zero, permuted between them, or within each one's vector."""
    x, meta = batch.x, batch.meta
    order = rng.permutation(len(x))
    if part.channels:
        x = x.copy()
        x[:, part.channels] = 0.0 if way == "zero" else batch.x[order][:, part.channels]
    if part.columns and meta is not None:
        meta = meta.copy()
        columns = list(part.columns)
        if way == "zero":
            meta[:, columns] = 0.0
        elif way == "between":
            meta[:, columns] = meta[order][:, columns]
        else:
            meta[:, columns] = rng.permuted(meta[:, columns], axis=1)
    return Batch(x, batch.y, meta)


def compare_kinds(table: pd.DataFrame) -> pd.DataFrame:
    """Compare each kind of model with the first one: drop of each input and way, paired by target.

    Returns
    -------
    DataFrame
        ``input``, ``way``, ``first``, ``second`` (kinds), mean drops, and `statistics.paired_tests`; empty with
        one kind. Several runs of a kind at one target (seeds) are averaged first.
    """
    kinds = list(dict.fromkeys(table["kind"]))
    rows = []
    for (name, way), part in table.groupby(["input", "way"], sort=False):
        wide = part.pivot_table(index="target", columns="kind", values="drop")
        for other in kinds[1:]:
            if {kinds[0], other} <= set(wide):
                a, b = wide[kinds[0]].to_numpy(), wide[other].to_numpy()
                means = {"first_drop": float(np.nanmean(a)), "second_drop": float(np.nanmean(b))}
                named = {"input": name, "way": way, "first": kinds[0], "second": other}
                rows.append({**named, **means, **paired_tests(a, b)})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Draws:
    """Bootstrap draws of windows, with auPRC as it is in each, and the number of blocks."""

    labels: Floats
    drawn: list[Integers]
    before: Doubles
    blocks: int

    def interval(self, scores: Floats) -> tuple[float, float, float]:
        """95 % and p of the drop: the same windows drawn for scores as they are and spoilt."""
        drops = np.array(
            [
                before - np.mean([auprc(curve(self.labels[rows], repeat[rows])) for repeat in scores])
                for rows, before in zip(self.drawn, self.before, strict=True)
            ]
        )
        drops = drops[np.isfinite(drops)]
        if not len(drops):
            return float("nan"), float("nan"), float("nan")
        tail = expanded_tail(self.blocks)
        low, high = np.quantile(drops, [tail, 1 - tail])
        share = min(float((drops <= 0).mean()), float((drops >= 0).mean()))
        return float(low), float(high), min(1.0, 2 * max(share, 1 / (len(drops) + 1)))


def interval_draws(labels: Floats, base: Floats, blocks: Integers, how: ImportanceOptions) -> Draws:
    """Draw blocks of windows with replacement, and measure what each draw gives as it is.

    Parameters
    ----------
    labels, base
        (N,) bound or not; scores.
    blocks
        (N,) block of each window, from 0.
    how
        ``bootstrap`` and ``seed`` count.
    """
    rng = np.random.default_rng([how.seed, 8])
    count = int(blocks.max()) + 1
    members = [np.flatnonzero(blocks == block) for block in range(count)]
    index = [
        np.concatenate([members[block] for block in rng.integers(0, count, count)]) for _ in range(how.bootstrap)
    ]
    before = np.array([auprc(curve(labels[rows], base[rows])) for rows in index])
    return Draws(labels, index, before, count)


def _rows(opened: OpenedRun, target: Target, how: ImportanceOptions) -> Integers:
    """Windows with a label: all bound ones as far as they are at most half, others drawn."""
    rng = np.random.default_rng([how.seed, target.output])
    bound = target.labelled(opened.windows, 1.0)
    other = target.labelled(opened.windows, 0.0)
    if len(bound) > how.maximum // 2:
        bound = rng.choice(bound, how.maximum // 2, replace=False)
    if len(other) > how.maximum - len(bound):
        other = rng.choice(other, how.maximum - len(bound), replace=False)
    return np.sort(np.concatenate([bound, other]))


def _scores(opened: OpenedRun, batch: Batch, output: int, how: ImportanceOptions) -> Floats:
    """Logits of one output, (N,)."""
    model = full_precision(opened.run.model)
    there = like(model)
    merge = strand_merge(opened.run.config)
    parts = []
    with torch.inference_mode():
        for first in range(0, len(batch.x), how.batch_size):
            x = torch.from_numpy(batch.x[first : first + how.batch_size]).to(there)
            meta = None
            if batch.meta is not None and model.meta:
                meta = torch.from_numpy(batch.meta[first : first + how.batch_size]).to(there)
            logits = both_strands(model, x, meta, merge) if merge else model(x, meta)
            parts.append(logits[:, output].float().cpu().numpy())
    return np.concatenate(parts)


def _equal(a: Floats | None, b: Floats | None) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))


def _figures(table: pd.DataFrame, kinds: pd.DataFrame, words: str, how: ImportanceOptions) -> list[StudyFigure]:
    count = table.drop_duplicates(["run", "target"])
    n = (
        f"{amount(len(count), 'pair')} of run and target, {int(count['windows'].sum()):,} windows, "
        f"{int(count['bound'].sum()):,} bound"
    )
    figures = [
        StudyFigure(
            "importance",
            importance_bars(table),
            f"Drop of auPRC when an input is spoilt: {n}; permutations are means of {how.repeats}. Bars: mean "
            f"over runs and targets; with one of them its 95 % interval (bootstrap over {words}), else a dot "
            "each. Inputs that carry the same information replace one another, so that a small drop does not "
            "mean that an input is useless. A spoilt input is nothing the model was trained on: zero DNase is a "
            "closed genome, permuted bins are chimeras. auPRC depends on the share of bound windows."
            + _constant_words(table),
        )
    ]
    if len(kinds):
        figures.append(
            StudyFigure(
                "kinds",
                importance_kinds(table),
                "Drop of auPRC by kind of model, a line a target. Wilcoxon's signed-rank test: "
                + "; ".join(
                    f"{row['input']} ({row['way']}) {p_words(row['wilcoxon_p'])}, "
                    f"{amount(int(row['pairs']), 'pair')}"
                    for _, row in kinds[kinds["input"].isin(_main_inputs(table))].iterrows()
                )
                + ". With fewer than six targets no difference can be significant.",
            )
        )
    return figures


def _constant_words(table: pd.DataFrame) -> str:
    """Say of expression that exchanging it between windows of one cell type changes nothing."""
    if not table["input"].str.startswith("expression").any():
        return ""
    return (
        " Expression is one vector a cell type: exchanged between its windows it stays what it was, so that only "
        "zero and the order within the vector tell its worth."
    )


def _main_inputs(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table.loc[table["group"] != "feature", "input"]))


def _findings(table: pd.DataFrame, kinds: pd.DataFrame) -> list[str]:
    lines = []
    for run, part in table.groupby("run", sort=False):
        worth = part[part["way"] != "within"].groupby(["input", "way"], sort=False)["drop"].mean()
        best = worth.sort_values(ascending=False).head(4)
        inputs, ways = best.index.get_level_values(0), best.index.get_level_values(1)
        words = ", ".join(
            f"{name} {WAYS[way]} {number(drop, 3)}" for name, way, drop in zip(inputs, ways, best, strict=True)
        )
        lines.append(f"{run}: auPRC {number(part['auprc'].mean(), 3)}; largest drops: {words}.")
    for _, row in kinds.iterrows():
        if row["input"] in ("sequence", "dnase"):
            lines.append(
                f"{row['input']} {WAYS[row['way']]}: {row['first']} {number(row['first_drop'], 3)}, "
                f"{row['second']} {number(row['second_drop'], 3)} ({amount(int(row['pairs']), 'target')}, "
                f"Wilcoxon {p_words(row['wilcoxon_p'])})."
            )
    return lines
