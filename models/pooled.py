"""Several data sets of one length as one: what a global model trains on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.types import Codes, Floats, Integers

TASK = "bound"


class PooledWindows(Windows):
    """The windows of several data sets, one after another, with one task.

    Parameters
    ----------
    parts
        Data set -> its windows, of one length, sequence only, one task each.

    Raises
    ------
    ValueError
        If they differ in length, or have signals or several tasks.
    """

    def __init__(self, parts: Mapping[str, Windows]) -> None:
        self.parts = dict(parts)
        first_name, first = next(iter(self.parts.items()))
        for name, part in self.parts.items():
            if len(part.channels) != 4 or part.meta_names or part.labels.shape[1] != 1:
                raise ValueError(f"{name} cannot be pooled: expected windows of one task, sequence only")
            if part.length != first.length:
                raise ValueError(
                    f"{name} has windows of {part.length} bp, {first_name} of {first.length}: one length is needed"
                )
        self.length, self.channels, self.tasks, self.meta_names = first.length, first.channels, (TASK,), ()
        self.labels = np.concatenate([part.labels for part in self.parts.values()])
        self.table = pd.concat(
            [part.table.assign(data_set=name) for name, part in self.parts.items()], ignore_index=True
        )
        sizes = [len(part) for part in self.parts.values()]
        self._first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def codes(self, index: Integers) -> Codes:
        out = np.empty((len(index), self.length), dtype=np.uint8)
        owner = np.searchsorted(self._first, index, side="right") - 1
        for number, part in enumerate(self.parts.values()):
            here = np.flatnonzero(owner == number)
            if len(here):
                out[here] = part.codes(index[here] - self._first[number])
        return out

    def signals(self, index: Integers) -> Floats:
        return np.zeros((len(index), 0, self.length), dtype=np.float32)

    def meta(self, index: Integers) -> Floats | None:
        return None

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw as many bound and as many unbound windows from every data set: the median set's, or all it has."""
        generator = np.random.default_rng([seed, number])
        pools = self._pools()
        most = int(np.median([len(pool) for pair in pools for pool in pair]))
        drawn = [generator.permutation(pool)[:most] for pair in pools for pool in pair]
        return generator.permutation(np.concatenate(drawn))

    def _pools(self) -> list[tuple[Integers, Integers]]:
        found = []
        for number in range(len(self.parts)):
            first, end = self._first[number], self._first[number + 1]
            labels = self.labels[first:end, 0]
            found.append((first + np.flatnonzero(labels == 1), first + np.flatnonzero(labels == 0)))
        return found


def pool(datasets: Mapping[str, Dataset], *, source: str) -> Dataset:
    """Make one data set of several: their training splits and their validation splits, each pooled.

    Parameters
    ----------
    datasets
        Name -> data set.
    source
        Where they come from, as text.
    """
    splits = {
        split: PooledWindows({name: dataset[split] for name, dataset in datasets.items()})
        for split in ("train", "valid")
    }
    hashes = {name: dataset.hash for name, dataset in datasets.items()}
    options = dict(next(iter(datasets.values())).options)
    notes = (f"{len(datasets)} data sets pooled; each epoch draws the same number of windows from each",)
    return Dataset(source, "pooled", splits, dataset_hash([], hashes), options, notes)
