"""Controls of what a model has learned: a random division in place of the source's own, and shuffled labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motiflens.models.data.hashing import dataset_hash
from motiflens.models.data.windows import Dataset, Joined, Subset, Windows
from motiflens.models.types import Integers


def control(dataset: Dataset, kind: str, *, seed: int = 0) -> Dataset:
    """Return the control of a data set of any kind.

    Parameters
    ----------
    dataset
        The data set.
    kind
        ``random_split``: all windows, divided at random into splits of the same sizes, in place of chromosomes,
        files or groups (TBiNet's supplement S1: its scores are too good where windows are related);
        ``shuffled_labels``: the labels of each split in another order, all tasks of a window together (nothing can
        be learned but chance).
    seed
        Of the order.

    Returns
    -------
    Dataset
        With another hash, and a note.

    Examples
    --------
    >>> from motiflens.models.data.windows import ArrayWindows
    >>> train, test = (ArrayWindows(np.full((4, 9), i, np.uint8), np.eye(4)[:, 0]) for i in (0, 1))
    >>> mixed = control(Dataset("x", "arrays", {"train": train, "test": test}, "h"), "random_split")
    >>> sorted(np.concatenate([mixed[s].codes(np.arange(4))[:, 0] for s in ("train", "test")]).tolist())
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    generator = np.random.default_rng([seed, 11])
    splits: dict[str, Windows] = {}
    if kind == "random_split":
        whole = Joined(list(dataset.splits.values()))
        order = generator.permutation(len(whole))
        ends = np.cumsum([len(windows) for windows in dataset.splits.values()])
        for split, index in zip(dataset.splits, np.split(order, ends[:-1]), strict=True):
            splits[split] = whole.subset(np.sort(index))
        note = "control: windows divided at random, whatever their chromosome, file or relatives"
    else:
        for split, windows in dataset.splits.items():
            splits[split] = _Shuffled(windows, generator.permutation(len(windows)))
        note = "control: labels shuffled within each split"
    digest = dataset_hash([], {"of": dataset.hash, "control": kind, "seed": seed})
    return replace(dataset, splits=splits, hash=digest, notes=(*dataset.notes, note))


class _Shuffled(Subset):
    """Windows with the labels of others."""

    def __init__(self, parent: Windows, order: Integers) -> None:
        super().__init__(parent, np.arange(len(parent)))
        self.labels = np.asarray(parent.labels)[order]
        self._order = order

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw the windows that have the labels which the parent would have drawn."""
        places = np.empty(len(self), dtype=np.int64)
        places[self._order] = np.arange(len(self))
        return places[self.parent.epoch(number, seed)]
