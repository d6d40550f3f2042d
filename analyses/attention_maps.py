"""Where attention goes in windows that are predicted bound, predicted unbound, and bound by nothing.

TBiNet's Figure 6 shows the mean attention of windows by prediction. Without windows that nothing binds it cannot
show that the middle may be high in all of them, because windows are centred on peaks or the model
prefers the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from motiflens.analyses.attention_measures import distance_profile, entropy, middle_share
from motiflens.analyses.figures.attention_classes import attention_classes
from motiflens.analyses.figures.attention_pairs import attention_distance, attention_pairs
from motiflens.analyses.figures.attention_tasks import attention_tasks
from motiflens.analyses.statistics import Blocks, block_band, block_interval, genome_blocks
from motiflens.analyses.study import Study, StudyFigure, number
from motiflens.analyses.targets import OpenedRun, Target, made_by, probabilities, targets
from motiflens.interpret.attention import mean_heads
from motiflens.interpret.results import Field
from motiflens.models.amount import amount
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, counted, silent
from motiflens.models.types import Doubles, Floats, Integers

CLASSES = {
    "bound": "predicted bound",
    "unbound": "predicted unbound, bound by some factor",
    "none": "bound by none, predicted unbound",
}
LEAST = 3  # windows of a class


@dataclass(frozen=True)
class AttentionOptions:
    """Which windows to read attention of, and how.

    Attributes
    ----------
    layer
        Which attention; the last one by default.
    threshold
        Probability above which a window is predicted bound.
    maximum
        Windows of each class and target at most, drawn by the seed.
    bootstrap
        Draws of the intervals.
    batch_size, seed
        Windows at a time; of every random choice.
    """

    layer: str | None = None
    threshold: float = 0.5
    maximum: int = 300
    bootstrap: int = 500
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class AttentionClass:
    """Attention in the windows of one class at one target.

    Attributes
    ----------
    run, target, name
        Whose; `name` is of `CLASSES`.
    rows
        (n,) windows.
    profile
        (n, T) one value a position, + strand.
    pairs
        (Q, K) mean attention of queries to keys; None where attention is not pairwise.
    field
        What each position looks at.
    blocks
        Of the windows.
    """

    run: str
    target: str
    name: str
    rows: Integers
    profile: Floats
    pairs: Doubles | None
    field: Field
    blocks: Blocks


def attention_study(
    runs: Sequence[OpenedRun], options: AttentionOptions | None = None, progress: Progress = silent
) -> Study:
    """Show the attention of runs by class, at every target.

    Parameters
    ----------
    runs
        See `targets.open_runs`.
    options
        See `AttentionOptions`.
    progress
        Told of the targets done.

    Raises
    ------
    ValueError
        If a model has no attention, or no class has enough windows.
    """
    how = options or AttentionOptions()
    pairs = [(opened, target) for opened in runs for target in targets(opened)]
    classes: list[AttentionClass] = []
    notes: list[str] = []
    scores = {opened.name: probabilities(opened, np.arange(len(opened.windows))) for opened in runs}
    for opened, target in counted(pairs, progress, "reading attention", unit="targets"):
        parts = attention_classes_of(opened, target, scores[opened.name], how)
        classes += parts
        missing = [CLASSES[name] for name in CLASSES if name not in {part.name for part in parts}]
        if missing:
            notes.append(f"{opened.name}, {target.name}: fewer than {LEAST} windows are {' or '.join(missing)}.")
    if not classes:
        raise ValueError(
            f"no class of windows has {LEAST} windows at threshold {how.threshold}: give more data, or another "
            "split"
        )
    tables = _tables(classes, how)
    figures = [
        figure for place, opened in enumerate(runs) for figure in _figures(opened, classes, place, len(runs), how)
    ]
    return Study(
        kind="attention",
        title="Where attention goes",
        findings=[*_findings(tables["classes"]), *notes[:6]],
        figures=figures,
        tables=tables,
        captions={
            "classes": "Entropy (1: even), effective width (bp that hold the attention), share of it in the "
            "middle third of positions, with 95 % over blocks, by run, target and class.",
            "profiles": "Mean attention at each position, with 95 % over blocks; 1 / positions would be even.",
            "distance": "Mean attention of a query to positions some bp away, against even attention.",
        },
        made_by=made_by(runs, asdict(how)),
    )


def attention_classes_of(
    opened: OpenedRun, target: Target, predicted: Doubles, options: AttentionOptions
) -> list[AttentionClass]:
    """Read attention in the windows of each class that has enough of them.

    Parameters
    ----------
    opened, target
        The run and what is looked at.
    predicted
        (N, outputs) probabilities of all windows.
    options
        See `AttentionOptions`.
    """
    rows = target.rows
    labels = opened.windows.labels[rows]
    called = predicted[rows, target.output] > options.threshold
    somewhere = (labels == 1).any(axis=1)
    nowhere = (labels == 0).all(axis=1)
    chosen = {"bound": called, "unbound": ~called & somewhere, "none": ~called & nowhere}
    classes = []
    for place, (name, which) in enumerate(chosen.items()):
        here = rows[which]
        if len(here) < LEAST:
            continue
        if len(here) > options.maximum:
            rng = np.random.default_rng([options.seed, target.output, place])
            here = np.sort(rng.choice(here, options.maximum, replace=False))
        profile, pairs, field = _read(opened, here, options)
        blocks = genome_blocks(opened.windows.table.iloc[here], opened.windows.length)
        classes.append(AttentionClass(opened.name, target.name, name, here, profile, pairs, field, blocks))
    return classes


def _read(opened: OpenedRun, rows: Integers, how: AttentionOptions) -> tuple[Floats, Doubles | None, Field]:
    profiles, total = [], None
    for first in range(0, len(rows), how.batch_size):
        batch = opened.windows.read(rows[first : first + how.batch_size])
        seen = opened.adapter.attention(batch.x, batch.meta, layer=how.layer, batch_size=how.batch_size)
        profiles.append(seen.profile)
        if seen.kind == "pairwise":
            part = mean_heads(seen.weights).sum(axis=0, dtype=np.float64)
            total = part if total is None else total + part
    return np.concatenate(profiles), None if total is None else total / len(rows), seen.field


def _tables(parts: Sequence[AttentionClass], how: AttentionOptions) -> dict[str, pd.DataFrame]:
    classes, profiles, distances = [], [], []
    for part in parts:
        steps = part.profile.shape[1]
        jump = float(np.diff(part.field.center).mean()) if steps > 1 else float(part.field.width)
        nats = entropy(part.profile)
        row: dict[str, object] = {"run": part.run, "target": part.target, "class": part.name}
        row |= {"windows": len(part.rows), "blocks": part.blocks.count}
        for name, values in (
            ("entropy", nats / np.log(max(steps, 2))),
            ("width", np.exp(nats) * jump),
            ("middle", middle_share(part.profile)),
        ):
            interval = block_interval(values, part.blocks.number, draws=how.bootstrap, seed=how.seed)
            row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
        classes.append(row)
        share = part.profile / part.profile.sum(axis=1, keepdims=True)
        mean, low, high = block_band(share, part.blocks.number, draws=how.bootstrap, seed=how.seed)
        named = {"run": part.run, "target": part.target, "class": part.name}
        band = {"position": np.arange(steps), "bp": part.field.center, "mean": mean, "low": low, "high": high}
        profiles.append(pd.DataFrame(band).assign(**named)[[*named, *band]])
        if part.pairs is not None:
            distances.append(distance_profile(part.pairs, part.field).assign(**named))
    tables = {"classes": pd.DataFrame(classes), "profiles": pd.concat(profiles, ignore_index=True)}
    if distances:
        tables["distance"] = pd.concat(distances, ignore_index=True)
    return tables


def _figures(
    opened: OpenedRun, classes: Sequence[AttentionClass], place: int, runs: int, how: AttentionOptions
) -> list[StudyFigure]:
    own = [part for part in classes if part.run == opened.name]
    if not own:
        return []
    suffix = f"_{place + 1}" if runs > 1 else ""
    names = list(dict.fromkeys(part.target for part in own))
    counts = {name: sum(len(part.rows) for part in own if part.name == name) for name in CLASSES}
    who = f"{opened.name}, {amount(len(names), 'target')}"
    n = ", ".join(f"{count:,} {CLASSES[name]}" for name, count in counts.items())
    nominal = " Fields are nominal: a recurrent layer lies between." if own[0].field.nominal else ""
    figures = [
        StudyFigure(
            f"classes{suffix}",
            attention_classes(own),
            f"{who}: mean attention by class (top; band: 95 % over blocks of windows, which are "
            f"{own[0].blocks.words}) and the windows themselves (rows, ordered by the place of their maximum). n: "
            f"{n}. Grey line: even attention. A middle that is high in every class is a habit of the model or of "
            f"how windows were chosen, not a sign of binding.{nominal}",
        ),
        StudyFigure(
            f"tasks{suffix}",
            attention_tasks(own),
            f"{who}: entropy of attention as a share of the largest (1: even) and its effective width, by target "
            "and class; 95 % over blocks. One model's targets share its attention where it has one for all of "
            "them: then only the windows differ.",
        ),
    ]
    if own[0].pairs is not None:
        figures += [
            StudyFigure(
                f"pairs{suffix}",
                attention_pairs(own),
                f"{who}: mean attention of each query (rows) to each key (columns) by class. n as before. Columns "
                "that are bright for all queries are places, a bright diagonal is distance. Colours span "
                "what there is: read on the scale how far that lies from even attention.",
            ),
            StudyFigure(
                f"distance{suffix}",
                attention_distance(own),
                f"{who}: mean attention to positions some bp away, by class; grey: even attention. Large "
                "distances are known from the window's ends alone.",
            ),
        ]
    else:
        figures.append(
            StudyFigure(
                f"distance{suffix}",
                attention_distance(own),
                f"{who}: mean attention against the distance of a position from the window's middle, by class; "
                "grey: even attention. Both sides are averaged.",
            )
        )
    return figures


def _findings(classes: pd.DataFrame) -> list[str]:
    lines = []
    for run, part in classes.groupby("run", sort=False):
        by = part.groupby("class")[["middle", "width"]].mean().astype(np.float64).to_dict("index")
        words = "; ".join(
            f"{CLASSES[name]} {number(by[name]['middle'])} in the middle third, {by[name]['width']:.0f} bp wide"
            for name in CLASSES
            if name in by
        )
        lines.append(f"{run}: {words} (even attention: about 0.33).")
    return lines
