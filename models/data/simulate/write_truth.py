"""Writing the truth: what is bound, where chromatin is open, and what was put there to mislead."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from motiflens.models.data.simulate import files
from motiflens.models.data.simulate.elements import KINDS
from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, RELEASE, factors
from motiflens.models.data.simulate.genes import CELL_TYPES
from motiflens.models.data.simulate.occupancy import BOUND
from motiflens.models.data.simulate.read_sites import read_sites
from motiflens.models.data.simulate.rule_table import rule_table
from motiflens.models.data.simulate.sites import shuffled
from motiflens.models.data.simulate.world import World
from motiflens.models.files import write_text
from motiflens.models.types import Doubles, Json

_CELLS = ",".join(CELL_TYPES)


def write_truth(folder: Path, world: World, *, rules: bool = False) -> None:
    """Write the folder ``truth``.

    ``sites.bed``
        Every site of every factor (see `read_sites`); its score is 1000 times the larger occupancy.
    ``decoys.bed``
        Half sites and sites of matrices with shuffled columns.
    ``elements.bed``
        Regulatory elements with their accessibility in each cell type.
    ``motifs.meme``, ``shuffled.meme``
        The matrices that sites and decoys were drawn from.
    ``simulation.json``
        Preset, seed, JASPAR release, and the rules of binding.
    ``grammar.tsv``
        With `rules`: the sites of the factor that has a rule, their partners, and whether it is satisfied (see
        `rule_table`).
    """
    _write_sites(folder / "sites.bed", world)
    _write_decoys(folder / "decoys.bed", world)
    _write_elements(folder / "elements.bed", world)
    names = {factor.matrix: factor.name for factor in factors()}
    files.write_meme(folder / "motifs.meme", {factor.matrix: factor.ppm for factor in factors()}, names)
    files.write_meme(
        folder / "shuffled.meme",
        {f"shuffled_{factor.name}": shuffled(factor) for factor in factors()},
        {f"shuffled_{factor.name}": factor.matrix for factor in factors()},
    )
    record: Json = {
        "preset": world.preset.name,
        "seed": world.seed,
        "jaspar": RELEASE,
        "factors": {factor.name: factor.matrix for factor in factors()},
        "cell_types": list(CELL_TYPES),
        "bound_from_occupancy": BOUND,
        "pair": {"factor": PAIR[0], "partner": PAIR[1], "gap_bp": list(world.grammar.distance)},
    }
    if rules:
        record["grammar"] = {"name": world.grammar.name, "rule": world.grammar.words}
        table = rule_table(read_sites(folder.parent), world.grammar)
        write_text(folder / "grammar.tsv", table.to_csv(sep="\t", index=False, lineterminator="\n"))
    write_text(folder / "simulation.json", json.dumps(record, indent=2) + "\n")


def _write_sites(path: Path, world: World) -> None:
    sites, bound = world.sites, world.bound
    where = [",".join(cell for cell, x in zip(CELL_TYPES, row, strict=True) if x >= BOUND) or "." for row in bound]
    files.write_bed(
        path,
        world.genome,
        sites["start"].to_numpy(),
        sites["end"].to_numpy(),
        [
            sites["factor"],
            _scores(bound),
            sites["strand"],
            [f"{score / MILLIBITS:.3f}" for score in sites["score"].tolist()],
            sites["kind"],
            _lists(bound),
            where,
        ],
        f"#chrom\tstart\tend\tname\tscore\tstrand\taffinity\tkind\toccupancy:{_CELLS}\tbound\n",
    )


def _write_decoys(path: Path, world: World) -> None:
    decoys = sorted(world.planting.decoys)
    files.write_bed(
        path,
        world.genome,
        np.array([decoy[0] for decoy in decoys], dtype=np.int64),
        np.array([decoy[1] for decoy in decoys], dtype=np.int64),
        [[decoy[2] for decoy in decoys], ["0"] * len(decoys), [decoy[3] for decoy in decoys]],
        "#chrom\tstart\tend\tname\tscore\tstrand\n",
    )


def _write_elements(path: Path, world: World) -> None:
    elements = world.elements
    reach = elements.half + elements.half // 2
    kinds = [KINDS[kind] for kind in elements.kind]
    files.write_bed(
        path,
        world.genome,
        elements.centre - reach,
        elements.centre + reach + 1,
        [kinds, _scores(elements.access), ["."] * len(elements), _lists(elements.access)],
        f"#chrom\tstart\tend\tname\tscore\tstrand\taccessibility:{_CELLS}\n",
    )


def _scores(values: Doubles) -> list[int]:
    return [round(1000 * float(best)) for best in values.max(axis=1)]


def _lists(values: Doubles) -> list[str]:
    return [",".join(f"{value:.3f}" for value in row) for row in values.tolist()]
