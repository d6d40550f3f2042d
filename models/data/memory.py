"""Sequences held in memory: their splits and their negatives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.gc_negatives import gc_negatives
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.data.intervals import merge_intervals
from motiflens.models.data.options import Options
from motiflens.models.data.read_fasta import read_fasta
from motiflens.models.data.sequences import Sequences, placed_sequences
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.data.split import join_groups, split_groups
from motiflens.models.data.windows import ArrayWindows, Dataset, Windows
from motiflens.models.named_list import named_list
from motiflens.models.types import Codes, Floats, Integers

FRACTIONS = {"test": 0.1, "valid": 0.1, "train": 0.8}
_ORDER = ("train", "valid", "test")
_RULE = 2  # of the division into splits: raise it when it changes, since it is part of the data's hash


class Divided(NamedTuple):
    """What `split_memory` makes of sequences."""

    splits: dict[str, Windows]
    notes: tuple[str, ...]
    left_out: dict[str, tuple[int, int]]  # see `Dataset`


def split_memory(
    sequences: Sequences, test: Sequences | None, options: Options, *, task: str, source: Path
) -> Divided:
    """Divide sequences into splits and add negatives to the splits that have none.

    Parameters
    ----------
    sequences
        The sequences; groups of related ones (see `_groups`) that hold a tenth of them, chosen by the seed, become
        ``valid``. Those related to a test sequence are left out.
    test
        Those of a test file. None: another tenth of `sequences`, or the chromosomes that ``test`` names.
    options
        Test, division, seed, negatives, genome and ratio.
    task
        The output's name.
    source
        The file, for messages.

    Returns
    -------
    Divided
        The splits, notes and counts for `Dataset`.

    Raises
    ------
    ValueError
        If lengths differ, or there are too few sequences or no source for negatives.
    """
    parts, notes, related = _parts(sequences, test, options, source)
    bound, unbound = int((related == 1).sum()), int((related == 0).sum())
    # asked of the files, since a small split of a file with negatives may hold positives only by chance
    files = {split: test if split == "test" and test is not None else sequences for split in parts}
    lacking = [split for split in parts if (files[split].labels == 1).all()]
    if lacking:
        made, dropped = _negatives(parts, lacking, options, source, notes)
        if "train" in lacking:  # negatives that those left out would have had
            unbound += dropped if options.negatives_file is not None else round(_ratio(options) * bound)
        for split in lacking:
            parts[split] = parts[split] + made[split]
        how = options.negatives or ("dinucleotide" if options.negatives_file is None else "file")
        told = {
            "dinucleotide": "made by dinucleotide shuffling",
            "gc": "drawn from the genome, matched on length, GC and repeats",
            "file": f"read from {options.negatives_file}",
        }
        notes.append(f"negatives of {', '.join(lacking)} {told[how]}")
    elif options.negatives is not None or options.negatives_file is not None:
        raise ValueError(f"{source} has negatives of its own: leave the negatives option out")
    elif options.ratio is not None:
        notes.append(f"ratio {options.ratio:g} changes nothing: {source.name} has negatives of its own")
    splits: dict[str, Windows] = {split: as_windows(parts[split], task) for split in _ORDER if split in parts}
    return Divided(splits, tuple(notes), {task: (bound, unbound)})


def _parts(
    sequences: Sequences, test: Sequences | None, options: Options, source: Path
) -> tuple[dict[str, Sequences], list[str], Floats]:
    """Divide sequences into train, valid and test; also the labels of those that are related to test sequences."""
    name, rest = source.name, sequences
    left_out = np.zeros(0, dtype=np.float32)
    notes = []
    if test is not None and options.variable:
        width = max(test.codes.shape[1], sequences.codes.shape[1])
        test, rest = test.padded(width), rest.padded(width)
    elif test is not None:
        lengths = test.codes.shape[1], sequences.codes.shape[1]
        if lengths[0] != lengths[1]:
            raise ValueError(
                f"{options.test or 'the test file'} has sequences of {lengths[0]} bp, {source} of {lengths[1]}: "
                "expected one length"
            )
    elif options.test is not None:
        held_out = _on_chromosomes(sequences, options.test, source)
        test, rest = sequences.take(np.flatnonzero(held_out)), sequences.take(np.flatnonzero(~held_out))
        notes.append(f"test is {options.test} of {name}")
    groups, tested = _groups(rest, test)
    if tested is not None:
        related = np.isin(groups, tested)
        if related.all():
            raise ValueError(
                f"every sequence of {source} is related to one of the test set: none is left to train on"
            )
        if related.any():
            notes.append(
                f"{int(related.sum())} of {len(related)} sequences of {name} are equal to, overlap or are "
                "homologous to test sequences: left out"
            )
            left_out = rest.labels[related]
            rest, groups = rest.take(np.flatnonzero(~related)), groups[~related]
    fractions = split_shares(options, named_test=test is not None)
    shares = " and ".join(f"{part} {share:.3g}" for part, share in fractions.items() if part != "train")
    notes.append(f"share of {name}, by groups of related sequences: {shares}")
    index = split_groups(groups, fractions, seed=options.seed)
    parts = {split: rest.take(index[split]) for split in _ORDER if split in index}
    return ({**parts, "test": test} if test is not None else parts), notes, left_out


def _groups(rest: Sequences, test: Sequences | None) -> tuple[Integers, Integers | None]:
    """Return the groups of related sequences (equal, overlapping, homologous), and those of the test set."""
    whole = rest if test is None else rest + test
    groups = join_groups(whole.groups(), homology_groups([whole.bases()])[0])
    return groups[: len(rest.labels)], None if test is None else np.unique(groups[len(rest.labels) :])


def split_shares(options: Options, *, named_test: bool) -> dict[str, float]:
    """Return the share of each split of a file, the training split last, by the option ``division``."""
    if options.division is None:
        return {"valid": 0.1, "train": 0.9} if named_test else FRACTIONS
    train, valid, test = options.division
    total = train + valid + (0.0 if named_test else test)
    shares = {"test": test / total, "valid": valid / total, "train": train / total}
    return {split: share for split, share in shares.items() if not (named_test and split == "test")}


def _on_chromosomes(sequences: Sequences, test: str, source: Path) -> np.ndarray:
    """Return which sequences lie on the chromosomes that ``test`` names."""
    known = set(sequences.table["chrom"]) if sequences.placed else set()
    names = named_list(test, "test")
    missing = [name for name in names if name not in known]
    if missing:
        where = f"a chromosome of {source}" if sequences.placed else "a chromosome (the sequences have no places)"
        raise ValueError(f"test {missing[0]!r} is neither a file nor {where}")
    held_out = sequences.table["chrom"].isin(names).to_numpy(dtype=bool)
    if held_out.all():
        raise ValueError(f"test {test!r} takes every sequence of {source}: none is left to train on")
    return held_out


def _negatives(
    parts: Mapping[str, Sequences], lacking: Sequence[str], options: Options, source: Path, notes: list[str]
) -> tuple[dict[str, Sequences], int]:
    """Return negatives for the splits that have none, and how many of a file were left out of training.

    `notes` get what there is to tell.
    """
    if options.negatives_file is not None:
        length = next(iter(parts.values())).codes.shape[1]
        negatives, _ = read_fasta(
            options.negatives_file,
            length=None if options.variable else length,
            label=0.0,
            variable=options.variable,
        )
        if options.variable:
            negatives = negatives.padded(length)
        return _from_file(negatives, parts, lacking, options, notes)
    if options.negatives == "bins":
        raise ValueError(f"{source} holds sequences: bins negatives need BED peaks and a genome")
    if options.negatives == "gc":
        return _genomic(parts, lacking, options, source), 0
    if not options.ratio and options.ratio is not None:
        raise ValueError(f"ratio is 0, which leaves {source} without negatives: expected more than 0")
    if options.ratio is not None and math.isinf(options.ratio):
        raise ValueError(f"ratio is infinite, but {source} has no negatives to take all of: expected a number")
    made = {split: _shuffled(parts[split], options, seed=3 * options.seed + i) for i, split in enumerate(lacking)}
    return made, 0


def _from_file(
    negatives: Sequences,
    parts: Mapping[str, Sequences],
    lacking: Sequence[str],
    options: Options,
    notes: list[str],
) -> tuple[dict[str, Sequences], int]:
    """Divide a file's negatives among the splits that have none, whole groups of related ones together.

    Those related to sequences of one split go there; they are left out if it has negatives, or if they are related
    to sequences of two. Of these, training's and validation's share is counted.
    """
    joined = _groups(reduce(add, [*parts.values(), negatives]), None)[0]
    *others, own = np.split(joined, np.cumsum([len(part.labels) for part in parts.values()]))
    related = np.stack([np.isin(own, group) for group in others])  # splits, negatives
    shares = {s: share for s, share in split_shares(options, named_test=False).items() if s in lacking}
    total = sum(shares.values())
    free = np.flatnonzero(~related.any(axis=0))
    index = split_groups(own[free], {s: share / total for s, share in shares.items()}, seed=options.seed)
    chosen = {split: free[index[split]] for split in lacking}
    for split, rows in zip(parts, related & (related.sum(axis=0) == 1), strict=True):
        if split in lacking:
            chosen[split] = np.sort(np.concatenate([chosen[split], np.flatnonzero(rows)]))
    dropped = len(own) - sum(len(rows) for rows in chosen.values())
    if dropped:
        notes.append(
            f"{dropped} of {len(own)} sequences of {Path(str(options.negatives_file)).name} are equal to, overlap "
            "or are homologous to sequences of another split: left out"
        )
    made = {split: negatives.take(chosen[split]) for split in lacking}
    return made, round(dropped * (1 - shares.get("test", 0.0) / total))


def _ratio(options: Options) -> float:
    return 1.0 if options.ratio is None else options.ratio


def _copies(count: int, ratio: float) -> Integers:
    """Return which positive each negative is made from."""
    return np.arange(max(round(ratio * count), 1)) % count


def _shuffled(positives: Sequences, options: Options, *, seed: int) -> Sequences:
    """Return dinucleotide-shuffled copies, `ratio` (1) per positive, labelled 0."""
    which = _copies(len(positives.labels), _ratio(options))
    bases = positives.bases()[which]
    sizes = _sizes(bases) if options.variable else np.full(len(bases), bases.shape[1])
    codes = np.full(bases.shape, 4, dtype=np.uint8)
    for size in np.unique(sizes).tolist():  # what fills up a sequence is no part of it
        here = np.flatnonzero(sizes == size)
        codes[here, :size] = dinucleotide_shuffle(np.ascontiguousarray(bases[here, :size]), seed=seed)
    copies = np.arange(len(which)) // len(positives.labels)
    old = positives.table["name"].to_numpy()[which]
    names = [f"{name}_shuffled{copy or ''}" for name, copy in zip(old, copies, strict=True)]
    return Sequences(codes, np.zeros(len(which), dtype=np.float32), pd.DataFrame({"name": names}))


def _sizes(codes: Codes) -> Integers:
    """Return the length of each sequence without the N that fill it up at the end, (N,)."""
    known = codes[:, ::-1] < 4
    return np.where(known.any(axis=1), codes.shape[1] - known.argmax(axis=1), codes.shape[1]).astype(np.int64)


def _genomic(
    parts: Mapping[str, Sequences], lacking: Sequence[str], options: Options, source: Path
) -> dict[str, Sequences]:
    """Return matched genomic places. Splits of the same chromosomes share one draw, so that none overlap."""
    if options.genome is None:
        raise ValueError("gc negatives are taken from a genome: give its FASTA as genome")
    genome = open_genome(options.genome)
    taken = _taken(parts, genome, source)
    avoid = {number: merge_intervals(places[:, 0], places[:, 1]) for number, places in taken.items()}
    apart = options.test is not None and test_file(options) is None
    made: dict[str, Sequences] = {}
    for draw in [["test"], ["train", "valid"]] if apart else [list(_ORDER)]:
        splits = [split for split in draw if split in lacking]
        if not splits:
            continue
        which = {split: _copies(len(parts[split].labels), _ratio(options)) for split in splits}
        content = {split: parts[split].gc_and_masked() for split in splits}
        numbers = sorted({number for split in splits for number in _numbers(parts[split], genome, source)})
        length = parts[splits[0]].codes.shape[1]
        places = gc_negatives(
            genome,
            np.concatenate([content[split][0][which[split]] for split in splits]),
            np.concatenate([content[split][1][which[split]] for split in splits]),
            length,
            numbers=numbers or [i for i, size in enumerate(genome.lengths) if size >= length],
            avoid=avoid,
            seed=options.seed,
        )
        ends = np.cumsum([len(which[split]) for split in splits])
        for split, index in zip(splits, np.split(np.arange(len(places)), ends[:-1]), strict=True):
            chosen = places.take(index)
            made[split] = placed_sequences(genome, chosen.chrom, chosen.start, length, label=0.0)
    return made


def _numbers(sequences: Sequences, genome: Genome, source: Path) -> list[int]:
    """Return the chromosomes on which sequences lie; none if that is not known."""
    if not sequences.placed:
        return []
    return [genome.number(name, source) for name in sequences.table["chrom"].unique()]


def _taken(parts: Mapping[str, Sequences], genome: Genome, source: Path) -> dict[int, Integers]:
    """Return the places of all sequences by chromosome, (n, 2): negatives must not lie there."""
    occupied: dict[int, Integers] = {}
    for part in parts.values():
        if part.placed:
            for name, rows in part.table.groupby("chrom"):
                number = genome.number(str(name), source)
                places = rows[["start", "end"]].to_numpy(dtype=np.int64)
                occupied[number] = np.concatenate([occupied.get(number, np.zeros((0, 2), dtype=np.int64)), places])
    return occupied


def as_windows(sequences: Sequences, task: str) -> ArrayWindows:
    """Return sequences as `Windows` with one task."""
    return ArrayWindows(sequences.bases(), sequences.labels, tasks=(task,), table=sequences.table)


def test_file(options: Options) -> Path | None:
    """Return the test file if ``test`` names one, None if it is not given or names chromosomes."""
    if options.test is None:
        return None
    path = Path(options.test)
    return path if path.exists() or path.suffix or "/" in options.test else None


def dataset(
    source: types.Path,
    kind: str,
    splits: Mapping[str, Windows],
    options: Options,
    notes: tuple[str, ...],
    files: Sequence[types.Path | None],
    left_out: Mapping[str, tuple[int, int]] | None = None,
) -> Dataset:
    """Return a `Dataset` whose hash covers `files` and those that the options name."""
    given = options.given()
    rule = _RULE + 1 if kind == "arrays" or options.negatives_file is not None else _RULE
    paths = [path for path in (*files, options.negatives_file, options.genome) if path is not None]
    hashed = {key: value for key, value in given.items() if key not in ("genome", "negatives_file")}
    if test_file(options) is not None:
        hashed.pop("test")  # the content of files is hashed, not how their paths are spelt
    return Dataset(
        str(source),
        kind,
        splits,
        dataset_hash(paths, {**hashed, "splits": rule}),
        given,
        notes,
        dict(left_out or {}),
    )
