"""Several data sets made independent of each other's test windows, and their validation windows regrouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.data.left_out import added, counted
from motiflens.models.data.split import join_groups, overlap_groups, sequence_groups
from motiflens.models.data.windows import Dataset, Joined, Windows
from motiflens.models.types import Integers

_VALID = 0.1  # share of training windows that is held out for validation


class Independent(NamedTuple):
    """What `independent_sets` makes."""

    sets: dict[str, Dataset]
    table: pd.DataFrame  # data_set, train, valid, test (windows), dropped, to_train, to_valid
    notes: tuple[str, ...]


def related_groups(parts: Sequence[Windows]) -> list[Integers]:
    """Give windows that are equal, overlap on the genome or are homologous one number, over all parts.

    Parameters
    ----------
    parts
        Windows of one genome, as far as they have places.

    Returns
    -------
    list of numpy.ndarray
        (N,) numbers for each part; see `homology_groups`.
    """
    codes = [part.codes(np.arange(len(part))) for part in parts]
    groups = np.concatenate(homology_groups(codes))
    if (
        len({part.shape[1] for part in codes}) == 1
    ):  # equal windows that are too short for k-mers, or have too many N
        groups = join_groups(groups, sequence_groups(np.concatenate(codes)))
    tables = [part.table.reindex(columns=["chrom", "start", "end"]) for part in parts]
    table = pd.concat(tables, ignore_index=True)
    known = table.notna().all(axis=1).to_numpy()
    if known.any():
        chrom = pd.factorize(table["chrom"])[0].astype(np.int64)
        chrom[~known] = -1 - np.arange(int((~known).sum()))  # overlaps nothing
        start, end = (table[key].fillna(0).to_numpy(dtype=np.int64) for key in ("start", "end"))
        groups = join_groups(groups, overlap_groups(chrom, start, np.maximum(end, start + 1)))
    return np.split(groups, np.cumsum([len(part) for part in parts])[:-1])


def independent_sets(sets: Mapping[str, Dataset], *, seed: int = 0) -> Independent:
    """Keep what is tested out of training: a global model otherwise trains on other sets' test windows.

    The rule: test windows stay as they are. Training and validation windows of any set that are equal to, overlap
    or are homologous to a test window of any set, directly or through others, are left out. The others are divided
    again into training and validation, nine to one, by whole groups over all sets, so that no validation window is
    related to a training window of any set (but where a small set would be left without validation).

    Parameters
    ----------
    sets
        Name -> data set with ``train`` and ``valid``, held in memory.
    seed
        Of the new division.

    Returns
    -------
    Independent
        The data sets, and what was moved and left out.

    Raises
    ------
    ValueError
        If a set that has bound (unbound) training windows is left without any.
    """
    parts = [(name, split, windows) for name, one in sets.items() for split, windows in one.splits.items()]
    groups = related_groups([windows for _, _, windows in parts])
    tested = np.unique(
        np.concatenate(
            [np.zeros(0, np.int64), *(g for g, part in zip(groups, parts, strict=True) if part[1] == "test")]
        )
    )
    free = {
        (name, split): np.flatnonzero(~np.isin(g, tested))
        for g, (name, split, _) in zip(groups, parts, strict=True)
        if split != "test"
    }
    of = {(name, split): g for g, (name, split, _) in zip(groups, parts, strict=True)}
    numbers, sizes = np.unique(np.concatenate([of[key][index] for key, index in free.items()]), return_counts=True)
    chosen = _validation(numbers, sizes, seed)
    related_to = dataset_hash([], {name: one.hash for name, one in sets.items()} | {"seed": seed})
    made, rows = {}, []
    for name, one in sets.items():
        splits, row = _divided(name, one, free, of, chosen)
        digest = dataset_hash([], {"set": one.hash, "independent of": related_to})
        made[name] = replace(
            one,
            splits=splits,
            notes=(*one.notes, _note(row)),
            hash=digest,
            left_out=added(one.left_out, _left_out(name, one, free)),
        )
        rows.append(row)
    table = pd.DataFrame(rows)
    dropped, total = int(table["dropped"].sum()), int(table[["dropped", "train", "valid"]].to_numpy().sum())
    note = (
        f"{dropped} of {total} training windows are equal to, overlap or are homologous to test windows of any of "
        f"{len(sets)} sets and are left out"
    )
    return Independent(made, table, (note,))


def _left_out(name: str, one: Dataset, free: Mapping[tuple[str, str], Integers]) -> dict[str, tuple[int, int]]:
    """Count a set's windows that are not free of relatives in the test splits."""
    gone = [np.delete(one[split].labels, free[name, split], axis=0) for split in one.splits if split != "test"]
    return counted(np.concatenate(gone), one.example.tasks)


def _validation(numbers: Integers, sizes: Integers, seed: int) -> Integers:
    """Choose groups that hold a tenth of the windows."""
    order = np.random.default_rng([seed, 9]).permutation(len(numbers))
    ends = np.cumsum(sizes[order])
    return numbers[order[: int(np.searchsorted(ends, _VALID * ends[-1])) + 1]] if len(ends) else numbers


def _divided(
    name: str,
    one: Dataset,
    free: Mapping[tuple[str, str], Integers],
    of: Mapping[tuple[str, str], Integers],
    chosen: Integers,
) -> tuple[dict[str, Windows], dict[str, object]]:
    """Return one set's new splits, and a row of the table."""
    old = [split for split in ("train", "valid") if split in one.splits]
    whole = Joined([one[split] for split in old])
    offsets = dict(zip(old, np.cumsum([0, *(len(one[split]) for split in old)]), strict=False))
    index = np.concatenate([offsets[split] + free[name, split] for split in old])
    group = np.concatenate([of[name, split][free[name, split]] for split in old])
    valid = np.isin(group, chosen)
    labels = whole.labels[index]
    for value, what in ((1, "bound"), (0, "unbound")):
        if not (whole.labels == value).any():
            continue  # a set of one class: of use in a pooled one
        if not (labels[~valid] == value).any():
            raise ValueError(
                f"{name}: no {what} training window is left that is not related to a test window of some set: "
                "leave the set out"
            )
        if not (labels[valid] == value).any():  # a small set: its smallest group of that kind
            own = np.flatnonzero((labels == value).any(axis=1))
            numbers, sizes = np.unique(group[own], return_counts=True)
            valid |= group == numbers[np.argmin(sizes)]
    splits: dict[str, Windows] = {"train": whole.subset(index[~valid]), "valid": whole.subset(index[valid])}
    was_valid = index >= offsets.get("valid", len(whole))
    row: dict[str, object] = {
        "data_set": name,
        "train": int((~valid).sum()),
        "valid": int(valid.sum()),
        "test": len(one["test"]) if "test" in one.splits else 0,
        "dropped": len(whole) - len(index),
        "to_train": int((was_valid & ~valid).sum()),
        "to_valid": int((~was_valid & valid).sum()),
    }
    return splits | {split: one[split] for split in one.splits if split not in old}, row


def _note(row: Mapping[str, object]) -> str:
    return (
        f"{row['dropped']} training windows related to test windows left out; validation divided by groups of "
        "related windows over all sets"
    )
