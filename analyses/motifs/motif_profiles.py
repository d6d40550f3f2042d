"""Where single motifs stand and what the model and the DNase look like there: one motif's windows at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.models.types import Doubles, Floats, Integers

AROUND = 150  # bp on each side of a site


@dataclass(frozen=True)
class MotifProfile:
    """The windows in which one motif hits at maximum attention.

    Attributes
    ----------
    name, label
        The motif's and its factor's.
    attention
        (n, T) attention of the windows, by the place of the motif.
    positions
        (T,) bp at the centre of each attention position.
    dnase
        (n, L) accessibility of the same windows, or None.
    places
        (n,) middle of the motif's best site in each, bp in the window.
    around
        (sites, 2 `AROUND` + 1) DNase about the middle of every site, read along the motif's strand, NaN beyond the
        window; or None.
    """

    name: str
    label: str
    attention: Floats
    positions: Doubles
    dnase: Floats | None
    places: Doubles
    around: Floats | None

    def mean_around(self) -> tuple[Doubles, Doubles]:
        """Mean DNase about the sites and half the width of its 95 % interval (normal); NaN where no window "
        "reaches."""
        if self.around is None:
            nothing = np.full(2 * AROUND + 1, np.nan)
            return nothing, nothing
        count = (~np.isnan(self.around)).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0, np.nansum(self.around, axis=0) / count, np.nan)
            variance = np.nansum((self.around - mean) ** 2, axis=0) / count
        return mean, 1.96 * np.sqrt(variance / np.maximum(count, 1))


def motif_profiles(
    sites: Subsequences, attended: Attended, labels: dict[str, str], *, most: int = 8
) -> list[MotifProfile]:
    """Gather the windows of the route's motifs, the most enriched first.

    Parameters
    ----------
    sites, attended
        Attended places and what they hold.
    labels
        Known motif -> its factor.
    most
        Motifs to take at most.

    Returns
    -------
    list of MotifProfile
        Each from its own hits alone; a window counts once, by its best hit.
    """
    order = np.argsort(sites.windows, kind="stable")
    windows = order[np.searchsorted(sites.windows[order], sites.table["window"].to_numpy())]  # of each place
    first, last, forward = _in_window(sites, attended)
    profiles = []
    for motif in attended.motifs[:most]:
        name = str(motif.info["hits_of"])
        chosen = np.flatnonzero((attended.hits["motif_id"] == name).to_numpy())
        p = attended.hits["p-value"].to_numpy(dtype=np.float64)[chosen]
        chosen = chosen[np.argsort(p, kind="stable")]
        rows = windows[attended.rows[chosen]]
        middle = (first[chosen] + last[chosen]) / 2
        _, once = np.unique(rows, return_index=True)
        once = once[np.argsort(middle[once], kind="stable")]
        around = None
        if sites.dnase is not None:
            around = _around(sites.dnase[rows], middle.astype(np.int64), forward[chosen])
        profiles.append(
            MotifProfile(
                name=name,
                label=labels.get(name) or name,
                attention=sites.profile[rows[once]],
                positions=sites.positions,
                dnase=None if sites.dnase is None else sites.dnase[rows[once]],
                places=middle[once],
                around=around,
            )
        )
    return profiles


def _in_window(sites: Subsequences, attended: Attended) -> tuple[Integers, Integers, np.ndarray]:
    """Start and end of each hit in its window, and whether it lies on the window's forward strand."""
    rows, hits = attended.rows, attended.hits
    start = sites.table["start"].to_numpy(dtype=np.int64)[rows]
    turned = (sites.table["strand"] == "-").to_numpy()[rows]
    width = sites.attended.shape[1]
    begin, stop = hits["start"].to_numpy(dtype=np.int64) - 1, hits["stop"].to_numpy(dtype=np.int64)
    first = start + np.where(turned, width - stop, begin)
    forward = (hits["strand"] == "+").to_numpy() != turned
    return first, first + stop - begin, forward


def _around(dnase: Floats, middle: Integers, forward: np.ndarray) -> Floats:
    """DNase about sites, along their strands, (n, 2 `AROUND` + 1); NaN beyond the windows."""
    padded = np.pad(dnase.astype(np.float32), ((0, 0), (AROUND, AROUND)), constant_values=np.nan)
    steps = middle[:, None] + np.arange(2 * AROUND + 1)
    part: Floats = padded[np.arange(len(dnase))[:, None], steps]
    part[~forward] = part[~forward][:, ::-1]
    return part
