"""`interpret chip`: attention and attributions against ChIP-seq fold change, as figures, tables and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from motiflens.analyses.chip.example import chip_example, slid_places
from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.target import TargetChip, chip_target
from motiflens.analyses.figures.chip_distribution import chip_distribution
from motiflens.analyses.figures.chip_lags import chip_lags
from motiflens.analyses.figures.chip_nulls import chip_nulls
from motiflens.analyses.figures.chip_scatter import chip_scatter
from motiflens.analyses.figures.chip_shift import chip_shift
from motiflens.analyses.figures.chip_slid import chip_slid
from motiflens.analyses.figures.chip_tracks import chip_tracks
from motiflens.analyses.statistics import paired_tests
from motiflens.analyses.study import Study, StudyFigure, number, p_words
from motiflens.analyses.targets import OpenedRun, made_by, targets
from motiflens.models.amount import amount
from motiflens.models.progress import Progress, counted, silent

DETAILED = 4  # runs with figures of their own; the others are in the tables and in those of all runs
CAPTIONS = {
    "chip": "Mean correlation over bound windows and what it stands beside (Pearson, mean of both strands, at "
    "the attention's own positions).",
    "correlations": "The same for each strand, per base and at the attention's positions, Pearson and Spearman.",
    "windows": "One row a window: its own correlations.",
    "looks": "Attention against the attribution over targets: Wilcoxon's signed-rank and the paired t-test.",
    "lags": "Correlation with the track moved by some bp.",
    "strands": "Agreement of the two strands, over all positions of all windows.",
    "pooled": "Correlation of z-scores over all positions of all windows.",
    "shift": "By how many bp the attention moves for each bp that the peak moves in the window.",
    "paper": "The papers' own measures; circular ones are marked.",
}


def chip_study(
    runs: Sequence[OpenedRun], options: ChipOptions | None = None, progress: Progress = silent
) -> Study:
    """Compare what runs look at with fold change, at every target.

    Parameters
    ----------
    runs
        See `targets.open_runs`.
    options
        See `ChipOptions`.
    progress
        Told of the targets done.

    Raises
    ------
    ValueError
        If the data have no fold change, a model no attention (where that is asked for), or every target too few
        bound windows.
    """
    how = options or ChipOptions()
    measured, notes = _measure(runs, how, progress)
    tables = _tables(measured)
    figures = _shared_figures(measured, tables, how)
    for place, opened in enumerate(runs[:DETAILED]):
        own = [part for part in measured if part.run == opened.name]
        if own:
            figures += _figures(opened, own, how, f"_{place + 1}" if len(runs) > 1 else "")
    return Study(
        kind="chip",
        title="Attention and attribution against ChIP-seq fold change",
        findings=[*_findings(tables), *notes],
        figures=figures,
        tables=tables,
        captions=CAPTIONS,
        made_by=made_by(runs, asdict(how)),
    )


def _measure(
    runs: Sequence[OpenedRun], how: ChipOptions, progress: Progress
) -> tuple[list[TargetChip], list[str]]:
    pairs = [(opened, target) for opened in runs for target in targets(opened)]
    usable = [(opened, target) for opened, target in pairs if target.fold_change is not None] or pairs[:1]
    measured: list[TargetChip] = []
    notes: list[str] = []
    for opened, target in counted(usable, progress, "comparing with fold change", unit="targets"):
        try:
            measured.append(chip_target(opened, target, how))
        except ValueError as error:
            if "too few" not in str(error):
                raise
            notes.append(f"Left out: {opened.name}, {error}.")
    if not measured:
        raise ValueError(notes[0].removeprefix("Left out: ").rstrip("."))
    return measured, notes


def _tables(measured: Sequence[TargetChip]) -> dict[str, pd.DataFrame]:
    names = ("correlations", "windows", "lags", "strands", "pooled", "shift", "paper")
    tables = {name: pd.concat([getattr(part, name) for part in measured], ignore_index=True) for name in names}
    whole = tables["correlations"]
    main = (whole["strand"] == "mean") & (whole["at"] == "positions") & (whole["statistic"] == "pearson")
    chip = whole[main].drop(columns=["strand", "at", "statistic"]).reset_index(drop=True)
    every = {"chip": chip, "looks": looks_table(chip), **tables}
    return {name: table for name, table in every.items() if len(table)}


def looks_table(chip: pd.DataFrame) -> pd.DataFrame:
    """Compare each look with the first one over runs and targets (000, Fig. 5d).

    Parameters
    ----------
    chip
        ``run``, ``target``, ``look``, ``quantity``, ``mean``.

    Returns
    -------
    DataFrame
        ``quantity`` (observed, excess), ``first``, ``second`` (looks), their means, and
        `statistics.paired_tests`.
    """
    rows = []
    looks = list(dict.fromkeys(chip["look"]))
    for quantity in ("observed", "excess"):
        wide = chip[chip["quantity"] == quantity].pivot_table(
            index=["run", "target"], columns="look", values="mean"
        )
        for other in looks[1:]:
            if {looks[0], other} <= set(wide):
                tests = paired_tests(wide[looks[0]].to_numpy(), wide[other].to_numpy())
                means = {"first_mean": wide[looks[0]].mean(), "second_mean": wide[other].mean()}
                rows.append({"quantity": quantity, "first": looks[0], "second": other, **means, **tests})
    return pd.DataFrame(rows)


def _shared_figures(
    measured: Sequence[TargetChip], tables: dict[str, pd.DataFrame], how: ChipOptions
) -> list[StudyFigure]:
    chip = tables["chip"]
    first = measured[0]
    count = chip.drop_duplicates(["run", "target"])
    what = f"{amount(len(count), 'target')} of {amount(chip['run'].nunique(), 'run')}"
    windows = int(count["windows"].sum())
    blocks = f"95 % intervals: bootstrap over blocks of windows, which are {first.blocks.words}"
    figures = [
        StudyFigure(
            "nulls",
            chip_nulls(chip),
            "Correlation (Pearson, mean over bound windows) with the window's fold change, at the attention's "
            f"own positions: {what}, {windows:,} windows. {blocks}; with several targets a dot is a target and "
            "the bar their mean. The first row alone means little: windows are centred on peaks, so any profile "
            "that is high in the middle correlates. It has to exceed the position mean and other windows; "
            "'excess' is by how much it does so. Of untrained models the line goes from smallest to largest: "
            "they answer to DNase too, up or down as their first weights have it.",
        )
    ]
    looks = tables.get("looks", pd.DataFrame())
    test = "; ".join(
        f"{row['first']} against {row['second']} ({row['quantity']}): Wilcoxon {p_words(row['wilcoxon_p'])}, "
        f"{amount(int(row['pairs']), 'pair')}"
        for _, row in looks.iterrows()
    )
    figures.append(
        StudyFigure(
            "distribution",
            chip_distribution(chip, tables["windows"]),
            f"Correlation with fold change of each look: {what}"
            + (f"; {test}" if test else "")
            + ". With one target the distribution is over its windows, which overlap: read the intervals of the "
            "figure before, not the number of windows. Targets of one model are no independent samples either.",
        )
    )
    return figures


def _figures(opened: OpenedRun, own: Sequence[TargetChip], how: ChipOptions, suffix: str) -> list[StudyFigure]:
    windows = sum(len(part.rows) for part in own)
    who = f"{opened.name}: {windows:,} bound windows of {amount(len(own), 'target')}"
    points = {look: np.concatenate([part.points[look] for part in own]) for look in how.looks}
    figures = [
        StudyFigure(
            f"strands{suffix}",
            chip_scatter(points, what="strands"),
            f"{who}. What the model looks at on the + against the - strand, each point one position of one window "
            "(logarithmic counts); correlations over all points, which are no independent samples. Agreement "
            "says that both strands are treated alike, not that the place is right.",
        ),
        StudyFigure(
            f"pooled{suffix}",
            chip_scatter(points, what="fold_change"),
            f"{who}. z-scores within each window of the profile (mean of both strands) and of fold change, over "
            "all positions. The shared shape of all windows (high in the middle) is in this figure: the same "
            "numbers against the tracks of other windows are in pooled.tsv.",
        ),
        StudyFigure(
            f"lags{suffix}",
            chip_lags(pd.concat([part.lags for part in own], ignore_index=True)),
            f"{who}. Mean correlation with fold change that lies some bp further on: as it is (dashed), and "
            "beyond the tracks of windows elsewhere (line; band: 95 % over blocks, of the first target where "
            "there are several). Fold change is smooth over a fragment's length: a broad peak is expected, its "
            "place counts.",
        ),
    ]
    slid = next((part for part in own if part.slid is not None), None)
    if slid is not None and slid.slid is not None:
        shift = pd.concat([part.shift for part in own], ignore_index=True)
        mass = shift[(shift["measure"] == "mass") & (shift["target"] == slid.target)]
        words = "; ".join(
            f"{row['model']} {number(row['slope'])} ({number(row['low'])} to {number(row['high'])})"
            for _, row in mass.iterrows()
        )
        count = len(slid.slid.rows)
        figures += [
            StudyFigure(
                f"shift{suffix}",
                chip_shift(slid.slid, shift[shift["target"] == slid.target]),
                f"{slid.target} by {opened.name}: {count} windows slid past their fold-change summit. Centre of "
                "mass of the attention above the window's median against the summit's place in the window; slope "
                f"(95 % over blocks of peaks): {words}. 1: attention stays with the peak, 0: with the window. The "
                "summits were chosen by fold change, not by the model; any feature beside the peak moves along "
                "too.",
            ),
            StudyFigure(
                f"slid{suffix}",
                chip_slid(slid_places(opened, slid, how)),
                f"{opened.name}: the highest summit of {slid.target} with the window moved either way (lines), "
                "over fold change (grey), in each cell type of the TF. Drawn for the eye: one place, chosen for "
                "its height. The figure before has all of them.",
            ),
        ]
    if "attention" in how.looks:
        example = chip_example(opened, own[0], how)
        figures.append(
            StudyFigure(
                f"tracks{suffix}",
                chip_tracks(example),
                f"{own[0].target} by {opened.name}, {example.place}: the bound window of the highest fold change. "
                f"{example.words} One window is no evidence.",
            )
        )
    if any(len(part.paper) for part in own):
        figures.append(_paper_figure(opened, own, suffix))
    return figures


def _paper_figure(opened: OpenedRun, own: Sequence[TargetChip], suffix: str) -> StudyFigure:
    from motiflens.analyses.figures.chip_paper import chip_paper

    table = pd.concat([part.paper for part in own if len(part.paper)], ignore_index=True)
    return StudyFigure(
        f"paper{suffix}",
        chip_paper(table),
        f"{opened.name}: the papers' own measures (dots, 95 % over blocks) and the same measure against the "
        "tracks of other windows (crosses). 'Best channel' is CIRCULAR: the channel is chosen by the outcome, "
        "and noise reaches the crosses. The distance between dot and cross counts, not the dot.",
    )


def _range(part: pd.DataFrame, quantity: str) -> str:
    """Mean and smallest to largest of a quantity over targets."""
    rows = part[part["quantity"] == quantity]
    return f"{number(rows['mean'].mean())} ({number(rows['low'].min())} to {number(rows['high'].max())})"


def _findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    chip = tables["chip"]
    lines = []
    for (run, look), part in chip.groupby(["run", "look"], sort=False):
        by = part.groupby("quantity", sort=False)["mean"].mean()
        excess = part[part["quantity"] == "excess"]
        sure = int((excess["low"] > 0).sum())
        lines.append(
            f"{run}, {look}: r = {number(by['observed'])} with fold change over {amount(len(excess), 'target')}, "
            f"{number(by['position_mean'])} by the middle alone; {number(by['excess'])} beyond what windows "
            f"elsewhere give ({sure} of {len(excess)} with an interval above 0)"
            + (f"; untrained {_range(part, 'untrained_excess')}" if "untrained_excess" in by else "")
            + "."
        )
    shift = tables.get("shift")
    if shift is not None:
        mass = (
            shift[shift["measure"] == "mass"].groupby(["run", "model"], sort=False)["slope"].mean().reset_index()
        )
        lines += [
            f"{row['run']}, {row['model']}: attention moves by {number(row['slope'])} bp for each bp that the "
            "peak moves."
            for _, row in mass.iterrows()
        ]
    return lines
