"""Regulatory elements: where chromatin may open, and in which cell type it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiflens.models.data.simulate.genes import Genes
from motiflens.models.data.simulate.genome import Genome
from motiflens.models.data.simulate.presets import Preset
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Doubles, Floats, Integers

KINDS = ("promoter", "enhancer", "insulator", "bare", "closed")
PROMOTER, ENHANCER, INSULATOR, BARE, CLOSED = range(len(KINDS))
_WEIGHTS = np.array([0, 58, 12, 11, 19])  # of each kind, away from promoters, in %
SILENT = 0.002  # accessibility where chromatin is closed


@dataclass(eq=False)
class Elements:
    """Regulatory elements, sorted by position.

    Attributes
    ----------
    centre, half
        (n,): middle, and half the width, in bp.
    kind
        (n,): index into `KINDS`. ``bare`` ones are open without a motif, ``closed`` ones hold motifs but are
        never open.
    access
        (n, cell types): accessibility at the centre, from `SILENT` to 1; 0 until `open_elements` sets it.
    """

    centre: Integers
    half: Integers
    kind: Integers
    access: Doubles

    def __len__(self) -> int:
        return len(self.centre)


def place_elements(genome: Genome, genes: Genes, preset: Preset, seed: int) -> Elements:
    """Place an element at every promoter, 500 bp or more from others, and these at least half a spacing apart."""
    stream = Stream(seed, "elements")
    placed = [(start - 100 * strand, PROMOTER) for start, strand in zip(genes.starts, genes.strands, strict=True)]
    taken = np.sort(np.array([centre for centre, _ in placed], dtype=np.int64))
    spacing = preset.element_spacing
    for _, start, end in genome.chromosomes():
        grid = np.arange(start + spacing, end - spacing, spacing)
        centres = grid + stream.integers(-spacing // 4, spacing // 4, len(grid))
        kinds = stream.choose(_WEIGHTS, len(grid))
        for centre, kind in zip(centres.tolist(), kinds.tolist(), strict=True):
            near = np.searchsorted(taken, [centre - 500, centre + 500])
            if near[0] == near[1] and not genome.closed_off[centre - 400 : centre + 400].any():
                placed.append((centre, kind))
    placed.sort()
    centre = np.array([element[0] for element in placed], dtype=np.int64)
    half = stream.integers(80, 160, len(placed))
    kind = np.array([element[1] for element in placed], dtype=np.int64)
    return Elements(centre, half, kind, np.zeros((len(placed), 2)))


def open_elements(elements: Elements, lineage: Integers, seed: int) -> None:
    """Decide where each element is open.

    Parameters
    ----------
    elements
        Their `access` is set.
    lineage
        (n, 2): how many sites of each cell type's own pioneer factors an element holds; they bias it towards
        that cell type, so that sequence tells something about accessibility, but far from all.
    seed
        The simulation's seed.
    """
    stream = Stream(seed, "accessibility")
    n = len(elements)
    level = 0.35 + 0.65 * stream.uniform(n)
    for i in range(n):
        kind = int(elements.kind[i])
        if kind == CLOSED:
            elements.access[i] = SILENT
            continue
        first, second = 30 + 45 * lineage[i]
        both = 200 if kind in (PROMOTER, INSULATOR) else 70
        state = stream.pick((int(first), int(second), both))
        wobble = 0.8 + 0.4 * stream.uniform(2)
        for cell in range(2):
            is_open = state in (cell, 2)
            elements.access[i, cell] = min(1.0, float(level[i] * wobble[cell])) if is_open else SILENT


def accessibility(elements: Elements, total: int) -> Floats:
    """Accessibility of each base in each cell type, (cell types, total).

    An element's profile is a bump, (1 - (d / half)^2)^2 of its height with a flat top over the inner half;
    everything else is closed.
    """
    track = np.full((elements.access.shape[1], total), SILENT, dtype=np.float32)
    for centre, half, access in zip(
        elements.centre.tolist(), elements.half.tolist(), elements.access, strict=True
    ):
        reach = half + half // 2
        distance = np.abs(np.arange(-reach, reach + 1))
        slope = np.clip((distance - half // 2) / (reach - half // 2 + 1), 0.0, 1.0)
        bump = (1.0 - slope * slope) * (1.0 - slope * slope)
        place = slice(centre - reach, centre + reach + 1)
        track[:, place] = np.maximum(track[:, place], (access[:, None] * bump).astype(np.float32))
    return track
