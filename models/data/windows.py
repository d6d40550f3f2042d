"""The form in which every kind of input reaches models: a list of labelled windows, read in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.models.data.one_hot import checked_codes, one_hot
from motiflens.models.types import Codes, Floats, Integers

BASES = ("A", "C", "G", "T")


class Batch(NamedTuple):
    """Windows as a model takes them."""

    x: Floats  # N, C, L: A, C, G, T and then the signal channels
    y: Floats  # N, outputs: 0, 1, or NaN where the label is ambiguous or unknown
    meta: Floats | None  # N, M: features that are no sequence (expression components, annotation bits)


class Windows(ABC):
    """Labelled windows of one length: one split of a data set.

    Attributes
    ----------
    length
        Base pairs per window.
    channels
        Names of the input channels: A, C, G, T and then the signals.
    tasks
        Names of the outputs, one per column of `labels`.
    meta_names
        Names of the columns of ``Batch.meta``; empty where there is none.
    labels
        (N, outputs) float32: 0, 1 or NaN.
    table
        One row a window: ``name``; ``chrom``, ``start``, ``end`` (0-based, half-open) where known;
        ``cell_type`` where a window is one cell type's.
    moving
        Whether an epoch may give a row another place, so that nothing of it may be kept.
    ratio
        Unbound rows per bound one that an epoch draws; ``inf``: all.
    """

    length: int
    channels: tuple[str, ...]
    tasks: tuple[str, ...]
    meta_names: tuple[str, ...]
    labels: Floats
    table: pd.DataFrame
    moving: bool = False
    ratio: float = np.inf

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def codes(self, index: Integers) -> Codes:
        """Return the bases of some windows, (n, L), one byte each (see `one_hot`)."""

    @abstractmethod
    def signals(self, index: Integers) -> Floats:
        """Return the signal channels of some windows, (n, C - 4, L)."""

    @abstractmethod
    def meta(self, index: Integers) -> Floats | None:
        """Return the features that are no sequence, (n, M), or None."""

    def track(self, name: str, index: Integers) -> Floats:
        """Return a per-base track that is no input, (n, L), such as ``fold_change``.

        Raises
        ------
        ValueError
            If the data set has no such track.
        """
        raise ValueError(f"this data set has no track {name!r}: its tracks are {', '.join(self.tracks) or 'none'}")

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names that `track` knows."""
        return ()

    def table_of(self, index: Integers) -> pd.DataFrame:
        """Return the table of some windows; where it is made when it is asked for, of those alone."""
        return self.table.iloc[index]

    def read(self, index: Integers) -> Batch:
        """Read some windows as a model takes them."""
        bases = one_hot(self.codes(index))  # n, 4, L
        x = np.concatenate([bases, self.signals(index)], axis=1) if len(self.channels) > 4 else bases
        return Batch(x, self.labels[index], self.meta(index))

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Return the windows to draw in epoch `number`, in order. Here: all, shuffled.

        Data sets that resample negatives return another choice each epoch; the same arguments always give
        the same order.
        """
        return np.random.default_rng([seed, number]).permutation(len(self))

    def subset(self, index: Integers) -> Windows:
        """Return some of the windows, as windows."""
        return Subset(self, np.asarray(index, dtype=np.int64))


class Subset(Windows):
    """Some windows of another `Windows`."""

    def __init__(self, parent: Windows, index: Integers) -> None:
        self.parent, self.index = parent, index
        self.length, self.channels = parent.length, parent.channels
        self.tasks, self.meta_names = parent.tasks, parent.meta_names
        self.labels = parent.labels[index]
        self.table = parent.table.iloc[index].reset_index(drop=True)
        self.moving, self.ratio = parent.moving, parent.ratio

    def codes(self, index: Integers) -> Codes:
        return self.parent.codes(self.index[index])

    def signals(self, index: Integers) -> Floats:
        return self.parent.signals(self.index[index])

    def meta(self, index: Integers) -> Floats | None:
        return self.parent.meta(self.index[index])

    def track(self, name: str, index: Integers) -> Floats:
        return self.parent.track(name, self.index[index])

    @property
    def tracks(self) -> tuple[str, ...]:
        return self.parent.tracks

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw what the whole draws, as far as it is here; where the whole draws all, all of these."""
        if type(self.parent).epoch is Windows.epoch:
            return super().epoch(number, seed)
        places = np.full(len(self.parent), -1, dtype=np.int64)
        places[self.index] = np.arange(len(self.index))
        drawn = places[self.parent.epoch(number, seed)]
        return drawn[drawn >= 0]


