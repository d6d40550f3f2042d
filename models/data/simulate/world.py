"""The simulated world before anything of it is sequenced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.elements import Elements, accessibility, open_elements, place_elements
from motiflens.models.data.simulate.genes import Genes, add_genes
from motiflens.models.data.simulate.genome import Genome, bare_genome
from motiflens.models.data.simulate.grammar import DEFAULT, Grammar
from motiflens.models.data.simulate.occupancy import FAINT, halves, occupancy, tethered, thresholds
from motiflens.models.data.simulate.presets import Preset
from motiflens.models.data.simulate.repeats import add_repeats, uniqueness
from motiflens.models.data.simulate.sites import Planting, find_sites, plant
from motiflens.models.progress import Progress, Step
from motiflens.models.types import Codes, Doubles, Floats, Integers

STAGE = "simulating a genome"


@dataclass(eq=False)
class World:
    """Everything there is to know.

    Attributes
    ----------
    preset, seed
        What it was made from.
    genome, genes, elements, planting, sites
        See their modules; `sites` is `find_sites`' table.
    bound
        (sites, cell types): occupancies.
    access
        (cell types, total): accessibility of each base.
    copies
        (total,): of the 35-mer that starts at each base; 0 for more than four, or with N.
    satellites
        Regions for the blacklist.
    grammar
        The rule of the pair of factors.
    """

    preset: Preset
    seed: int
    genome: Genome
    genes: Genes
    elements: Elements
    planting: Planting
    sites: pd.DataFrame
    bound: Doubles
    access: Floats
    copies: Codes
    satellites: list[tuple[int, int]]
    grammar: Grammar = DEFAULT

    @property
    def middles(self) -> Integers:
        """Middle base of each site, (sites,)."""
        return ((self.sites["start"] + self.sites["end"]) // 2).to_numpy()


def grow_world(preset: Preset, seed: int, progress: Progress, grammar: Grammar = DEFAULT) -> World:
    """Make the genome, and all that binds to it."""
    progress(Step(STAGE, 0, 100, "%", "background"))
    genome = bare_genome(preset, seed)
    progress(Step(STAGE, 10, 100, "%", "repeats"))
    satellites = add_repeats(genome, seed)
    progress(Step(STAGE, 15, 100, "%", "genes and elements"))
    genes = add_genes(genome, preset, seed)
    elements = place_elements(genome, genes, preset, seed)
    planting = plant(genome, elements, seed, grammar)
    open_elements(elements, planting.lineage, seed)
    progress(Step(STAGE, 25, 100, "%", "sites"))
    access = accessibility(elements, len(genome.codes))
    sites, bound = _bind(genome, planting, access, grammar)
    progress(Step(STAGE, 35, 100, "%", "uniqueness"))
    copies = uniqueness(genome.codes)
    return World(
        preset, seed, genome, genes, elements, planting, sites, bound, access, copies, satellites, grammar
    )


def _bind(genome: Genome, planting: Planting, access: Floats, grammar: Grammar) -> tuple[pd.DataFrame, Doubles]:
    """Find all sites and how often each is bound; unbound ones that were not planted are kept if strong."""
    sites = find_sites(genome, planting, thresholds(grammar))
    middle = ((sites["start"] + sites["end"]) // 2).to_numpy()
    bound = occupancy(sites, access[:, middle], grammar)
    half = sites["factor"].map(halves(grammar)).to_numpy()
    strong = (sites["kind"] != "chance").to_numpy() | (sites["score"].to_numpy() >= half)
    kept = np.flatnonzero(strong | (bound.max(axis=1) >= FAINT))
    sites, bound = sites.iloc[kept].reset_index(drop=True), bound[kept]
    return tethered(sites, bound) if grammar.name == "or" else (sites, bound)
