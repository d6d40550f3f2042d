"""Attributing the windows of a split with a trained model: store, tracks, files for TF-MoDISco, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from motiflens.analyses.pair_maps import pair_maps, parse_part
from motiflens.analyses.report.plot_window import save_window
from motiflens.analyses.report.window_view import parse_region, region_view, row_view, top_rows
from motiflens.interpret.adapter import Adapter, adapt
from motiflens.interpret.attribution.method_costs import COSTS
from motiflens.interpret.export_bigwig import export_bigwig
from motiflens.interpret.export_modisco import export_modisco
from motiflens.interpret.store import Store, open_store
from motiflens.interpret.write_store import BATCHES, StoreJob, StoreOptions, fill_store
from motiflens.models import types
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.intervals import merge_intervals
from motiflens.models.data.text import listed
from motiflens.models.data.windows import Windows
from motiflens.models.executor import Workers, device_processes
from motiflens.models.limits import check_limit
from motiflens.models.named_list import once
from motiflens.models.option_ranges import check_numbers
from motiflens.models.output import Output
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.run import Run, open_run, task_number
from motiflens.models.types import Booleans, Integers, Json
from motiflens.models.window_source import WindowSource

STORE = "attributions.h5"
EXPORTS = ("bigwig", "modisco")
PASSES = 10_000  # of a model, some seconds, for which a further process is worth starting
Only = Literal["positive", "negative", "all"]
_WIDTH = 120  # bp of the top windows that are shown, by default
_COMMON = ("baseline", "n_baselines", "correct", "tolerance")


@dataclass(frozen=True)
class AttributeOptions:
    """Which windows to attribute, how, and what to make of it.

    Attributes
    ----------
    method, output, seed, batch_size, precision
        See `StoreOptions`.
    options
        The method's own, ``baseline``, ``n_baselines``, ``correct`` and ``tolerance``.
    task
        Name of the output; the first by default.
    only
        Windows labelled ``positive`` or ``negative`` for it, or ``all``.
    maximum
        Most windows, drawn at random.
    export
        Of `EXPORTS`.
    plot
        Regions to plot, ``chr:start-end``; windows that overlap them are attributed whatever their label. Without
        `top` and `export` no others are.
    top
        Plot this many of the windows predicted highest.
    width
        Base pairs of those that are shown.
    pairs
        ``start-end`` in bp from a window's start: pairs of bases are substituted there, in the `top` windows (one
        by default); see `dependency_map`.
    image
        ``png``, ``svg`` or ``pdf``.
    cell_type
        Of the windows plotted and attributed, where windows are of one.
    """

    method: str = "input_x_gradient"
    output: Output = None
    seed: int = 0
    batch_size: int = 64
    precision: str = "float32"
    options: Mapping[str, Any] | None = None
    task: str | None = None
    only: Only = "positive"
    maximum: int | None = None
    export: Sequence[str] = ()
    plot: Sequence[str] = ()
    top: int = 0
    width: int = _WIDTH
    pairs: str | None = None
    image: str = "png"
    cell_type: str | None = None

    def __post_init__(self) -> None:
        for name in self.export:
            if name not in EXPORTS:
                raise ValueError(f"there is no export {name!r}: choose of {', '.join(EXPORTS)}")
        for option, known in (("only", get_args(Only)), ("image", ("png", "svg", "pdf"))):
            if getattr(self, option) not in known:
                raise ValueError(f"{option} must be one of {', '.join(known)}, not {getattr(self, option)!r}")
        check_numbers(self)
        if self.pairs is not None:
            parse_part(self.pairs)
        once(self.export, "--export")
        once(self.plot, "--plot")
        self.store()

    def worth(self, windows: int, device: str) -> int:
        """Return how many processes of this machine are worth starting for so many windows."""
        most = windows if self.maximum is None else min(windows, self.maximum + 100 * len(self.plot))
        parts = -(-most // (BATCHES * self.batch_size))
        return max(1, min(device_processes(device), parts, most * COSTS[self.method].passes // PASSES))

    def store(self) -> StoreOptions:
        """Return how to attribute and what to keep of it. Errors as in `StoreOptions`."""
        own = dict(self.options or {})
        common: dict[str, Any] = {name: own.pop(name) for name in _COMMON if name in own}
        return StoreOptions(
            method=self.method,
            output=self.output,
            batch_size=self.batch_size,
            seed=self.seed,
            options=own,
            hypothetical="modisco" in self.export,
            precision=self.precision,
            **common,
        )


@dataclass(frozen=True)
class Attributed:
    """What was made.

    Attributes
    ----------
    store
        The HDF5 file.
    files
        All others.
    windows
        Windows attributed.
    flagged, worst
        Windows whose attributions do not add up to within the method's tolerance, and the largest relative error;
        None where the method promises nothing.
    unexplained
        Windows with no change to explain; None where the method compares with no baseline.
    without_rule
        Functions of the model that DeepLIFT took for linear.
    notes
        What was asked for and is not there.
    """

    store: Path
    files: tuple[Path, ...]
    windows: int
    flagged: int | None
    worst: float | None
    unexplained: int | None
    without_rule: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attributor:
    """Who attributes, and how processes beside this one open the run and its windows.

    Attributes
    ----------
    workers
        Who.
    source
        The windows; the run is that of its folder.
    device
        Where each of them computes.
    """

    workers: Workers
    source: WindowSource
    device: str = "cpu"

    def open(self) -> tuple[Adapter, Windows]:
        """Open them, in any process."""
        run = open_run(self.source.run)
        run.model.to(self.device)
        return adapt(run.model), self.source.open(run).windows


def attribute_run(
    run: Run,
    windows: Windows,
    out: types.Path,
    options: AttributeOptions,
    *,
    made_by: Json | None = None,
    by: Attributor | None = None,
    progress: Progress = silent,
) -> Attributed:
    """Attribute windows into ``OUT/attributions.h5`` and export and plot what is wanted.

    Interrupted and called again with the same arguments, it continues where it stopped, whoever works.

    Parameters
    ----------
    run
        The trained model, on the device to use.
    windows
        One split of the data.
    out
        A folder; made if need be.
    options
        See `AttributeOptions`.
    made_by
        Provenance.
    by
        Who attributes; this process by default. Files do not depend on how many there are.
    progress
        Told how many windows are done, then of exports and plots.

    Raises
    ------
    ValueError
        If no window is chosen, a region is in none, or an option is unknown.
    """
    _check(options, windows)
    check_run_fits(run, windows)
    target, column = _target(run, windows, options.task)
    regions = [parse_region(text) for text in options.plot]
    index = _rows(windows, column, options, regions)
    folder = Path(out)
    job = StoreJob(
        adapt(run.model),
        windows,
        identity={key: (made_by or {}).get(key) for key in ("weights_hash", "data_hash")},
        made_by=made_by or {},
        workers=None if by is None else by.workers,
        opening=by,
    )
    chosen = replace(options.store(), target=target, column=column, index=index)
    path = fill_store(job, folder / STORE, chosen, progress)
    with open_store(path) as store:
        files = _exports(store, windows, folder, options, progress)
        files += _plots(store, windows, folder, options, regions, progress)
        if options.pairs is not None:
            part, rows = parse_part(options.pairs), top_rows(store, options.top or 1).tolist()
            mutated = replace(options.store(), target=target)
            files += pair_maps(run, windows, store, rows, part, mutated, options.image, progress)
        error, flagged = store.completeness, store.flagged
        return Attributed(
            store=path,
            files=tuple(files),
            windows=len(store),
            flagged=None if flagged is None else int(flagged.sum()),
            worst=None if error is None else float(error.max()),
            unexplained=None if store.unexplained is None else int(store.unexplained.sum()),
            without_rule=store.without_rule,
            notes=_notes(store, options, regions),
        )


def chromosome_sizes(windows: Windows) -> dict[str, int] | None:
    """Chromosome -> length where the windows come from a genome that is at hand."""
    genome = getattr(windows, "genome", None)
    if genome is not None:
        return dict(zip(genome.names, genome.lengths.tolist(), strict=True))
    parent = getattr(windows, "parent", None)
    return None if parent is None else chromosome_sizes(parent)


def _check(options: AttributeOptions, windows: Windows) -> None:
    if options.pairs is not None and parse_part(options.pairs)[1] > windows.length:
        raise ValueError(f"part {options.pairs} does not lie in windows of {windows.length} bp")
    if "bigwig" in options.export and not {"chrom", "start"} <= set(windows.table):
        raise ValueError("the windows have no genome coordinates, so there is no bigWig to export")


def _target(run: Run, windows: Windows, task: str | None) -> tuple[int, int]:
    """The output's number in the model and its column in the data."""
    target = task_number(run, task)
    if len(run.tasks) == len(windows.tasks) == 1:
        return 0, 0
    if run.tasks[target] not in windows.tasks:
        raise ValueError(f"the data have no task {run.tasks[target]!r}: they have {listed(windows.tasks, 10)}")
    return target, windows.tasks.index(run.tasks[target])


