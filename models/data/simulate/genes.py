"""Genes: their parts, CpG islands at their promoters, and their expression in ten cell types."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from motiflens.models.data.simulate.background import ISLAND, Block, background
from motiflens.models.data.simulate.factors import FACTORS
from motiflens.models.data.simulate.genome import Genome
from motiflens.models.data.simulate.presets import Preset
from motiflens.models.data.simulate.stream import Stream

PARTS = ("cpg", "cds", "intron", "promoter", "utr5", "utr3")  # the order of DeepGRN's annotation bits
# The first two have tracks and peaks; the others only give the expression table its principal components.
CELL_TYPES = ("lymphoid", "hepatic")
_OTHERS = ("erythroid", "neural", "muscle", "kidney", "lung", "breast", "colon", "embryonic")
_PROMOTER = 1_000  # bp upstream of the start of transcription


@dataclass(eq=False)
class Genes:
    """Genes and what is known of them.

    Attributes
    ----------
    names, starts, strands
        Name, start of transcription (an offset into the genome) and strand (+1 or -1) of each gene.
    parts
        ``cpg``, ``cds``, … -> list of (start, end).
    expression
        Genes x cell types: transcripts per million.
    """

    names: list[str]
    starts: list[int]
    strands: list[int]
    parts: dict[str, list[tuple[int, int]]]
    expression: pd.DataFrame


def add_genes(genome: Genome, preset: Preset, seed: int) -> Genes:
    """Place genes, write CpG islands into the genome, and draw the expression table."""
    stream = Stream(seed, "genes")
    parts: dict[str, list[tuple[int, int]]] = {part: [] for part in PARTS}
    starts: list[int] = []
    strands: list[int] = []
    for _, start, end in genome.chromosomes():
        at = start + preset.gene_spacing // 4
        while at < end:
            length = stream.integer(preset.gene_spacing // 5, preset.gene_spacing // 2)
            if at + length + 2 * _PROMOTER < end and not _blocked(genome, at, at + length):
                strand = 1 if stream.integer(0, 2) else -1
                starts.append(at if strand > 0 else at + length - 1)
                strands.append(strand)
                _divide(at, at + length, strand, parts, stream)
            at += length + stream.integer(preset.gene_spacing // 3, preset.gene_spacing)
    _islands(genome, starts, parts, stream)
    names = [*FACTORS, *(f"GENE{i:04d}" for i in range(len(FACTORS), len(starts)))][: len(starts)]
    return Genes(names, starts, strands, parts, _expression(names, stream))


def _blocked(genome: Genome, start: int, end: int) -> bool:
    return bool(genome.closed_off[max(0, start - 2 * _PROMOTER) : end + 2 * _PROMOTER].any())


def _divide(start: int, end: int, strand: int, parts: dict[str, list[tuple[int, int]]], stream: Stream) -> None:
    """Divide a gene into exons and introns, and its exons into UTRs and coding sequence."""
    exons = stream.integer(2, 8)
    cuts = np.sort(stream.order((end - start) // 50)[: 2 * exons - 2]) * 50 + start
    edges = [start, *(int(cut) for cut in cuts), end]
    five, three = stream.integer(80, 250), stream.integer(200, 800)
    if strand < 0:
        five, three = three, five
    coding = (start + five, end - three)
    for i, (a, b) in enumerate(pairwise(edges)):
        if b <= a:
            continue
        if i % 2:
            parts["intron"].append((a, b))
            continue
        for part, low, high in (
            ("utr5" if strand > 0 else "utr3", start, coding[0]),
            ("cds", *coding),
            ("utr3" if strand > 0 else "utr5", coding[1], end),
        ):
            if max(a, low) < min(b, high):
                parts[part].append((max(a, low), min(b, high)))
    promoter = (start - _PROMOTER, start) if strand > 0 else (end, end + _PROMOTER)
    parts["promoter"].append(promoter)


def _islands(genome: Genome, starts: list[int], parts: dict[str, list[tuple[int, int]]], stream: Stream) -> None:
    """Write CpG islands at six of ten promoters and, a fifth as many, elsewhere."""
    centres = [start for start in starts if stream.integer(0, 10) < 6]
    for _ in range(len(starts) // 5):
        centres.append(stream.integer(5_000, len(genome.codes) - 5_000))
    sizes = stream.integers(300, 1_500, len(centres))
    if not centres:
        return
    drawn = background([Block(int(size), ISLAND) for size in sizes], stream)
    for centre, island in zip(centres, drawn, strict=True):
        at = centre - len(island) // 2
        place = slice(at, at + len(island))
        if genome.closed_off[place].any():
            continue
        genome.codes[place] = island
        genome.masked[place] = False
        parts["cpg"].append((at, at + len(island)))


def _expression(names: list[str], stream: Stream) -> pd.DataFrame:
    """Draw transcripts per million: genes differ most, cell types less; factors follow their concentration."""
    cells = (*CELL_TYPES, *_OTHERS)
    level = 2.0 + 2.0 * stream.normal(len(names))
    table = np.empty((len(names), len(cells)))
    for column in range(len(cells)):
        table[:, column] = level + 1.0 * stream.normal(len(names))
    for row, name in enumerate(names):
        if name in FACTORS:
            table[row, : len(CELL_TYPES)] = 3.5 + np.array(FACTORS[name][1])
    # Powers of 2, as math libraries agree on them better than on exponentials; rounded before it is scaled.
    tpm = np.round(np.exp2(np.clip(table, -4.0, 12.0)), 3)
    tpm = np.round(tpm * (1e6 / tpm.sum(axis=0)), 2)
    return pd.DataFrame(tpm, index=pd.Index(names, name="gene"), columns=list(cells))
