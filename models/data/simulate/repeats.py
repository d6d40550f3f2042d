"""Interspersed repeats, satellites and segmental duplications: what makes a genome hard to map to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motiflens.models.data.kmer_hashes import kmer_hashes
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.simulate.background import Block, background
from motiflens.models.data.simulate.genome import Genome
from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Codes


class Family(NamedTuple):
    """A family of interspersed repeats."""

    length: int  # of the consensus, bp
    shortest: int  # of a copy; copies lose their 5' end, as those of retrotransposons do
    kind: int  # composition, as in `background`
    tail: int  # of adenines at the 3' end


_FAMILIES = (
    *(Family(300, 120, 4, 20) for _ in range(4)),  # like Alu: GC-rich, with a poly-A tail
    *(Family(2500, 150, 0, 12) for _ in range(5)),  # like L1
    *(Family(450, 200, 2, 0) for _ in range(3)),  # like LTRs
)
_SHARE = 0.25  # of the genome
_SIMPLE = ("CA", "A", "TAAA", "GATA", "GGAA", "AGAT", "TG", "AAAG")
_SATELLITE = 171  # bp, like alpha satellite
_SATELLITE_COPIES = 40


def add_repeats(genome: Genome, seed: int) -> list[tuple[int, int]]:
    """Write repeats over the background, soft-masked, and duplicate some segments, not masked.

    Returns
    -------
    list of (start, end)
        Satellite arrays: regions for the blacklist.
    """
    stream = Stream(seed, "repeats")
    consensus = [
        np.concatenate([body, np.zeros(family.tail, dtype=np.uint8)])
        for family, body in zip(
            _FAMILIES, background([Block(f.length, f.kind) for f in _FAMILIES], stream), strict=True
        )
    ]
    arrays = []
    for _, start, end in genome.chromosomes():
        _duplicate(genome, start, end, stream)
        arrays.append(_satellite(genome, start, end, stream))
        _intersperse(genome, start, end, consensus, stream)
    return arrays


def _write(genome: Genome, at: int, copy: Codes) -> None:
    """Write a masked copy over the background, but not over gaps, satellites and duplications."""
    place = slice(at, at + len(copy))
    free = ~genome.closed_off[place]
    genome.codes[place][free] = copy[free]
    genome.masked[place][free] = True


def _mutate(copy: Codes, per_mille: int, stream: Stream) -> Codes:
    """Substitute each base with a probability of `per_mille` / 1000."""
    shift = stream.integers(0, 3000, len(copy))
    return np.where(shift < 3 * per_mille, (copy + 1 + shift % 3) % 4, copy).astype(np.uint8)


def _intersperse(genome: Genome, start: int, end: int, consensus: list[Codes], stream: Stream) -> None:
    left = int(_SHARE * (end - start))
    while left > 0:
        which = stream.integer(0, len(_FAMILIES) + 2)
        if which < len(_FAMILIES):
            family, full = _FAMILIES[which], consensus[which]
            # Short copies are the most frequent: the square of a uniform number.
            size = family.shortest + int((len(full) - family.shortest) * float(stream.uniform(1)[0]) ** 2)
            # From young copies, nearly identical, to old ones with a quarter of their bases changed.
            age = 5 + int(245 * float(stream.uniform(1)[0]) ** 2)
            copy = _mutate(full[-size:], age, stream)
        else:
            unit = np.array(["ACGT".index(base) for base in _SIMPLE[stream.integer(0, len(_SIMPLE))]], np.uint8)
            size = stream.integer(20, 80)
            copy = _mutate(np.resize(unit, size), stream.integer(0, 100), stream)
        if stream.integer(0, 2):
            copy = reverse_complement(copy)
        _write(genome, stream.integer(start, end - size), copy)
        left -= size


def _satellite(genome: Genome, start: int, end: int, stream: Stream) -> tuple[int, int]:
    monomer = background([Block(_SATELLITE, 0)], stream)[0]
    size = _SATELLITE * _SATELLITE_COPIES
    at = _clear(genome, start, end, size, stream)
    _write(genome, at, _mutate(np.tile(monomer, _SATELLITE_COPIES), 20, stream))
    genome.closed_off[at : at + size] = True
    return at, at + size


def _duplicate(genome: Genome, start: int, end: int, stream: Stream) -> None:
    """Copy segments within a chromosome (never between splits) with up to 1 % of substitutions."""
    for _ in range(max(1, 4 * (end - start) // 1_000_000)):
        size = stream.integer(1_000, 4_000)
        source, target = (_clear(genome, start, end, size, stream) for _ in range(2))
        if abs(source - target) < size:
            continue
        genome.codes[target : target + size] = _mutate(
            genome.codes[source : source + size], stream.integer(0, 10), stream
        )
        genome.closed_off[source : source + size] = True
        genome.closed_off[target : target + size] = True


def _clear(genome: Genome, start: int, end: int, size: int, stream: Stream) -> int:
    """Return a place of `size` bp that is not closed off."""
    for _ in range(1000):
        at = stream.integer(start, end - size)
        if not genome.closed_off[at : at + size].any():
            return at
    raise ValueError(f"no place for {size} bp between {start} and {end}")


def uniqueness(codes: Codes, size: int = 35, most: int = 4) -> Codes:
    """Count how often the `size`-mer that starts at each base occurs in the genome, on either strand.

    Parameters
    ----------
    codes
        (total,) bases; a k-mer with N, or past the end, counts as 0.
    size
        Length of the reads that are to be mapped.
    most
        Larger counts are reported as 0, as in ENCODE's "Duke uniqueness of 35 bp", whose track is 1 / count.

    Returns
    -------
    (total,) uint8: 0, or 1 … `most`.
    """
    keys = kmer_hashes(codes, size)  # equal ones stand together once they are sorted
    order = np.argsort(keys)
    keys = keys[order]
    edges = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [len(keys)]])
    counts = np.diff(edges)
    values = np.empty(len(codes), dtype=np.uint8)
    values[order] = np.repeat(np.where(counts > most, 0, counts).astype(np.uint8), counts)
    values[len(keys) :] = 0
    unknown = np.concatenate([[0], np.cumsum(codes > 3)])
    values[: len(keys)][unknown[size:] > unknown[:-size]] = 0
    return values