def _rows(
    windows: Windows, column: int, options: AttributeOptions, regions: Sequence[tuple[str, int, int]]
) -> Integers:
    """Rows to attribute, in order."""
    allowed = np.ones(len(windows), dtype=bool)
    if options.cell_type is not None:
        if "cell_type" not in windows.table:
            raise ValueError(f"the windows are of no cell type, so none is of {options.cell_type!r}")
        allowed = (windows.table["cell_type"] == options.cell_type).to_numpy()
        if not allowed.any():
            known = ", ".join(sorted(set(windows.table["cell_type"].astype(str))))
            raise ValueError(f"no window is of cell type {options.cell_type!r}: there are {known}")
    chosen = np.zeros(len(windows), dtype=bool)
    sizes = chromosome_sizes(windows) or {}
    for region in regions:
        check_limit("LENGTH", region[2] - region[1], f"--plot {_spelt(region)}")
        if region[2] > sizes.get(region[0], region[2]):
            raise ValueError(f"--plot {_spelt(region)} ends past the end of {region[0]} ({sizes[region[0]]} bp)")
        within = allowed & _within(windows, *region)
        if not within.any():
            raise ValueError(f"no window of this split overlaps {_spelt(region)}")
        chosen |= within
    if not regions or options.top or options.export:
        chosen |= _labelled(windows, column, allowed, options)
    return np.flatnonzero(chosen)