class Joined(Windows):
    """Several `Windows` of the same inputs and tasks, one after another.

    Parameters
    ----------
    parts
        At least one.

    Raises
    ------
    ValueError
        If they differ in length, channels, tasks or features.
    """

    def __init__(self, parts: Sequence[Windows]) -> None:
        self.parts, first = tuple(parts), parts[0]
        for part in parts[1:]:
            for what in ("length", "channels", "tasks", "meta_names"):
                if getattr(part, what) != getattr(first, what):
                    raise ValueError(
                        f"windows cannot be joined: their {what} differ ({getattr(first, what)} and "
                        f"{getattr(part, what)})"
                    )
        self.length, self.channels = first.length, first.channels
        self.tasks, self.meta_names = first.tasks, first.meta_names
        self.labels = np.concatenate([part.labels for part in parts])
        self.table = pd.concat([part.table for part in parts], ignore_index=True)
        self.ratio = max(part.ratio for part in parts)
        self._first = np.cumsum([0, *map(len, parts)]).astype(np.int64)

    def _gather(self, index: Integers, read: Callable[[Windows, Integers], NDArray[Any]]) -> NDArray[Any]:
        """Read rows of several parts, and put them in the order asked for."""
        owner = np.searchsorted(self._first, index, side="right") - 1
        out: NDArray[Any] | None = None
        for number in np.unique(owner).tolist() or [0]:
            here = np.flatnonzero(owner == number)
            values = read(self.parts[number], index[here] - self._first[number])
            if out is None:
                out = np.empty((len(index), *values.shape[1:]), dtype=values.dtype)
            out[here] = values
        return np.zeros(0) if out is None else out

    def codes(self, index: Integers) -> Codes:
        return self._gather(index, lambda part, rows: part.codes(rows))

    def signals(self, index: Integers) -> Floats:
        return self._gather(index, lambda part, rows: part.signals(rows))

    def meta(self, index: Integers) -> Floats | None:
        if not self.meta_names:
            return None
        return self._gather(index, lambda part, rows: np.asarray(part.meta(rows)))

    def track(self, name: str, index: Integers) -> Floats:
        return self._gather(index, lambda part, rows: part.track(name, rows))

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(name for name in self.parts[0].tracks if all(name in part.tracks for part in self.parts))

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw what each part draws, shuffled together."""
        drawn = [first + part.epoch(number, seed) for first, part in zip(self._first, self.parts, strict=False)]
        return np.random.default_rng([seed, number, 8]).permutation(np.concatenate(drawn))


class ArrayWindows(Windows):
    """Windows held in memory.

    Parameters
    ----------
    codes
        (N, L) integers, 0..3 = A, C, G, T, 4 = N.
    labels
        (N, outputs) or (N,): 0, 1 or NaN.
    tasks
        Names of the outputs; ``task0``, … by default.
    signals
        Channel name -> (N, L) float32, in order.
    meta
        Feature name -> (N,) float32, in order.
    table
        See `Windows`; only names by default.
    tracks
        Track name -> (N, L) float32.

    Raises
    ------
    ValueError
        If the sizes do not fit together, or a code is no base's; the message names the place.

    Examples
    --------
    >>> from motiflens.models.data.one_hot import encode_all
    >>> windows = ArrayWindows(encode_all(["ACGT", "TTNA"]), np.array([1.0, 0.0]))
    >>> windows.read(np.array([1])).x[0, 3].tolist()
    [1.0, 1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        codes: Codes,
        labels: Floats,
        *,
        tasks: tuple[str, ...] | None = None,
        signals: Mapping[str, Floats] | None = None,
        meta: Mapping[str, Floats] | None = None,
        table: pd.DataFrame | None = None,
        tracks: Mapping[str, Floats] | None = None,
    ) -> None:
        # A mapped file is our own, and its pages are not to be read before they are needed.
        self._codes = codes = codes if isinstance(codes, np.memmap) else checked_codes(codes)
        self.labels = np.asarray(labels, dtype=np.float32).reshape(len(codes), -1)
        self._signals, self._tracks = dict(signals or {}), dict(tracks or {})
        self._meta = np.stack(list(meta.values()), axis=1).astype(np.float32) if meta else None  # N, M
        self.length = codes.shape[1]
        self.channels = (*BASES, *self._signals)
        self.tasks = tasks or tuple(f"task{i}" for i in range(self.labels.shape[1]))
        self.meta_names = tuple(meta or ())
        self.table = table if table is not None else pd.DataFrame({"name": [str(i) for i in range(len(codes))]})
        if len(self.tasks) != self.labels.shape[1] or len(self.table) != len(codes):
            raise ValueError(
                f"{len(codes)} windows with {self.labels.shape[1]} labels, but {len(self.tasks)} task names "
                f"and {len(self.table)} table rows: these must agree"
            )
        for name, values in (*self._signals.items(), *self._tracks.items()):
            if values.shape != codes.shape:
                raise ValueError(f"track {name!r} has shape {values.shape}, the sequences {codes.shape}")

    def codes(self, index: Integers) -> Codes:
        return self._codes[index]

    def signals(self, index: Integers) -> Floats:
        if not self._signals:
            return np.zeros((len(index), 0, self.length), dtype=np.float32)
        return np.stack([values[index] for values in self._signals.values()], axis=1).astype(np.float32)

    def meta(self, index: Integers) -> Floats | None:
        return None if self._meta is None else self._meta[index]

    def track(self, name: str, index: Integers) -> Floats:
        return self._tracks[name][index] if name in self._tracks else super().track(name, index)

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(self._tracks)


@dataclass(frozen=True)
class Dataset:
    """An opened source: its splits, and what identifies it.

    Attributes
    ----------
    source
        What `open_dataset` was given, as text.
    kind
        ``folder``, ``deepbind_seq``, ``fasta``, ``peaks``, ``deepsea_mat`` or ``arrays``.
    splits
        ``train``, ``valid``, ``test`` -> windows; a split that the source lacks is absent.
    hash
        SHA-256 over the content of the source's files and the options it was opened with.
    options
        The options it was opened with (TF, labelling, negatives, seed, …).
    notes
        What was decided while opening, for people to read ("negatives made by dinucleotide shuffling").
    left_out
        Task -> bound and unbound windows of the training subset (training and validation) that were left out since
        they are related to test windows; tasks without any may be absent.
    """

    source: str
    kind: str
    splits: Mapping[str, Windows]
    hash: str
    options: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __getitem__(self, split: str) -> Windows:
        if split not in self.splits:
            raise ValueError(f"{self.source} has no split {split!r}: it has {', '.join(self.splits)}")
        return self.splits[split]

    @property
    def example(self) -> Windows:
        """Any split, for what all have in common (length, channels, tasks, meta_names)."""
        return next(iter(self.splits.values()))
