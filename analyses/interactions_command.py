"""What `interpret interactions` does: windows, motifs, test, table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from motiflens.analyses.apart import apart
from motiflens.analyses.interactions import InteractionOptions, interactions
from motiflens.analyses.marginalize import Model, backgrounds_of
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.motifs.too_wide import too_wide
from motiflens.models import types
from motiflens.models.amount import amount
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.files import write_with_record
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, silent
from motiflens.models.provenance import provenance
from motiflens.models.regions import Regions, open_regions, split_windows
from motiflens.models.run import Run, open_run, task_number


@dataclass(frozen=True)
class InteractionSource:
    """Which windows are tested, and where.

    Attributes
    ----------
    regions, split, only, maximum
        A user's own windows, or a split's, labelled ``positive`` or ``all``; most of them, drawn at random.
    task, batch_size, device
        Output by name; windows at a time; where to compute.
    """

    regions: Regions = field(default_factory=Regions)
    split: str = "test"
    only: str = "positive"
    maximum: int = 200
    task: str | None = None
    batch_size: int = 64
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        if self.only not in ("positive", "all"):
            raise ValueError(f"only must be positive or all, not {self.only!r}")
        check_numbers(self)


def interactions_command(
    run: types.Path,
    motifs: str,
    out: types.Path,
    source: InteractionSource,
    options: InteractionOptions,
    *,
    open_data: Callable[[Run], Dataset] | None = None,
    progress: Progress = silent,
) -> types.Json:
    """Test pairs of motifs and write them; return the record that is written beside the table.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    known = read_motifs(motifs)
    opened = open_run(run)
    opened.model.to(source.device)
    model = Model(opened, task_number(opened, source.task), source.batch_size)
    windows, made_by, notes = _windows(opened, source, open_data)
    windows, dropped = _apart(windows, options.seed)
    if dropped:
        notes = (
            *notes,
            f"{amount(dropped, 'window')} overlapping others left out: they hold the same sites again",
        )
    given = backgrounds_of(windows, "given", source.maximum, seed=options.seed)
    table = interactions(model, known, given, options, progress)
    record: types.Json = {
        "pairs": len(table),
        "significant": int((table[["q", "fdr"]].max(axis=1) <= 0.05).sum()),
        "families": len(set(table["first"]) | set(table["second"])),
        "windows": len(given),
        "method": options.method,
        "motif_file": motifs,
        "task": opened.tasks[model.target],
        "notes": [*notes, *too_wide(known, windows.length)],
        **provenance(seed=options.seed, weights_hash=opened.weights_hash, **made_by),
    }
    with write_with_record(out, record) as part:
        table.to_csv(part, sep="\t", index=False, float_format="%.6g", na_rep="NA")
    return record


def _apart(windows: Windows, seed: int) -> tuple[Windows, int]:
    """Return those windows that overlap no other, in a random order's first come, and how many are left out."""
    if not {"chrom", "start"} <= set(windows.table.columns):
        return windows, 0
    order = np.random.default_rng(seed).permutation(len(windows)).tolist()
    kept = np.sort(np.array(apart(windows.table, order, windows.length), dtype=np.int64))
    return windows.subset(kept), len(windows) - len(kept)


def _windows(
    run: Run, source: InteractionSource, open_data: Callable[[Run], Dataset] | None
) -> tuple[Windows, dict[str, str], tuple[str, ...]]:
    if source.regions:
        own = open_regions(run, source.regions)
        return own.windows, {"data": own.source, "data_hash": own.hash}, own.notes
    if open_data is None:
        raise ValueError("no windows are named: give --bed, --fasta or --locus")
    dataset = open_data(run)
    windows = split_windows(dataset, source.split)
    check_run_fits(run, windows)
    if source.only == "positive":
        name = run.tasks[task_number(run, source.task)]
        column = windows.tasks.index(name) if name in windows.tasks else 0
        windows = windows.subset(np.flatnonzero(windows.labels[:, column] == 1))
        if not len(windows):
            raise ValueError(f"no window of the split {source.split} is labelled positive: add --only all")
    return windows, {"data": dataset.source, "data_hash": dataset.hash}, dataset.notes
