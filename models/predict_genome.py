"""Predicting a whole genome in parts, on as many processes or machines as there are, to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.hashing import content_hash, dataset_hash
from motiflens.models.executor import Workers, crew
from motiflens.models.files import write_whole
from motiflens.models.genome_source import GenomeSource, TileRange, open_genome_source, tile_ranges, tiles_of
from motiflens.models.parts import make_parts, part_file
from motiflens.models.predict import Chunk, PredictOptions, predict_bins
from motiflens.models.progress import Progress, silent
from motiflens.models.run import Run, open_run
from motiflens.models.strands import strand_merge

PART = 8192  # bins of a part, at least


@dataclass(frozen=True)
class GenomeRequest:
    """What to predict a genome from; picklable, so that workers open it themselves.

    Attributes
    ----------
    run
        The run folder.
    source, genome, blacklist, cell_type, bin_size
        See `open_genome_source`.
    step
        Distance between bins, in bp.
    chromosomes
        Names; all by default.
    how
        See `PredictOptions`.
    factors
        Signals and by what they are multiplied (see `data_factors`).
    """

    run: str
    source: str | None = None
    genome: str | None = None
    blacklist: str | None = None
    cell_type: str | None = None
    bin_size: int | None = None
    step: int = 200
    chromosomes: tuple[str, ...] = ()
    how: PredictOptions = field(default_factory=PredictOptions)
    factors: tuple[tuple[str, float], ...] = ()

    def open_source(self, run: Run) -> GenomeSource:
        """Open what the windows are read from."""
        source = open_genome_source(
            run,
            self.source,
            genome=self.genome,
            blacklist=self.blacklist,
            cell_type=self.cell_type,
            bin_size=self.bin_size,
        )
        return replace(source, factors=dict(self.factors))


@dataclass(frozen=True)
class GenomePart:
    """Some bins of a genome.

    Attributes
    ----------
    request
        What they are part of.
    content
        Hash of weights and data, so that what a worker has open is known to be the same.
    ranges
        Which bins.
    file
        ``.npy`` with their probabilities, (n, T) float32, in order.
    """

    request: GenomeRequest
    content: str
    ranges: tuple[TileRange, ...]
    file: Path

    @property
    def size(self) -> int:
        """Bins, those that are mostly N included."""
        return sum(part.stop - part.first for part in self.ranges)


def predict_genome(
    request: GenomeRequest,
    folder: types.Path,
    *,
    workers: Workers | None = None,
    progress: Progress = silent,
) -> Iterator[Chunk]:
    """Predict the bins of a genome, blacklisted ones as 0; yield them in order once all are made.

    Parameters
    ----------
    request
        What to predict. Its paths must mean the same on every worker.
    folder
        Where parts wait, a file each (see `parts_folder`), which workers must be able to write to. Those that are
        there already, of the same weights, data and options, are not made again.
    workers
        Who works; this process by default. The result does not depend on it.
    progress
        Told how many bins are done.

    Raises
    ------
    ValueError
        See `open_genome_source` and `make_parts`.
    """
    run = open_run(request.run)
    source = request.open_source(run)
    parts = _parts(request, run, source, Path(folder))
    with crew(workers or Workers()) as team:
        make_parts(_predict_part, parts, team, progress, stage="predicting")
    _opened.cache_clear()
    return _read(parts, source, request.step)


def part_count(request: GenomeRequest, source: GenomeSource) -> int:
    """Return into how many parts a request falls: no more workers than that have anything to do."""
    return len(_grouped(request, source))


def _grouped(request: GenomeRequest, source: GenomeSource) -> list[tuple[TileRange, ...]]:
    groups: list[tuple[TileRange, ...]] = []
    group: list[TileRange] = []
    for tiles in tile_ranges(source, request.step, request.chromosomes):
        group.append(tiles)
        if sum(part.stop - part.first for part in group) >= PART:
            groups.append(tuple(group))
            group = []
    return [*groups, tuple(group)] if group else groups


def _parts(request: GenomeRequest, run: Run, source: GenomeSource, folder: Path) -> list[GenomePart]:
    black = content_hash(request.blacklist) if request.blacklist is not None else ""
    opened = source.opened
    data = source.genome.hash if opened is None else dataset_hash(opened.spec.files(), opened.options.given())
    content = " ".join([str(run.weights_hash), data, black])
    merge = strand_merge(run.config, request.how.average_strands)
    how = (merge, request.how.batch_size, run.config.get("training", {}))
    what = (content, source.cell, source.bin, source.length, request.step, *how, *request.factors)
    return [
        GenomePart(
            request,
            content,
            ranges,
            part_file(
                folder, f"{source.genome.names[ranges[0].chrom]}_{ranges[0].first * request.step}", ranges, *what
            ),
        )
        for ranges in _grouped(request, source)
    ]


@lru_cache(maxsize=1)
def _opened(request: GenomeRequest, content: str) -> tuple[Run, GenomeSource]:
    run = open_run(request.run)
    return run, request.open_source(run)


def _predict_part(part: GenomePart) -> None:
    run, source = _opened(part.request, part.content)
    bins = tiles_of(source, part.request.step, part.ranges)
    parts = [chunk.probabilities for chunk in predict_bins(run, source, bins, part.request.how)]
    made = np.concatenate(parts) if parts else np.zeros((0, len(run.tasks)), dtype=np.float32)
    with write_whole(part.file) as path, path.open("wb") as file:
        np.save(file, made)


def _read(parts: list[GenomePart], source: GenomeSource, step: int) -> Iterator[Chunk]:
    names = np.asarray(source.genome.names, dtype=object)
    for part in parts:
        made = np.load(part.file)
        done = 0
        for chrom, first in tiles_of(source, step, part.ranges):
            table = pd.DataFrame({"chrom": names[chrom], "start": first, "end": first + source.bin})
            yield Chunk(table, made[done : done + len(first)])
            done += len(first)
