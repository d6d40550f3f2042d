"""Figures of `interpret compare`: panels of metrics, gains, boxes, histograms of differences, bars by size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.figures.defined_rows import defined_rows
from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, LIGHT, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL = ("auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10")
FIVE = ("auroc", "accuracy", "precision", "recall", "f1")
WORDS = {
    "auroc": "auROC",
    "auprc": "auPRC",
    "recall_at_fdr50": "recall at 50 % FDR",
    "recall_at_fdr10": "recall at 10 % FDR",
    "average_precision": "average precision",
}
SIZE_COLOURS = {"small": COLOURS[5], "medium": COLOURS[0], "large": COLOURS[6], "unknown": GREY}
BELOW, ABOVE = COLOURS[0], COLOURS[1]


@styled
def compare_metrics(long: pd.DataFrame, first: str, second: str, named: Sequence[str]) -> Figure:
    """Draw four metrics of two runs as scatters over tasks, coloured by better and worse, some tasks named."""
    from scipy.stats import pearsonr, spearmanr

    both = [long.loc[long["run"] == name, list(PANEL)].notna().any() for name in (first, second)]
    shown = [name for name in PANEL if both[0][name] and both[1][name]]
    rows = -(-len(shown) // 2)
    figure, grid = new_figure(rows, min(2, len(shown)), height=0.3 + 1.75 * rows)
    axes = [axis for row in grid for axis in row]
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    for axis, metric in zip(axes, shown, strict=False):
        wide = long.pivot_table(index="task", columns="run", values=metric)[[first, second]].dropna()
        a, b = wide[first].to_numpy(), wide[second].to_numpy()
        low, high = float(min(a.min(), b.min())), float(max(a.max(), b.max()))
        room = max(0.05 * (high - low), 0.005)
        axis.plot([low - room, high + room], [low - room, high + room], color=LIGHT, lw=0.7, zorder=0)
        colours = np.where(b > a, ABOVE, np.where(b < a, BELOW, GREY))
        axis.scatter(a, b, s=7, c=colours.tolist(), lw=0, alpha=0.8)
        for task in named:
            if metric in ("auroc", "auprc") and task in wide.index:
                place = (float(wide[first].loc[task]), float(wide[second].loc[task]))
                axis.scatter(*place, s=22, facecolor="none", edgecolor="black", lw=0.5)
                axis.annotate(short(str(task), 14), place, fontsize=5, xytext=(3, 3), textcoords="offset points")
        varied = len(a) > 2 and a.std() > 0 and b.std() > 0
        words = f"\nr {pearsonr(a, b)[0]:.2f}, ρ {spearmanr(a, b)[0]:.2f}" if varied else ""
        axis.set_title(f"{WORDS[metric]}{words}", fontsize=6.5)
        axis.text(0.03, 0.97, f"{int((b > a).sum())}", color=ABOVE, transform=axis.transAxes, va="top")
        axis.text(0.97, 0.03, f"{int((b < a).sum())}", color=BELOW, transform=axis.transAxes, ha="right")
        axis.set_xlim(low - room, high + room)
        axis.set_ylim(low - room, high + room)
        axis.locator_params(nbins=4)
    figure.supxlabel(short(first, 40), fontsize=7)
    figure.supylabel(short(second, 34), fontsize=7)
    return figure


@styled
def compare_gain(gains: pd.DataFrame, metric: str) -> Figure:
    """Draw the gain of each task against the baseline's auPRC, with both correlations."""
    from scipy.stats import pearsonr, spearmanr

    figure, grid = new_figure(1, 1, height=2.0)
    axis = grid[0][0]
    part = gains.dropna(subset=["gain", "baseline_auprc"])
    x, y = part["baseline_auprc"].to_numpy(), part["gain"].to_numpy()
    axis.axhline(0, color=LIGHT, lw=0.7)
    axis.scatter(x, y, s=8, c=np.where(y > 0, ABOVE, BELOW).tolist(), lw=0, alpha=0.8)
    if len(x) > 2 and x.std() > 0 and y.std() > 0:
        axis.set_title(f"Pearson {pearsonr(x, y)[0]:.2f}, Spearman {spearmanr(x, y)[0]:.2f}", fontsize=6.5)
    axis.set_xlabel("auPRC of the baseline")
    axis.set_ylabel(f"gain of {WORDS.get(metric, metric)}")
    return figure


