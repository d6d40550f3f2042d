"""Deletion and insertion curves of all methods on each architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from motiflens.analyses.figures.outside_legend import outside_legend
from motiflens.analyses.figures.style import COLOURS, GREY, LIGHT, PAGE, new_figure, short, styled
from motiflens.models.types import Doubles, Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("deletion", "insertion")
LINES: tuple[Any, ...] = ("-", (0, (4, 1, 1, 1)))  # the second where colours are used up
# What knows no model: dashed.
PLAIN = {"random": (":", GREY), "position": ("--", GREY), "dnase": ("-.", GREY), "pwm": ("--", "black")}


class Curve(NamedTuple):
    """Means over windows and seeds."""

    steps: Integers  # S: bases taken
    deletion: Doubles  # S
    insertion: Doubles  # S


@styled
def benchmark_curves(curves: Mapping[str, Mapping[str, Curve]], methods: Sequence[str]) -> Figure:
    """Draw a column of panels for each architecture: how the logit falls, and how it rises, with the bases taken.

    Parameters
    ----------
    curves
        Architecture -> method -> its curve.
    methods
        In the legend's order.
    """
    models = list(curves)
    coloured = [method for method in methods if method not in PLAIN]
    looks: dict[str, tuple[Any, str]] = dict(PLAIN) | {
        method: (LINES[i // len(COLOURS) % len(LINES)], COLOURS[i % len(COLOURS)])
        for i, method in enumerate(coloured)
    }
    figure, axes = new_figure(
        2, len(models), height=3.6, width=min(PAGE, 1.2 + 1.5 * len(models)), share_x=True, share_y="row"
    )
    for column, model in enumerate(models):
        for row, kind in enumerate(KINDS):
            axis = axes[row][column]
            axis.axhline(0, color=LIGHT, lw=0.6)
            for method in methods:
                if method not in curves[model]:
                    continue
                curve = curves[model][method]
                style, colour = looks[method]
                label = method if column == 0 and row == 0 else None
                axis.plot(curve.steps, getattr(curve, kind), ls=style, color=colour, label=label)
            axis.set_xscale("log", base=2)
            axis.set_xticks(curve_steps(curves), [str(step) for step in curve_steps(curves)])
            axis.minorticks_off()
            if row == 0:
                axis.set_title(short(model, 16))
            if column == 0:
                axis.set_ylabel("logit falls by" if kind == "deletion" else "logit rises by")
            if row == 1:
                axis.set_xlabel("bases replaced" if kind == "deletion" else "bases taken")
    missing = [method for method in methods if method not in next(iter(curves.values()))]
    for method in missing:
        style, colour = looks[method]
        axes[0][0].plot([], [], ls=style, color=colour, label=method)
    outside_legend(figure, loc="outside lower center", ncols=5, columnspacing=1)
    return figure


def curve_steps(curves: Mapping[str, Mapping[str, Curve]]) -> list[int]:
    """Return every second step, for ticks."""
    longest = max((curve.steps for each in curves.values() for curve in each.values()), key=len)
    return [int(step) for step in longest[::2]]
