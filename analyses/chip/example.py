"""One bound window with everything that is known of it, for the figure of stacked tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.profiles import fold_change_of
from motiflens.analyses.chip.shift import both_strands_bp, smooth
from motiflens.analyses.chip.target import TargetChip
from motiflens.analyses.slide_windows import slide_windows
from motiflens.analyses.targets import OpenedRun, targets
from motiflens.interpret.results import Field
from motiflens.models.types import Floats, Integers


@dataclass(frozen=True)
class ChipExample:
    """A window.

    Attributes
    ----------
    place, words
        Where it is, and what the heat map shows.
    fold_change, dnase
        (L,); DNase may be None.
    weights
        (rows, T): attention of each channel, clustered; of each query; or the one vector.
    kind
        ``channel``, ``pairwise`` or ``vector``.
    profile
        (T,) one value a position.
    field
        What each position looks at.
    start
        First base of the window on its chromosome, 0 without one.
    """

    place: str
    words: str
    fold_change: Floats
    dnase: Floats | None
    weights: Floats
    kind: str
    profile: Floats
    field: Field
    start: int


@dataclass(frozen=True)
class SlidPlace:
    """One place through windows that were moved.

    Attributes
    ----------
    target, chrom, start
        TF and cell type; where the unmoved window begins.
    offsets
        (S,) bp that it was moved by.
    attention, fold_change
        (S, L) per base of each moved window.
    """

    target: str
    chrom: str
    start: int
    offsets: Integers
    attention: Floats
    fold_change: Floats


def slid_places(opened: OpenedRun, measured: TargetChip, options: ChipOptions) -> list[SlidPlace]:
    """Slide windows past the highest peak of a target, in (at most three) cell types of its TF."""
    slid = measured.slid
    if slid is None:
        return []
    tf, row = measured.target.split("|")[0], int(slid.rows[0])
    offsets = slid.offsets[[0, len(slid.offsets) // 2, -1]]
    index = np.arange(len(offsets))
    places: list[SlidPlace] = []
    for target in targets(opened):
        if target.name.split("|")[0] != tf or target.fold_change is None or len(places) == 3:
            continue
        here = _same_place(opened, row, target.rows)
        moved = slide_windows(opened.windows, np.repeat(here, len(offsets)), offsets)
        if moved is None:
            continue
        attention = both_strands_bp(opened.adapter, moved, index, options)
        fold = moved.track(target.fold_change, index)
        chrom = str(opened.windows.table["chrom"].iloc[row])
        places.append(SlidPlace(target.name, chrom, int(slid.starts[0]), offsets, attention, fold))
    return places


def _same_place(opened: OpenedRun, row: int, rows: Integers) -> Integers:
    """Return the row of a cell type at the place of another's, (1,)."""
    table = opened.windows.table
    if "cell_type" not in table:
        return np.array([row])
    same = (table["chrom"].iloc[rows] == table["chrom"].iloc[row]) & (
        table["start"].iloc[rows] == table["start"].iloc[row]
    )
    at = np.flatnonzero(same.to_numpy())
    return rows[at[:1]] if len(at) else np.array([row])


def chip_example(opened: OpenedRun, measured: TargetChip, options: ChipOptions) -> ChipExample:
    """Read the bound window of the highest fold change, + strand."""
    target = next(target for target in targets(opened) if target.name == measured.target)
    windows = opened.windows
    fold = windows.track(fold_change_of(target, opened.dataset.source), measured.rows)
    row = measured.rows[[int(smooth(fold).max(axis=1).argmax())]]
    batch = windows.read(row)
    seen = opened.adapter.attention(batch.x, batch.meta, layer=options.layer)
    table = windows.table.iloc[int(row[0])]
    known = "chrom" in table.index
    weights, words = _rows(seen.weights[0], seen.kind)
    return ChipExample(
        place=f"{table['chrom']}:{int(table['start']):,}-{int(table['end']):,}" if known else str(table["name"]),
        words=words
        + " Positions are drawn at the centres of their fields"
        + (" (nominal: a recurrent layer lies between)." if seen.field.nominal else "."),
        fold_change=windows.track(fold_change_of(target, opened.dataset.source), row)[0],
        dnase=None if target.dnase is None else windows.track(target.dnase, row)[0],
        weights=weights,
        kind=seen.kind,
        profile=seen.profile[0],
        field=seen.field,
        start=int(table["start"]) if known else 0,
    )


def _rows(weights: Floats, kind: str) -> tuple[Floats, str]:
    if kind == "channel":
        return cluster_rows(weights.T), "Heat map: attention of each channel, rows clustered by their correlation."
    if kind == "pairwise":
        pairs = weights.mean(axis=0) if weights.ndim == 3 else weights
        return pairs, "Heat map: attention of each query (rows, from the window's start on) to each position."
    return weights[None], "Heat map: the one attention vector."


def cluster_rows(rows: Floats) -> Floats:
    """Scale rows to 0..1 and order them by average-linkage clustering of their correlations."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
    scaled = np.divide(rows - low, high - low, out=np.zeros_like(rows), where=high > low)
    if len(rows) < 3:
        return scaled
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = 1 - np.nan_to_num(np.corrcoef(scaled))
    upper = np.clip(distance[np.triu_indices(len(rows), 1)], 0, 2)
    return scaled[leaves_list(linkage(upper, "average"))]
