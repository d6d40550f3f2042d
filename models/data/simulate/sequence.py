"""Sequencing the world: DNase, controls and ChIP in each cell type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from motiflens.models.data.simulate import files
from motiflens.models.data.simulate.elements import CLOSED
from motiflens.models.data.simulate.factors import factors
from motiflens.models.data.simulate.genes import CELL_TYPES
from motiflens.models.data.simulate.occupancy import FAINT
from motiflens.models.data.simulate.peaks import call_peaks
from motiflens.models.data.simulate.sequence_apart import sequence_apart
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.data.simulate.tracks import STEP, chip, control, dnase, expected, footprints
from motiflens.models.data.simulate.world import STAGE, World
from motiflens.models.progress import Progress, Step
from motiflens.models.types import Doubles, Floats, Integers

_BIN = 50  # bp per weight of background fragments
_UNIT = 1000  # whole weights per unit
_NAKED = 0.02  # of the cuts of fully open chromatin, which DNase makes where it is closed
_HOT = 3  # % of the open elements that every antibody seems to pull down: false peaks


def sequence(folder: Path, world: World, progress: Progress) -> None:
    """Write the DNase tracks, the fold-change tracks and the peaks; the second cell type beside the first one."""
    first, second = range(len(CELL_TYPES))
    with sequence_apart(folder, world, second) as apart:
        share = 60 if apart.begun else 30  # %
        sequence_cell(folder, world, first, lambda done, what: progress(_step(40 + share * done, what)))
        if apart.done():
            return
    sequence_cell(folder, world, second, lambda done, what: progress(_step(70 + 30 * done, what)))


def _step(percent: float, what: str) -> Step:
    return Step(STAGE, round(percent), 100, "%", what)


def _untold(done: float, what: str) -> None:
    pass


def sequence_cell(folder: Path, world: World, cell: int, tell: Callable[[float, str], None] = _untold) -> None:
    """Write the tracks and peaks of a cell type; `tell` hears which share is done, and what comes."""
    name = CELL_TYPES[cell]
    mappable = (world.copies == 1).astype(np.int64)  # reads that map to several places are thrown away
    sums = np.concatenate([[0], np.cumsum(mappable)])
    tell(0.0, f"DNase in {name}")
    files.write_runs(folder / "dnase" / f"{name}.bw", world.genome, _cut(world, cell, mappable))
    quiet, drawn = _attraction(world, cell, mappable, _hot_spots(world))
    total = len(world.genome.codes)
    against = expected(control(quiet, _BIN, total, Stream(world.seed, f"control {name}")))
    for i, factor in enumerate(factors()):
        tell((5 + 3 * i) / 30, f"ChIP of {factor.name} in {name}")
        seen = world.bound[:, cell] >= FAINT
        own = np.flatnonzero((world.sites["factor"] == factor.name).to_numpy() & seen)
        stream = Stream(world.seed, f"ChIP {factor.name} {name}")
        strengths = _strengths(world, own, cell, sums, stream)
        pileup = chip(drawn, _BIN, world.middles[own], strengths, against, total, stream)
        label = f"{factor.name}.{name}"
        files.write_bigwig(folder / "fold_change" / f"{label}.bw", world.genome, pileup.fold_change, STEP)
        files.write_narrow_peaks(folder / "peaks" / f"{label}.narrowPeak", world.genome, call_peaks(pileup), label)


def _cut(world: World, cell: int, mappable: Integers) -> Floats:
    """DNase track of a cell type."""
    weights = np.rint((world.access[cell].astype(np.float64) + _NAKED) * _UNIT).astype(np.int64) * mappable
    seen = (world.bound[:, cell] >= FAINT) & (world.sites["kind"] != "tethered").to_numpy()
    starts, ends = (world.sites[column].to_numpy()[seen] for column in ("start", "end"))
    weights = footprints(weights, starts, ends, world.bound[seen, cell])
    return dnase(weights, Stream(world.seed, f"DNase {CELL_TYPES[cell]}"))


def _attraction(world: World, cell: int, mappable: Integers, hot: Doubles) -> tuple[Integers, Integers]:
    """How many background fragments each bin gives to a control, and to a ChIP experiment.

    Open chromatin is sheared more easily; satellites, of which the assembly holds too few copies, give too many
    fragments to both, but not by the same factor, which the blacklist is for.
    """
    is_open = world.access[cell].reshape(-1, _BIN).mean(axis=1, dtype=np.float64)
    base = mappable.reshape(-1, _BIN).sum(axis=1)
    artefact = np.zeros(len(base))
    for start, end in world.satellites:
        artefact[start // _BIN : end // _BIN] = _BIN
    quiet = base * (1 + 0.5 * is_open) + 3 * artefact
    drawn = base * (1 + is_open + hot * is_open) + 6 * artefact
    return np.rint(quiet * _UNIT).astype(np.int64), np.rint(drawn * _UNIT).astype(np.int64)


def _strengths(world: World, own: Integers, cell: int, sums: Integers, stream: Stream) -> Integers:
    """How much each site yields, in 1/1000 of a full one: occupancy, mappability around it, and chance.

    `sums` are of mappable bases before each one.
    """
    start = world.sites["start"].to_numpy()[own]
    unique = (sums[start + 100] - sums[start - 100]) / 200
    efficiency = np.exp2(0.6 * stream.normal(len(own)))
    return np.rint(_UNIT * world.bound[own, cell] * unique * efficiency).astype(np.int64)


def _hot_spots(world: World) -> Doubles:
    """How much each bin attracts any antibody: a few open elements do."""
    stream = Stream(world.seed, "hot spots")
    rates = np.zeros(len(world.genome.codes) // _BIN)
    chosen = stream.integers(0, 100, len(world.elements)) < _HOT
    for i in np.flatnonzero(chosen & (world.elements.kind != CLOSED)).tolist():
        centre, half = int(world.elements.centre[i]), int(world.elements.half[i])
        rates[(centre - half) // _BIN : (centre + half) // _BIN] = 8.0
    return rates
