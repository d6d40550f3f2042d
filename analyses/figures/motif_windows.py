"""One motif's windows: attention, where the motif stands, DNase, and DNase about its sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motiflens.analyses.figures.style import COLOURS, GREY, new_figure, styled
from motiflens.analyses.motifs.motif_profiles import AROUND
from motiflens.models.types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motiflens.analyses.motifs.motif_profiles import MotifProfile


@styled
def motif_windows(profile: MotifProfile, length: int) -> Figure:
    """Draw the windows with one motif (DeepGRN, Fig. 7; the arXiv version, Fig. 5).

    Parameters
    ----------
    profile
        The motif's windows.
    length
        Of a window, bp.
    """
    rows = 2 if profile.dnase is not None else 1
    figure, grid = new_figure(rows, 2, height=0.5 + 1.45 * rows)
    at = profile.positions
    half = (at[1] - at[0]) / 2 if len(at) > 1 else length / 2
    edges = (float(at[0] - half), float(at[-1] + half))
    _heat(grid[0][0], profile.attention, profile.places, edges, "attention")
    grid[0][0].set_xlim(0, length)
    histogram = grid[0][1]
    histogram.hist(profile.places, bins=np.linspace(0, length, 41).tolist(), color=COLOURS[0])
    histogram.set_xlim(0, length)
    histogram.set_xlabel("motif's middle (bp)")
    histogram.set_ylabel("windows")
    histogram.locator_params(axis="y", integer=True)
    if profile.dnase is not None and profile.around is not None:
        _heat(
            grid[1][0],
            np.log1p(np.maximum(profile.dnase, 0)),
            profile.places,
            (0.0, float(length)),
            "DNase, log(1 + x)",
        )
        _mean(grid[1][1], profile, len(profile.around))
    figure.suptitle(f"{profile.label} ({profile.name}): {len(profile.places):,} windows", fontsize=7.5)
    return figure


def _heat(axis: Axes, values: Floats, places: np.ndarray, edges: tuple[float, float], name: str) -> None:
    """Draw one row a window between two places in bp, in the order of the motif's place: the thin line."""
    low, high = np.nanquantile(values, [0.01, 0.99])
    extent = (*edges, float(len(values)), 0.0)
    image = axis.imshow(values, aspect="auto", extent=extent, vmin=low, vmax=max(high, low + 1e-12))
    axis.plot(places, np.arange(len(places)) + 0.5, color="white", lw=0.5)
    axis.set_ylabel("windows")
    axis.set_xlabel("position (bp)")
    axis.set_title(name)
    axis.figure.colorbar(image, ax=axis, pad=0.02, aspect=14)


def _mean(axis: Axes, profile: MotifProfile, sites: int) -> None:
    """Draw the mean DNase about the sites and its 95 % interval (normal, over sites)."""
    x = np.arange(-AROUND, AROUND + 1)
    mean, error = profile.mean_around()
    axis.fill_between(x, mean - error, mean + error, color=COLOURS[1], alpha=0.25, lw=0)
    axis.plot(x, mean, color=COLOURS[1])
    axis.axvline(0, color=GREY, lw=0.5, ls=":")
    axis.set_xlim(-AROUND, AROUND)
    axis.set_xlabel("bp from its middle")
    axis.set_ylabel("mean DNase")
    axis.set_title(f"{sites:,} sites")