@styled
def compare_boxes(long: pd.DataFrame, metric: str) -> Figure:
    """Draw the distribution of a metric over tasks for each run."""
    import seaborn as sns

    names = list(dict.fromkeys(long["run"]))
    figure, grid = new_figure(1, 1, height=0.6 + 0.28 * len(names))
    axis = grid[0][0]
    palette = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
    known = defined_rows(axis, long, metric)
    if len(known):
        sns.boxplot(
            known,
            x=metric,
            y="run",
            hue="run",
            order=names,
            hue_order=names,
            palette=palette,
            width=0.6,
            fliersize=1.2,
            linewidth=0.6,
            boxprops={"alpha": 0.5},
            legend=False,
            ax=axis,
        )
    axis.set_yticks(range(len(names)), [short(name, 24) for name in names])
    axis.set_ylabel("")
    axis.set_xlabel(WORDS.get(metric, metric))
    return figure


@styled
def compare_differences(gains: pd.DataFrame, metric: str) -> Figure:
    """Draw the histogram of differences of each pair, stacked by size of the data set."""
    pairs = list(dict.fromkeys(zip(gains["first"], gains["second"], strict=True)))[:6]
    figure, grid = new_figure(len(pairs), 1, height=0.6 + 1.2 * len(pairs), share_x=True)
    most = float(gains["gain"].abs().max()) or 0.01
    edges = np.linspace(-most, most, 25)
    sizes = [size for size in SIZE_COLOURS if (gains["size"] == size).any()]
    for axis, (first, second) in zip((row[0] for row in grid), pairs, strict=True):
        part = gains[(gains["first"] == first) & (gains["second"] == second)]
        values = [part.loc[part["size"] == size, "gain"].to_numpy() for size in sizes]
        axis.hist(values, bins=edges.tolist(), stacked=True, color=[SIZE_COLOURS[s] for s in sizes], label=sizes)
        axis.axvline(0, color=GREY, lw=0.6)
        above, below = int((part["gain"] > 0).sum()), int((part["gain"] < 0).sum())
        words = f"{short(second, 20)} − {short(first, 20)}\n{above} better, {below} worse of {len(part)}"
        axis.set_title(words, fontsize=6.5)
        axis.set_ylabel("tasks")
    grid[-1][0].set_xlabel(f"difference of {WORDS.get(metric, metric)}")
    if sizes != ["unknown"]:
        outside_legend(
            figure, *grid[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=len(sizes)
        )
    return figure


@styled
def compare_sizes(long: pd.DataFrame) -> Figure:
    """Draw means of five metrics for each run, one panel a metric, by size of the data set."""
    shown = [name for name in FIVE if long[name].notna().any()] or ["auroc"]
    sizes = [size for size in SIZE_COLOURS if (long["size"] == size).any()]
    names = list(dict.fromkeys(long["run"]))
    figure, grid = new_figure(len(shown), 1, height=0.7 + 0.85 * len(shown), share_x=True)
    width = 0.8 / len(names)
    for axis, metric in zip((row[0] for row in grid), shown, strict=True):
        for place, name in enumerate(names):
            means = [long.loc[(long["run"] == name) & (long["size"] == size), metric].mean() for size in sizes]
            x = np.arange(len(sizes)) + (place - (len(names) - 1) / 2) * width
            axis.bar(x, means, width=width * 0.95, color=COLOURS[place % len(COLOURS)], label=short(name, 22))
        axis.set_ylabel(WORDS.get(metric, metric))
        axis.locator_params(axis="y", nbins=4)
    counts = [long.loc[long["size"] == size, "task"].nunique() for size in sizes]
    labels = [f"{size} ({count})" for size, count in zip(sizes, counts, strict=True)]
    grid[-1][0].set_xticks(range(len(sizes)), labels)
    outside_legend(figure, *grid[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
