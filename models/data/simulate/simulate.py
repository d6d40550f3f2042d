"""A whole simulated data set: genome, chromatin, binding, sequencing, and the truth beside it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.simulate import files
from motiflens.models.data.simulate.elements import (
    CLOSED,
    KINDS,
    Elements,
    accessibility,
    open_elements,
    place_elements,
)
from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, RELEASE, factors
from motiflens.models.data.simulate.genes import CELL_TYPES, PARTS, Genes, add_genes
from motiflens.models.data.simulate.genome import Genome, bare_genome
from motiflens.models.data.simulate.occupancy import BOUND, FAINT, occupancy, thresholds
from motiflens.models.data.simulate.peaks import call_peaks
from motiflens.models.data.simulate.presets import Preset, preset_named
from motiflens.models.data.simulate.repeats import add_repeats, uniqueness
from motiflens.models.data.simulate.sites import SPACING, Planting, find_sites, plant, shuffled
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.data.simulate.tracks import STEP, chip, control, dnase, footprints
from motiflens.models.files import write_text

Progress = Callable[[str, float], None]  # what is being done, and how much of all is done, 0 … 1
_BIN = 50  # bp per weight of background fragments
_UNIT = 1000  # whole weights per unit
_HOT = 3  # % of the open elements that every antibody seems to pull down: false peaks


@dataclass(eq=False)
class _World:
    """Everything that is known before sequencing."""

    preset: Preset
    seed: int
    genome: Genome
    genes: Genes
    elements: Elements
    planting: Planting
    sites: pd.DataFrame
    bound: types.Doubles  # sites, cell types
    access: types.Floats  # cell types, total
    copies: types.Integers  # total: of the 35-mer that starts there
    satellites: list[tuple[int, int]]


def simulate(out: types.Path, *, preset: str = "small", seed: int = 0, progress: Progress | None = None) -> Path:
    """Simulate a regulatory genome and write it as a data set.

    Parameters
    ----------
    out
        A folder that does not exist yet, or is empty. It appears whole or not at all.
    preset
        ``small`` (4.5 Mb) or ``paper`` (60 Mb).
    seed
        The same seed gives the same files.
    progress
        Called as it goes.

    Returns
    -------
    Path
        The folder; its ``dataset.toml`` opens with `open_dataset`, its ``truth/sites.bed`` holds every site.

    Raises
    ------
    ValueError
        If `out` holds something, or the preset or the seed is none.
    """
    wanted = preset_named(preset)
    if not 0 <= seed < 2**63:
        raise ValueError(f"the seed is {seed}: expected a whole number from 0 to 2^63 - 1")
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} exists and is not an empty folder: choose another, or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        tell: Progress = progress or (lambda _what, _share: None)
        world = _grow(wanted, seed, tell)
        _write_world(part, world)
        _sequence(part, world, tell)
        part.chmod(0o755)
        if target.exists():
            target.rmdir()
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _grow(preset: Preset, seed: int, tell: Progress) -> _World:
    """Make the genome and all that binds to it."""
    tell("background", 0.0)
    genome = bare_genome(preset, seed)
    tell("repeats", 0.1)
    satellites = add_repeats(genome, seed)
    tell("genes and elements", 0.15)
    genes = add_genes(genome, preset, seed)
    elements = place_elements(genome, genes, preset, seed)
    planting = plant(genome, elements, seed)
    open_elements(elements, planting.lineage, seed)
    tell("sites", 0.25)
    access = accessibility(elements, len(genome.codes))
    sites, bound = _bind(genome, planting, access)
    tell("uniqueness", 0.35)
    copies = uniqueness(genome.codes)
    return _World(preset, seed, genome, genes, elements, planting, sites, bound, access, copies, satellites)


def _bind(genome: Genome, planting: Planting, access: types.Floats) -> tuple[pd.DataFrame, types.Doubles]:
    """Find all sites and how often each is bound; unbound ones that were not planted are kept if strong."""
    sites = find_sites(genome, planting, thresholds())
    middle = ((sites["start"] + sites["end"]) // 2).to_numpy()
    bound = occupancy(sites, access[:, middle])
    half = sites["factor"].map({factor.name: factor.half for factor in factors()}).to_numpy()
    strong = (sites["kind"] != "chance").to_numpy() | (sites["score"].to_numpy() >= half)
    kept = np.flatnonzero(strong | (bound.max(axis=1) >= FAINT))
    return sites.iloc[kept].reset_index(drop=True), bound[kept]


def _write_world(folder: Path, world: _World) -> None:
    genome = world.genome
    files.write_fasta(folder / "genome.fa", genome)
    unique = np.zeros(len(world.copies), dtype=np.float32)
    np.divide(1.0, world.copies, out=unique, where=world.copies > 0, casting="same_kind")
    files.write_runs(folder / "uniqueness.bw", genome, np.round(unique, 4))
    files.write_intervals(folder / "blacklist.bed", genome, world.satellites)
    for part in PARTS:
        files.write_intervals(folder / "annotations" / f"{part}.bed", genome, world.genes.parts[part])
    table = world.genes.expression.to_csv(sep="\t", float_format="%.2f", lineterminator="\n")
    write_text(folder / "expression.tsv", table)
    _write_truth(folder / "truth", world)
    write_text(folder / "dataset.toml", _toml(world.preset, world.seed))


def _write_truth(folder: Path, world: _World) -> None:
    sites, bound = world.sites, world.bound
    cells = ",".join(CELL_TYPES)
    files.write_bed(
        folder / "sites.bed",
        world.genome,
        sites["start"].to_numpy(),
        sites["end"].to_numpy(),
        [
            sites["factor"],
            [round(1000 * float(best)) for best in bound.max(axis=1)],
            sites["strand"],
            [f"{score / MILLIBITS:.3f}" for score in sites["score"].tolist()],
            sites["kind"],
            [",".join(f"{value:.3f}" for value in row) for row in bound.tolist()],
            [
                ",".join(cell for cell, x in zip(CELL_TYPES, row, strict=True) if x >= BOUND) or "."
                for row in bound
            ],
        ],
        f"#chrom\tstart\tend\tname\tscore\tstrand\taffinity\tkind\toccupancy:{cells}\tbound\n",
    )
    decoys = sorted(world.planting.decoys)
    files.write_bed(
        folder / "decoys.bed",
        world.genome,
        np.array([decoy[0] for decoy in decoys], dtype=np.int64),
        np.array([decoy[1] for decoy in decoys], dtype=np.int64),
        [[decoy[2] for decoy in decoys], ["0"] * len(decoys), [decoy[3] for decoy in decoys]],
        "#chrom\tstart\tend\tname\tscore\tstrand\n",
    )
    elements = world.elements
    reach = elements.half + elements.half // 2
    files.write_bed(
        folder / "elements.bed",
        world.genome,
        elements.centre - reach,
        elements.centre + reach + 1,
        [
            [KINDS[kind] for kind in elements.kind],
            [round(1000 * float(best)) for best in elements.access.max(axis=1)],
            ["."] * len(elements),
            [",".join(f"{value:.3f}" for value in row) for row in elements.access.tolist()],
        ],
        f"#chrom\tstart\tend\tname\tscore\tstrand\taccessibility:{cells}\n",
    )
    names = {factor.matrix: factor.name for factor in factors()}
    files.write_meme(folder / "motifs.meme", {factor.matrix: factor.ppm for factor in factors()}, names)
    files.write_meme(
        folder / "shuffled.meme",
        {f"shuffled_{factor.name}": shuffled(factor) for factor in factors()},
        {f"shuffled_{factor.name}": factor.matrix for factor in factors()},
    )
    record = {
        "preset": world.preset.name,
        "seed": world.seed,
        "jaspar": RELEASE,
        "factors": {factor.name: factor.matrix for factor in factors()},
        "cell_types": list(CELL_TYPES),
        "bound_from_occupancy": BOUND,
        "pair": {"factor": PAIR[0], "partner": PAIR[1], "gap_bp": list(SPACING)},
    }
    write_text(folder / "simulation.json", json.dumps(record, indent=2) + "\n")


def _toml(preset: Preset, seed: int) -> str:
    quoted = [f'"{name}"' for name in preset.valid], [f'"{name}"' for name in preset.test]
    lines = [
        f'name = "simulated ({preset.name}, seed {seed})"',
        '[genome]\nfasta = "genome.fa"\nblacklist = "blacklist.bed"',
        f"[windows]\nlength = {preset.length}\nbin = {preset.bin}\nstride = {preset.stride}",
        'labelling = "deepsea"',
        f"[splits]\nvalid = [{', '.join(quoted[0])}]\ntest = [{', '.join(quoted[1])}]",
        '[signals]\nuniqueness = "uniqueness.bw"',
        "[annotations]",
        *(f'{part} = "annotations/{part}.bed"' for part in PARTS),
        '[expression]\ntable = "expression.tsv"\ncomponents = 8',
        *(f'[[cell_types]]\nname = "{cell}"\naccessibility = "dnase/{cell}.bw"' for cell in CELL_TYPES),
    ]
    for factor in factors():
        for cell in CELL_TYPES:
            lines += [
                f'[[experiments]]\ntf = "{factor.name}"\ncell_type = "{cell}"',
                f'peaks = "peaks/{factor.name}.{cell}.narrowPeak"',
                f'fold_change = "fold_change/{factor.name}.{cell}.bw"',
            ]
    return "\n".join(lines) + "\n"


def _sequence(folder: Path, world: _World, tell: Progress) -> None:
    """Sequence everything: DNase, controls and ChIP in each cell type."""
    genome, sites = world.genome, world.sites
    total = len(genome.codes)
    mappable = (world.copies == 1).astype(np.int64)
    middle = ((sites["start"] + sites["end"]) // 2).to_numpy()
    hot = _hot_spots(world)
    for cell, name in enumerate(CELL_TYPES):
        tell(f"DNase in {name}", 0.4 + 0.3 * cell)
        access = world.access[cell]
        seen = world.bound[:, cell] >= FAINT
        cut = footprints(
            np.rint((access.astype(np.float64) + 0.02) * _UNIT).astype(np.int64) * mappable,
            sites["start"].to_numpy()[seen],
            sites["end"].to_numpy()[seen],
            world.bound[seen, cell],
        )
        files.write_runs(folder / "dnase" / f"{name}.bw", genome, dnase(cut, Stream(world.seed, f"DNase {name}")))
        open_bins = access.reshape(-1, _BIN).mean(axis=1, dtype=np.float64)
        base = mappable.reshape(-1, _BIN).sum(axis=1)
        artefact = np.zeros(total // _BIN)
        for start, end in world.satellites:
            artefact[start // _BIN : end // _BIN] = _BIN
        against = control(
            np.rint((base * (1 + 0.5 * open_bins) + 3 * artefact) * _UNIT).astype(np.int64),
            _BIN,
            total,
            Stream(world.seed, f"control {name}"),
        )
        weights = np.rint((base * (1 + open_bins + hot * open_bins) + 6 * artefact) * _UNIT).astype(np.int64)
        for i, factor in enumerate(factors()):
            tell(f"ChIP of {factor.name} in {name}", 0.45 + 0.3 * cell + 0.03 * i)
            own = np.flatnonzero((sites["factor"] == factor.name).to_numpy() & (world.bound[:, cell] >= FAINT))
            stream = Stream(world.seed, f"ChIP {factor.name} {name}")
            strengths = _strengths(world, own, cell, mappable, stream)
            pileup = chip(weights, _BIN, middle[own], strengths, against, total, stream)
            label = f"{factor.name}.{name}"
            files.write_bigwig(folder / "fold_change" / f"{label}.bw", genome, pileup.fold_change, STEP)
            files.write_narrow_peaks(folder / "peaks" / f"{label}.narrowPeak", genome, call_peaks(pileup), label)


def _strengths(
    world: _World, own: types.Integers, cell: int, mappable: types.Integers, stream: Stream
) -> types.Integers:
    """How much each site yields, in 1/1000 of a full one: occupancy, mappability around it, and chance."""
    sums = np.concatenate([[0], np.cumsum(mappable)])
    start = world.sites["start"].to_numpy()[own]
    unique = (sums[start + 100] - sums[start - 100]) / 200
    efficiency = np.exp2(0.6 * stream.normal(len(own)))
    return np.rint(_UNIT * world.bound[own, cell] * unique * efficiency).astype(np.int64)


def _hot_spots(world: _World) -> types.Doubles:
    """How much each bin attracts any antibody: a few open elements do."""
    stream = Stream(world.seed, "hot spots")
    found = np.zeros(len(world.genome.codes) // _BIN)
    chosen = stream.integers(0, 100, len(world.elements)) < _HOT
    for i in np.flatnonzero(chosen & (world.elements.kind != CLOSED)).tolist():
        centre, half = int(world.elements.centre[i]), int(world.elements.half[i])
        found[(centre - half) // _BIN : (centre + half) // _BIN] = 8.0
    return found
