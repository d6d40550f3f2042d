"""The genome under construction: all chromosomes end to end in one array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from motiflens.models.data.simulate.background import background, isochores
from motiflens.models.data.simulate.presets import Preset
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Booleans, Codes, Integers

_TELOMERE = 1_000  # unknown bases at both ends of each chromosome
_GAP = 2_000  # and in one gap of the assembly


@dataclass(eq=False)
class Genome:
    """Chromosomes end to end; positions are offsets into `codes` until files are written.

    Attributes
    ----------
    names
        Chromosomes, in order.
    bounds
        (n + 1,): where each chromosome starts, and the end of the last.
    codes
        (total,) bases, one byte each; 4 is N.
    masked
        (total,): soft-masked, that is lower case in the FASTA.
    closed_off
        (total,): no element and no gene may lie here (gaps, satellites, duplications).
    """

    names: tuple[str, ...]
    bounds: Integers
    codes: Codes
    masked: Booleans
    closed_off: Booleans

    def chromosomes(self) -> Iterator[tuple[str, int, int]]:
        """Name, start and end of each chromosome."""
        for i, name in enumerate(self.names):
            yield name, int(self.bounds[i]), int(self.bounds[i + 1])

    def locate(self, positions: Integers) -> tuple[list[str], Integers]:
        """Chromosome and position on it of positions in the array."""
        which = np.searchsorted(self.bounds, positions, side="right") - 1
        return [self.names[i] for i in which], positions - self.bounds[which]


def bare_genome(preset: Preset, seed: int) -> Genome:
    """Draw a genome of background with gaps, and nothing else in it."""
    plan, draws = Stream(seed, "isochores"), Stream(seed, "background")
    blocks = [
        block for length in preset.chromosomes.values() for block in isochores(length, preset.isochore, plan)
    ]
    codes = np.concatenate(background(blocks, draws))
    bounds = np.concatenate([[0], np.cumsum(list(preset.chromosomes.values()))]).astype(np.int64)
    nothing = np.zeros(len(codes), dtype=np.bool_)
    genome = Genome(tuple(preset.chromosomes), bounds, codes, nothing.copy(), nothing.copy())
    for _, start, end in genome.chromosomes():
        middle = plan.integer(start + (end - start) // 3, start + 2 * (end - start) // 3)
        for a, b in ((start, start + _TELOMERE), (middle, middle + _GAP), (end - _TELOMERE, end)):
            codes[a:b] = 4
            genome.closed_off[a:b] = True
    return genome
