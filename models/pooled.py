"""Several data sets of one length as one: what a global model trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.windows import Dataset, Joined, Windows
from motiflens.models.types import Integers

TASK = "bound"
Pooling = Literal["classes", "sets"]


class PooledWindows(Joined):
    """The windows of several data sets, one after another, with one task.

    Parameters
    ----------
    parts
        Data set -> its windows, of one length, sequence only, one task each.
    pooling
        ``classes``: the larger class over the union is under-sampled once to the size of the smaller, as in
        SAResNet's global data; every epoch has the same windows. ``sets``: every epoch draws as many bound and as
        many unbound windows from every data set, the median set's, or all that it has.

    Raises
    ------
    ValueError
        If they differ in length, or have signals or several tasks.
    """

    def __init__(self, parts: Mapping[str, Windows], *, pooling: Pooling = "classes") -> None:
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
        generator = np.random.default_rng([seed, number])
        if self.pooling == "classes":
            bound, unbound = (np.flatnonzero(self.labels[:, 0] == label) for label in (1, 0))
            fixed = np.random.default_rng([seed, 10])
            size = min(len(bound), len(unbound))
            kept = [pool if len(pool) == size else fixed.permutation(pool)[:size] for pool in (bound, unbound)]
            return generator.permutation(np.concatenate(kept))
        pools = [pool for pair in self._pools() for pool in pair]
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


def pool(datasets: Mapping[str, Dataset], *, source: str, pooling: Pooling = "classes") -> Dataset:
    """Make one data set of several: their training, validation and test splits, each pooled.

    Parameters
    ----------
    datasets
        Name -> data set.
    source
        Where they come from, as text.
    pooling
        See `PooledWindows`.
    """
    splits = {
        split: PooledWindows(parts, pooling=pooling)
        for split in ("train", "valid", "test")
        if (parts := {name: one[split] for name, one in datasets.items() if split in one.splits})
    }
    hashes = {name: dataset.hash for name, dataset in datasets.items()} | {"pooling": pooling}
    options = dict(next(iter(datasets.values())).options)
    how = {
        "classes": "the larger class over all is under-sampled to the size of the smaller",
        "sets": "each epoch draws the same number of windows from each",
    }
    notes = (f"{len(datasets)} data sets pooled; {how[pooling]}",)
    return Dataset(source, "pooled", splits, dataset_hash([], hashes), options, notes)
