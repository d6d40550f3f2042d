"""Everything that is measured of one run at one target: one TF in one cell type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr

from motiflens.analyses.chip.correlate import Beside, chip_correlation
from motiflens.analyses.chip.lag import lag_profile
from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.paper import paper_measures
from motiflens.analyses.chip.profiles import STRANDS, Profiles, Tracks, chip_profiles, fold_change_of, read_tracks
from motiflens.analyses.chip.shift import Slid, shift_slopes, slide_past
from motiflens.analyses.statistics import Blocks, genome_blocks
from motiflens.analyses.targets import OpenedRun, Target, bound_rows
from motiflens.interpret.adapter import Adapter, adapt
from motiflens.models.progress import Progress, silent
from motiflens.models.registry import rebuild
from motiflens.models.types import Booleans, Doubles, Floats, Integers

POOLED = 20_000  # points that pooled scatters show at most
FEWER = 20  # shuffles of all but the main correlation


@dataclass(frozen=True)
class TargetChip:
    """What was measured; tables carry the run's and the target's names.

    Attributes
    ----------
    correlations
        Of each look, strand, resolution and statistic: see `correlate.QUANTITIES`.
    windows
        One row a window and look.
    lags, shift, strands, pooled, paper
        Further tables; see `chip_study`.
    points
        Look -> (n, 4) pooled points: + strand, - strand, z-score of the mean, z-score of fold change.
    slid
        Windows slid past peaks; None where that was not done.
    blocks
        What a block is, in words, and how many windows there are.
    """

    run: str
    target: str
    correlations: pd.DataFrame
    windows: pd.DataFrame
    lags: pd.DataFrame
    shift: pd.DataFrame
    strands: pd.DataFrame
    pooled: pd.DataFrame
    paper: pd.DataFrame
    points: dict[str, Doubles]
    slid: Slid | None
    rows: Integers
    blocks: Blocks


def chip_target(
    opened: OpenedRun, target: Target, options: ChipOptions, progress: Progress = silent
) -> TargetChip:
    """Measure a run at one target; see `TargetChip`.

    Raises
    ------
    ValueError
        If the data have no fold change for it, or its bound windows, or those within which it varies, lie in fewer
        than three places.
    """
    fold = fold_change_of(target, opened.dataset.source)
    rows = bound_rows(opened, target, most=options.maximum, seed=options.seed, prediction=options.prediction)
    blocks = genome_blocks(opened.windows.table.iloc[rows], opened.windows.length)
    if blocks.count < 3:
        raise ValueError(
            f"{target.name} has {len(rows)} bound windows in {blocks.count} places, too few to compare: give more "
            "data, or another --split"
        )
    untrained = [
        adapt(rebuild(opened.run.model.config, seed=options.seed + repeat).eval(), length=opened.windows.length)
        for repeat in range(options.untrained)
    ]
    looks = {look: _look(opened, target, rows, look, options, untrained, progress) for look in options.looks}
    tracks = read_tracks(opened.windows, rows, fold, next(iter(looks.values()))[0].field, options)
    inside = np.asarray(np.isfinite(tracks.positions).all(axis=0), dtype=bool)
    varies = np.ptp(tracks.positions[:, inside], axis=1) > 0
    if len(np.unique(blocks.number[varies])) < 3:
        raise ValueError(
            f"{target.name}: fold change ({fold}) varies within {int(varies.sum())} of {len(rows)} bound windows, "
            "too few to compare with: is it the right file, with this genome's names of chromosomes?"
        )
    dnase = None
    if target.dnase is not None:
        dnase = read_tracks(opened.windows, rows, target.dnase, next(iter(looks.values()))[0].field, options)
    names = {"run": opened.name, "target": target.name}
    parts = [_compared(look, *seen, tracks, dnase, blocks, inside, options) for look, seen in looks.items()]
    table = opened.windows.table.iloc[rows].reset_index(drop=True)
    where = table[[name for name in ("chrom", "start", "end") if name in table]]
    slid, shift = _shift(opened.adapter, untrained, opened, rows, fold, options)
    return TargetChip(
        **names,
        correlations=_named(names, [part[0] for part in parts]),
        windows=_named(names, [pd.concat([where, part[1]], axis=1) for part in parts]),
        lags=_named(names, [part[2] for part in parts]),
        shift=_named(names, [shift]),
        strands=_named(names, [part[3] for part in parts]),
        pooled=_named(names, [part[4] for part in parts]),
        paper=_named(names, [part[5] for part in parts]),
        points={look: part[6] for look, part in zip(looks, parts, strict=True)},
        slid=slid,
        rows=rows,
        blocks=blocks,
    )


def _look(
    opened: OpenedRun,
    target: Target,
    rows: Integers,
    look: str,
    options: ChipOptions,
    untrained: list[Adapter],
    progress: Progress,
) -> tuple[Profiles, list[Profiles]]:
    of = {"output": target.output, "options": options}
    own = chip_profiles(opened.adapter, opened.windows, rows, look, **of, progress=progress)  # type: ignore[arg-type]
    others = [
        chip_profiles(adapter, opened.windows, rows, look, **of, progress=silent)  # type: ignore[arg-type]
        for adapter in untrained
    ]
    return own, others


def _compared(
    look: str,
    own: Profiles,
    others: list[Profiles],
    tracks: Tracks,
    dnase: Tracks | None,
    blocks: Blocks,
    inside: Booleans,
    options: ChipOptions,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, Doubles]:
    correlations = []
    windows = pd.DataFrame()
    for at in ("positions", "bp"):
        here = inside if at == "positions" else np.ones(tracks.bp.shape[1], dtype=bool)
        track = getattr(tracks, at)[:, here]
        access = None if dnase is None else getattr(dnase, at)[:, here]
        for strand in STRANDS:
            twins = tuple(getattr(other, at)[strand][:, here] for other in others)
            for statistic in ("pearson", "spearman"):
                main = (at, strand, statistic) == ("positions", "mean", "pearson")
                correlation = chip_correlation(
                    getattr(own, at)[strand][:, here],
                    track,
                    Beside(blocks.number, access, twins),
                    statistic=statistic,  # type: ignore[arg-type]
                    shuffles=options.shuffles if main else min(FEWER, options.shuffles),
                    bootstrap=options.bootstrap,
                    seed=options.seed,
                )
                named = {"look": look, "strand": strand, "at": at, "statistic": statistic}
                correlations.append(_named(named, [correlation.table]))
                if main:
                    windows = _named({"look": look}, [correlation.windows])
    lags = lag_profile(own.bp["mean"], tracks.bp, blocks.number, reach=options.reach, step=options.lag_step)
    paper = pd.DataFrame()
    if options.paper and own.channels is not None:
        paper = _named(
            {"look": look},
            [paper_measures(own.channels[:, inside], tracks.positions[:, inside], blocks.number)],
        )
    points = _points(own, tracks, inside)
    return (
        pd.concat(correlations, ignore_index=True),
        windows,
        _named({"look": look}, [lags]),
        _named({"look": look}, [_agreement(points[:, 0], points[:, 1])]),
        _named({"look": look}, [_pooled(points, tracks, own, inside)]),
        paper,
        points,
    )


def _shift(
    adapter: Adapter,
    untrained: list[Adapter],
    opened: OpenedRun,
    rows: Integers,
    fold: str,
    options: ChipOptions,
) -> tuple[Slid | None, pd.DataFrame]:
    if not options.shift_peaks or "attention" not in options.looks:
        return None, pd.DataFrame()
    slid = slide_past(adapter, opened.windows, rows, fold, options)
    if slid is None:
        return None, pd.DataFrame()
    blocks = genome_blocks(opened.windows.table.iloc[slid.rows], opened.windows.length).number
    parts = [_named({"model": "trained"}, [shift_slopes(slid, blocks, bootstrap=options.bootstrap)])]
    for twin in untrained[:1]:
        other = slide_past(twin, opened.windows, rows, fold, options)
        if other is not None:
            parts.append(
                _named({"model": "untrained"}, [shift_slopes(other, blocks, bootstrap=options.bootstrap)])
            )
    return slid, pd.concat(parts, ignore_index=True)


def _points(own: Profiles, tracks: Tracks, inside: Booleans) -> Doubles:
    """(n, 4): each position of each window."""
    mean = own.positions["mean"][:, inside]
    columns = (
        own.positions["+"][:, inside],
        own.positions["-"][:, inside],
        z_scores(mean),
        z_scores(tracks.positions[:, inside]),
    )
    return np.stack([values.astype(np.float64).ravel() for values in columns], axis=1)


def z_scores(values: Floats) -> Doubles:
    """Return rows with mean 0 and standard deviation 1; NaN where a row is constant."""
    spread = values.std(axis=1, keepdims=True, dtype=np.float64)
    centred = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(centred, spread, out=np.full(centred.shape, np.nan), where=spread > 0)


def _agreement(a: Doubles, b: Doubles) -> pd.DataFrame:
    """Pooled Pearson and Spearman over all positions of all windows."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return pd.DataFrame({"pearson": [np.nan], "spearman": [np.nan], "points": [len(a)]})
    return pd.DataFrame({"pearson": [pearsonr(a, b)[0]], "spearman": [spearmanr(a, b)[0]], "points": [len(a)]})


def _pooled(points: Doubles, tracks: Tracks, own: Profiles, inside: Booleans) -> pd.DataFrame:
    """Pooled correlation of z-scores, with the window's own track and with that of the window half of the list "
    "on."""
    observed = _agreement(points[:, 2], points[:, 3])
    half = np.roll(z_scores(tracks.positions[:, inside]), len(tracks.positions) // 2, axis=0)
    other = _agreement(points[:, 2], half.ravel())
    return pd.concat([observed.assign(track="own"), other.assign(track="of another window")], ignore_index=True)[
        ["track", "pearson", "spearman", "points"]
    ]


def _named(names: dict[str, str], tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put names in front of the rows of tables."""
    whole = [table for table in tables if len(table.columns)]
    if not whole:
        return pd.DataFrame()
    table = pd.concat(whole, ignore_index=True)
    for place, (name, value) in enumerate(names.items()):
        table.insert(place, name, value)
    return table