def _labelled(windows: Windows, column: int, allowed: Booleans, options: AttributeOptions) -> Booleans:
    label = windows.labels[:, column]
    fits = {"positive": label == 1, "negative": label == 0, "all": np.ones(len(label), dtype=bool)}
    rows = np.flatnonzero(allowed & fits[options.only])
    if not len(rows):
        raise ValueError(
            f"none of the {len(windows)} windows is {options.only} for {windows.tasks[column]}: choose others, "
            "such as all"
        )
    if options.maximum is not None and len(rows) > options.maximum:
        rows = np.random.default_rng(options.seed).choice(rows, options.maximum, replace=False)
    chosen = np.zeros(len(windows), dtype=bool)
    chosen[rows] = True
    return chosen


def _spelt(region: tuple[str, int, int]) -> str:
    return f"{region[0]}:{region[1]}-{region[2]}"


def _notes(store: Store, options: AttributeOptions, regions: Sequence[tuple[str, int, int]]) -> tuple[str, ...]:
    """Tell of what is asked for and is not there."""
    notes = []
    if options.top:
        number = len(top_rows(store, options.top))
        if number < options.top:
            notes.append(f"--top {options.top}: there are {number} windows that do not overlap")
        if options.width > store.length and options.width != _WIDTH:
            notes.append(f"--width {options.width}: windows have {store.length} bp, all of which are shown")
    for region in regions:
        starts = store.table["start"].to_numpy(np.int64)[(store.table["chrom"] == region[0]).to_numpy()]
        starts = starts[(starts < region[2]) & (starts + store.length > region[1])]
        start, end = merge_intervals(np.maximum(starts, region[1]), np.minimum(starts + store.length, region[2]))
        blank = region[2] - region[1] - int((end - start).sum())
        if blank:
            notes.append(f"--plot {_spelt(region)}: {blank:,} bp of it lie in no window and are left blank")
    return tuple(notes)


def _within(windows: Windows, chrom: str, start: int, end: int) -> Booleans:
    table = windows.table
    if not {"chrom", "start"} <= set(table):
        raise ValueError("the windows have no genome coordinates: plot the top ones instead of a region")
    here = (table["chrom"] == chrom) & (table["start"] < end) & (table["start"] + windows.length > start)
    return here.fillna(False).to_numpy(dtype=bool)


def _exports(
    store: Store, windows: Windows, folder: Path, options: AttributeOptions, progress: Progress
) -> list[Path]:
    files: list[Path] = []
    if options.export:
        progress(Step(f"exporting {' and '.join(options.export)}"))
    if "bigwig" in options.export:
        files += export_bigwig(store, folder, sizes=chromosome_sizes(windows))
    if "modisco" in options.export:
        files += export_modisco(store, folder)
    return files


def _plots(
    store: Store,
    windows: Windows,
    folder: Path,
    options: AttributeOptions,
    regions: Sequence[tuple[str, int, int]],
    progress: Progress,
) -> list[Path]:
    files: list[Path] = []
    if regions or options.top:
        progress(Step("plotting", 0, len(regions) + options.top, "plots"))
    for chrom, start, end in regions:
        view = region_view(store, windows, chrom, start, end, cell_type=options.cell_type)
        files.append(folder / f"{chrom}_{start}-{end}.{options.image}".replace("/", "_"))
        save_window(view, files[-1])
    for place, row in enumerate(top_rows(store, options.top) if options.top else ()):
        files.append(folder / f"top_{place + 1:02d}.{options.image}")
        save_window(row_view(store, windows, int(row), width=options.width), files[-1])
    return files
