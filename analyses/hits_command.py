"""What `interpret hits` does: contribution scores of a run's windows or of a store, instances, tables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.attribute_run import STORE
from motiflens.analyses.hits import HitOptions, motif_hits
from motiflens.analyses.motifs.engines.scan_layout import bed_name, bed_score
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.motifs.too_wide import too_wide
from motiflens.interpret.adapter import adapt
from motiflens.interpret.store import open_store
from motiflens.models import types
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.files import write_with_record
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.provenance import file_hash, provenance
from motiflens.models.regions import Regions, open_regions, split_windows
from motiflens.models.run import Run, open_run, task_number
from motiflens.models.types import Codes, Floats

CHUNK = 256
_BED = ("chrom", "start", "end", "motif", "motif_alt", "strand", "q")


@dataclass(frozen=True)
class HitSource:
    """Where contribution scores come from.

    Attributes
    ----------
    where
        A run folder, a store, or a folder that `interpret attribute` made.
    regions
        A run's own windows, in place of the split.
    split, only
        Of the run's data: ``test``, ``valid``, ``train`` or ``all``; ``positive`` or ``all`` windows.
    task, method, seed
        Of a run: output, attribution method, seed.
    maximum
        Most windows, drawn at random.
    batch_size, device
        Windows at a time; where to compute.
    """

    where: Path
    regions: Regions
    split: str = "test"
    only: str = "positive"
    task: str | None = None
    method: str = "input_x_gradient"
    seed: int = 0
    maximum: int | None = None
    batch_size: int = 64
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        if self.only not in ("positive", "all"):
            raise ValueError(f"only must be positive or all, not {self.only!r}")
        check_numbers(self)


class _Contributions(NamedTuple):
    codes: Codes  # N, L
    importance: Floats  # N, L
    table: pd.DataFrame
    made_by: types.Json
    notes: tuple[str, ...] = ()  # of the data


def hits_command(
    source: HitSource,
    motifs: str,
    out: types.Path,
    options: HitOptions,
    *,
    bed: types.Path | None = None,
    counts: types.Path | None = None,
    open_data: Callable[[Run], Dataset] | None = None,
    progress: Progress = silent,
) -> types.Json:
    """Call motif instances and write them; return the record that is written beside the table.

    Parameters
    ----------
    source
        See `HitSource`.
    motifs
        Motif file, or JASPAR by name.
    out, bed, counts
        Table (TSV), BED with genome coordinates, and table of instances by window and motif.
    options
        See `HitOptions`.
    open_data
        Opens the data of a run.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    found_motifs = read_motifs(motifs)
    contributions = _contributions(source, open_data, progress)
    every = motif_hits(
        contributions.codes, contributions.importance, found_motifs, replace(options, fdr=1.0), progress
    )
    table = every[every["q"] <= options.fdr].reset_index(drop=True)
    placed = with_places(table, contributions.table)
    if bed is not None and "chrom" not in placed:
        raise ValueError("these windows have no coordinates: no BED file can be written")
    record: types.Json = {
        "hits": len(table),
        "windows": len(contributions.codes),
        "windows_with_hits": int(table["window"].nunique()),
        "motifs": len(found_motifs),
        "motif_file": motifs,
        "fdr": options.fdr,
        "candidates": len(every),
        "best": None if every.empty else _best(with_places(every, contributions.table)),
        "notes": [*contributions.notes, *too_wide(found_motifs, contributions.codes.shape[1])],
        **contributions.made_by,
    }
    with ExitStack() as stack:  # all files, or none
        part = stack.enter_context(write_with_record(out, record))
        placed.to_csv(part, sep="\t", index=False, float_format="%.6g")
        if bed is not None:
            _write_bed(stack.enter_context(write_with_record(bed, record)), placed)
        if counts is not None:
            part = stack.enter_context(write_with_record(counts, record))
            _counted(table, contributions.table).to_csv(part, sep="\t", index=False)
    return record


def _best(placed: pd.DataFrame) -> types.Json:
    """The candidate of the smallest q, of these the one of the largest score."""
    first = placed.sort_values(["q", "score"], ascending=[True, False], kind="stable").iloc[0]
    place = f"{first['chrom']}:{first['start']}-{first['end']}" if "chrom" in placed else str(first["name"])
    return {"q": float(first["q"]), "motif": first["motif_alt"] or first["motif"], "place": place}


