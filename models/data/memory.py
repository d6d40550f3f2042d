"""Sequences that come as text: their splits and their negatives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models.data.options import Options
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.data.split import join_groups, overlap_groups, sequence_groups, split_groups
from motiflens.models.data.windows import ArrayWindows, Windows
from motiflens.models.types import Codes, Floats, Integers

FRACTIONS = {"test": 0.1, "valid": 0.1, "train": 0.8}


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
        for column in ("start", "end"):
            if column in table:
                table[column] = table[column].astype("Int64")  # sequences without a place have NA
        return Sequences(
            np.concatenate([self.codes, other.codes]), np.concatenate([self.labels, other.labels]), table
        )

    def groups(self) -> Integers:
        """Return which must not be in two splits: equal ones, reverse complements, overlapping ones; (N,)."""
        same = sequence_groups(self.codes & np.uint8(7))
        if "chrom" not in self.table or self.table["start"].isna().any():
            return same
        chrom = pd.factorize(self.table["chrom"])[0].astype(np.int64)
        start, end = (self.table[key].to_numpy(dtype=np.int64) for key in ("start", "end"))
        return join_groups(same, overlap_groups(chrom, start, end))


def split_memory(
    train: Sequences, test: Sequences | None, options: Options, *, task: str, source: Path
) -> tuple[dict[str, Windows], tuple[str, ...]]:
    """Divide sequences into splits and add negatives to those that have none.

    Parameters
    ----------
    train
        The sequences; a tenth, chosen by the seed, becomes ``valid``.
    test
        Those of a test file. None: another tenth of `train`.
    options
        Seed, negatives and ratio.
    task
        The output's name.
    source
        The file, for messages.

    Returns
    -------
    splits, notes
        For `Dataset`.
    """
    fractions = FRACTIONS if test is None else {"valid": 0.1, "train": 0.9}
    notes = [f"valid{' and test are' if test is None else ' is'} a tenth of {source.name}, chosen by the seed"]
    index = split_groups(train.groups(), fractions, seed=options.seed)
    parts = {split: train.take(index[split]) for split in ("train", "valid", "test") if split in index}
    if test is not None:
        if test.codes.shape[1] != train.codes.shape[1]:
            raise ValueError(
                f"{options.test or 'the test file'} has sequences of {test.codes.shape[1]} bp, {source} of "
                f"{train.codes.shape[1]}: expected one length"
            )
        parts["test"] = test
    made = []
    for i, split in enumerate(parts):
        if (parts[split].labels == 1).all():
            parts[split] = parts[split] + shuffled(parts[split], options, seed=3 * options.seed + i)
            made.append(split)
    if made:
        notes.append(f"negatives of {', '.join(made)} made by dinucleotide shuffling")
    return {split: as_windows(part, task) for split, part in parts.items()}, tuple(notes)


def shuffled(positives: Sequences, options: Options, *, seed: int) -> Sequences:
    """Return dinucleotide-shuffled copies, `ratio` (1) per positive, labelled 0."""
    count = round((1.0 if options.ratio is None else options.ratio) * len(positives.labels))
    which = np.arange(count) % max(len(positives.labels), 1)
    codes = dinucleotide_shuffle(positives.codes[which] & np.uint8(7), seed=seed)
    names = [
        f"{name}_shuffled{i // len(positives.labels) or ''}"
        for i, name in enumerate(positives.table["name"].iloc[which])
    ]
    return Sequences(codes, np.zeros(count, dtype=np.float32), pd.DataFrame({"name": names}))


def as_windows(sequences: Sequences, task: str) -> ArrayWindows:
    """Return sequences as `Windows` with one task."""
    return ArrayWindows(sequences.codes & np.uint8(7), sequences.labels, tasks=(task,), table=sequences.table)
