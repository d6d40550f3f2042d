"""Several data sets of one length as one: what a global model trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.windows import Dataset, Joined, Windows
from motiflens.models.types import Integers

TASK = "bound"
Pooling = Literal["classes", "sets", "all"]


class PooledWindows(Joined):
    """The windows of several data sets, one after another, with one task.

    Parameters
    ----------
    parts
        Data set -> its windows, of one length, sequence only, one task each.
    pooling
        ``sets``: every epoch draws as many bound and as many unbound windows from every data set, the median
        set's, or all that it has. Otherwise it has all windows.

    Raises
    ------
    ValueError
        If they differ in length, or have signals or several tasks.
    """

    def __init__(self, parts: Mapping[str, Windows], *, pooling: Pooling = "all") -> None:
        first_name, first = next(iter(parts.items()))
        for name, part in parts.items():
            if len(part.channels) != 4 or part.meta_names or part.labels.shape[1] != 1:
                raise ValueError(f"{name} cannot be pooled: expected windows of one task, sequence only")
            if part.length != first.length:
                raise ValueError(
                    f"{name} has windows of {part.length} bp, {first_name} of {first.length}: one length is needed"
                )
        super().__init__([_named(part, name) for name, part in parts.items()])
        self.pooling = pooling

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw windows; see `pooling`."""
        if self.pooling != "sets":
            return super().epoch(number, seed)
        generator = np.random.default_rng([seed, number])
        pools = [pool for pair in self._pools() for pool in pair if len(pool)]
        most = int(np.median([len(pool) for pool in pools]))
        return generator.permutation(np.concatenate([generator.permutation(pool)[:most] for pool in pools]))

    def _pools(self) -> list[tuple[Integers, Integers]]:
        pools = []
        for first, end in zip(self._first[:-1], self._first[1:], strict=True):
            labels = self.labels[first:end, 0]
            pools.append((first + np.flatnonzero(labels == 1), first + np.flatnonzero(labels == 0)))
        return pools


def _named(part: Windows, name: str) -> Windows:
    """Return a data set's windows with its name in their table, under the pooled task."""
    named = part.subset(np.arange(len(part)))
    named.tasks, named.table = (TASK,), named.table.assign(data_set=name)
    return named


def pool(datasets: Mapping[str, Dataset], *, source: str, pooling: Pooling = "classes", seed: int = 0) -> Dataset:
    """Make one data set of several: their training, validation and test splits, each pooled.

    Parameters
    ----------
    datasets
        Name -> data set.
    source
        Where they come from, as text.
    pooling
        ``classes``: of training and validation windows, the larger class over the union is under-sampled once to
        the size of the smaller, as in SAResNet's global data. ``sets``: see `PooledWindows`. ``all``: neither.
    seed
        Of the under-sampling.

    Raises
    ------
    ValueError
        As `PooledWindows`; for ``classes``, if all windows are of one class.
    """
    splits: dict[str, Windows] = {
        split: PooledWindows(parts, pooling=pooling)
        for split in ("train", "valid", "test")
        if (parts := {name: one[split] for name, one in datasets.items() if split in one.splits})
    }
    if pooling == "classes":
        splits |= _balanced(
            {split: splits[split] for split in ("train", "valid") if split in splits}, source, seed
        )
    hashes = {name: dataset.hash for name, dataset in datasets.items()} | {"pooling": pooling}
    if pooling == "classes":
        hashes["under-sampled"] = str(seed)
    options = dict(next(iter(datasets.values())).options)
    how = {
        "classes": "; the larger class over all is under-sampled to the size of the smaller",
        "sets": "; each epoch draws the same number of windows from each",
        "all": "",
    }
    notes = (f"{len(datasets)} data sets pooled{how[pooling]}",)
    return Dataset(source, "pooled", splits, dataset_hash([], hashes), options, notes)


def _balanced(splits: Mapping[str, Windows], source: str, seed: int) -> dict[str, Windows]:
    """Under-sample the larger class over the union of splits to the size of the smaller, in proportion in each."""
    rows = {
        label: [np.flatnonzero(windows.labels[:, 0] == label) for windows in splits.values()] for label in (0, 1)
    }
    sizes = {label: sum(map(len, parts)) for label, parts in rows.items()}
    size = min(sizes.values())
    if size == 0:
        raise ValueError(
            f"{source} has {sizes[1]} bound and {sizes[0]} unbound training windows: expected some of each"
        )
    if sizes[0] == sizes[1]:
        return dict(splits)
    generator = np.random.default_rng([seed, 10])
    larger = max(sizes, key=lambda label: sizes[label])
    ends = size * np.cumsum([len(part) for part in rows[larger]]) // sizes[larger]  # a small validation gets some
    quotas = np.diff(ends, prepend=0)
    rows[larger] = [generator.permutation(part)[:n] for part, n in zip(rows[larger], quotas, strict=True)]
    return {
        split: windows.subset(np.sort(np.concatenate(pair)))
        for (split, windows), pair in zip(splits.items(), zip(rows[0], rows[1], strict=True), strict=True)
    }