def no_hits(record: types.Json) -> str:
    """Say why no instance was called, from the record of `hits_command`.

    Examples
    --------
    >>> best = {"q": 0.11, "motif": "FKH1", "place": "chrI:5-25"}
    >>> no_hits({"candidates": 552, "best": best, "fdr": 0.05}).partition(". ")[0]
    'no instance has q <= 0.05: the best of 552 candidates is FKH1 at chrI:5-25, q = 0.11'
    """
    if record["best"] is None:
        return "no place looks like any of the motifs (--similarity): the model may not read the bases at all"
    count, best = record["candidates"], record["best"]
    return (
        f"no instance has q <= {record['fdr']:g}: the best of {count:,} candidates is {best['motif']} at "
        f"{best['place']}, q = {best['q']:.2g}. Other bases under the same contributions match as well: the model "
        "reads the motif little, or too few windows hold it; interpret marginalize measures how much it reads it"
    )


def _counted(table: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Instances by window (rows, by name) and motif."""
    names = windows["name"].astype(str).to_numpy()
    wide = pd.crosstab(table["window"], table["motif"]).reindex(range(len(names)), fill_value=0)
    wide.insert(0, "name", names)
    return wide


def with_places(table: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Add the windows' names, and put places on the genome where these are known."""
    rows = table["window"].to_numpy()
    placed = table.copy()
    placed.insert(1, "name", windows["name"].astype(str).to_numpy()[rows] if len(rows) else [])
    if "chrom" in windows and not windows["chrom"].isna().any():
        placed.insert(0, "chrom", windows["chrom"].to_numpy()[rows])
        first = windows["start"].to_numpy(dtype=np.int64)[rows]
        placed["start"] += first
        placed["end"] += first
    return placed


def _write_bed(path: Path, placed: pd.DataFrame) -> None:
    ordered = placed.drop_duplicates(["chrom", "start", "end", "strand", "motif"])
    ordered = ordered.sort_values(["chrom", "start", "end"], kind="stable")
    with path.open("w", encoding="utf-8", newline="") as file:
        for chrom, start, end, motif, alt, strand, q in ordered[list(_BED)].to_numpy().tolist():
            file.write(f"{chrom}\t{start}\t{end}\t{bed_name(motif, alt)}\t{bed_score(q)}\t{strand}\n")


def _contributions(
    source: HitSource, open_data: Callable[[Run], Dataset] | None, progress: Progress
) -> _Contributions:
    store = source.where / STORE if (source.where / STORE).is_file() else source.where
    if store.is_file():
        return _of_store(store)
    run = open_run(source.where)
    run.model.to(source.device)
    if source.regions:
        own = open_regions(run, source.regions)
        windows, made_by, notes = own.windows, {"data": own.source, "data_hash": own.hash}, own.notes
        rows = np.arange(len(windows))
    else:
        if open_data is None:
            raise ValueError("no windows are named: give --bed, --fasta or --locus")
        dataset = open_data(run)
        windows = split_windows(dataset, source.split)
        check_run_fits(run, windows)
        made_by, notes = {"data": dataset.source, "data_hash": dataset.hash}, dataset.notes
        rows = _rows(run, windows, source)
    if source.maximum is not None and len(rows) > source.maximum:
        rows = np.sort(np.random.default_rng(source.seed).choice(rows, source.maximum, replace=False))
    if not len(rows):
        raise ValueError(f"no window of the split {source.split} is labelled positive: add --only all")
    adapter, target = adapt(run.model), task_number(run, source.task)
    codes, tracks = [], []
    progress(Step("attributing", 0, len(rows)))
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        batch = windows.read(some)
        meta = batch.meta if run.model.meta else None
        result = adapter.attribute(
            batch.x,
            method=source.method,
            target=target,
            meta=meta,
            seed=source.seed,
            batch_size=source.batch_size,
        )
        tracks.append(result.scores[:, :4].sum(axis=1))
        codes.append(windows.codes(some))
        progress(Step("attributing", start + len(some), len(rows)))
    made_by = provenance(seed=source.seed, weights_hash=run.weights_hash, **made_by)
    made_by |= {"method": source.method, "task": run.tasks[target]}
    table = windows.table.iloc[rows].reset_index(drop=True)
    return _Contributions(np.concatenate(codes), np.concatenate(tracks), table, made_by, notes)


def _rows(run: Run, windows: Windows, source: HitSource) -> types.Integers:
    if source.only == "all":
        return np.arange(len(windows))
    target = task_number(run, source.task)
    name = run.tasks[target]
    column = windows.tasks.index(name) if name in windows.tasks else min(target, len(windows.tasks) - 1)
    return np.flatnonzero(windows.labels[:, column] == 1)


def _of_store(path: Path) -> _Contributions:
    with open_store(path) as store:
        every = slice(0, len(store))
        made_by = provenance(data=str(path), data_hash=file_hash(path)) | {
            "method": store.method,
            "task": store.task,
        }
        table = store.table.copy()
        if "name" not in table:
            table["name"] = table["row"].astype(str)
        return _Contributions(store.codes[every], store.importance(every), table, made_by)
