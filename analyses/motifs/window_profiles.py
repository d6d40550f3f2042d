"""Where a model looks: heat maps and histograms along the attended windows, as arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.models.data.windows import Windows

HEAT_ROWS = 300  # windows in a heat map


def window_profiles(
    windows: Windows, sites: Subsequences | None, attended: Attended | None
) -> dict[str, np.ndarray]:
    """Make the arrays of ``profiles.npz``.

    Returns
    -------
    dict
        ``length``; where there is attention, ``positions`` (T) bp of attention positions in the window;
        ``attention`` (n, T), ``dnase`` (n, bins) heat maps of the same windows, by the place of the maximum;
        ``dnase_edges``; ``bin_edges``, ``site_counts`` (attended sites), ``hit_counts`` (hits of known motifs)
        along the window.
    """
    length = windows.length
    arrays: dict[str, np.ndarray] = {"length": np.array(length)}
    if sites is None:
        return arrays
    edges = np.linspace(0, length, 51)
    middle = (sites.table["start"] + sites.table["end"]).to_numpy() / 2
    arrays["bin_edges"] = edges
    arrays["site_counts"] = np.histogram(middle, edges)[0]
    if attended is not None and len(attended.hits):
        once = pd.DataFrame(
            {"motif": attended.hits["motif_id"].to_numpy(), "row": attended.rows}
        ).drop_duplicates()
        arrays["hit_counts"] = np.histogram(middle[once["row"].to_numpy()], edges)[0]
    order = np.argsort(sites.profile.argmax(axis=1), kind="stable")
    rows = order[np.linspace(0, len(order) - 1, min(HEAT_ROWS, len(order))).round().astype(int)]
    arrays["positions"], arrays["attention"] = sites.positions, sites.profile[rows]
    if sites.dnase is not None:
        bins = np.linspace(0, length, min(length, 100) + 1).round().astype(int)
        sums = np.add.reduceat(sites.dnase[rows].astype(np.float64), bins[:-1], axis=1)
        arrays["dnase"] = (sums / np.diff(bins)).astype(np.float32)
        arrays["dnase_edges"] = bins
    return arrays
