"""Labelled sequences in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from motiflens.models.data.genome import MASKED, Genome
from motiflens.models.data.split import join_groups, overlap_groups, sequence_groups
from motiflens.models.types import Codes, Doubles, Floats, Integers


@dataclass(frozen=True)
class Sequences:
    """Labelled sequences in memory.

    Attributes
    ----------
    codes
        (N, L) uint8, soft-mask bit included (see `genome.MASKED`).
    labels
        (N,) float32: 0 or 1.
    table
        One row a sequence; see `Windows`.
    """

    codes: Codes
    labels: Floats
    table: pd.DataFrame

    def take(self, index: Integers) -> Sequences:
        """Return some of them."""
        return Sequences(self.codes[index], self.labels[index], self.table.iloc[index].reset_index(drop=True))

    def __add__(self, other: Sequences) -> Sequences:
        """Return both, one after the other."""
        table = pd.concat([self.table, other.table], ignore_index=True)
        for column in {"start", "end"} & set(table):
            table[column] = table[column].astype("Int64")  # sequences without a place have NA
        codes = np.concatenate([self.codes, other.codes])
        return Sequences(codes, np.concatenate([self.labels, other.labels]), table)

    def padded(self, length: int) -> Sequences:
        """Return them filled up with N at the end; longer ones are cut."""
        out = np.full((len(self.codes), length), 4, dtype=np.uint8)
        out[:, : min(length, self.codes.shape[1])] = self.codes[:, :length]
        return replace(self, codes=out)

    @property
    def placed(self) -> bool:
        """Whether the place of every sequence is known."""
        return "chrom" in self.table and not bool(self.table["chrom"].isna().any())

    def bases(self) -> Codes:
        """Return the codes without the soft-mask bit."""
        return self.codes & np.uint8(7)

    def groups(self) -> Integers:
        """Return which must not be in two splits: equal ones, reverse complements, overlapping ones; (N,)."""
        same = sequence_groups(self.bases())
        if not self.placed:
            return same
        chrom = pd.factorize(self.table["chrom"])[0].astype(np.int64)
        start, end = (self.table[key].to_numpy(dtype=np.int64) for key in ("start", "end"))
        return join_groups(same, overlap_groups(chrom, start, end))

    def gc_and_masked(self) -> tuple[Doubles, Doubles]:
        """Return the GC fraction of the known bases and the soft-masked fraction, (N,) each."""
        bases = self.bases()
        gc = ((bases == 1) | (bases == 2)).sum(axis=1) / np.maximum((bases < 4).sum(axis=1), 1)
        return gc, ((self.codes & MASKED) > 0).mean(axis=1)


def placed_sequences(
    genome: Genome,
    chrom: Integers,
    start: Integers,
    length: int,
    *,
    label: float,
    names: Sequence[str] | None = None,
) -> Sequences:
    """Return the sequences at places of a genome, all with one label; named by their place by default."""
    chroms = np.asarray(genome.names, dtype=object)[chrom]
    table = pd.DataFrame({"chrom": chroms, "start": start, "end": start + length})
    made = [f"{c}:{s}-{s + length}" for c, s in zip(chroms, start, strict=True)]
    table.insert(0, "name", list(names) if names is not None else made)
    return Sequences(genome.raw(chrom, start, length), np.full(len(start), label, dtype=np.float32), table)
