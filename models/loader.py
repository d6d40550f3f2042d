"""Batches for training and scoring, read ahead in a thread."""

from __future__ import annotations

import contextlib
import operator
import os
import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.profile_tracks import profile_names, profile_tracks
from motiflens.models.data.windows import Windows
from motiflens.models.types import Codes, Floats, Integers

# Codes of a split up to this size are kept in memory after they were read once; workers share it (see `executor`).
CACHE_BYTES = (512 << 20) // int(os.environ.get("MOTIFLENS_SHARE", "1"))
_AHEAD = 3  # reads that wait at most
_READ_BYTES = 4 << 20  # small batches are read together, up to about this size
Read = TypeVar("Read")
_BASES = torch.arange(4, dtype=torch.uint8).view(1, 4, 1)


class Step(NamedTuple):
    """One batch on its way to the device: bases as one byte each, made one-hot there."""

    codes: Tensor  # n, L uint8
    signals: Tensor | None  # n, C - 4, L
    y: Tensor  # n, T: 0, 1 or NaN
    meta: Tensor | None  # n, M
    known: int  # labels that are not NaN in the whole batch, on all devices together
    tracks: Tensor | None = None  # n, T, P: what a profile head learns

    def each(self, change: Callable[[Tensor], Tensor]) -> Step:
        """Return the step with all of its tensors changed."""
        signals = None if self.signals is None else change(self.signals)
        meta = None if self.meta is None else change(self.meta)
        tracks = None if self.tracks is None else change(self.tracks)
        return Step(change(self.codes), signals, change(self.y), meta, self.known, tracks)


def inputs(step: Step) -> Tensor:
    """Return the channels of a batch, (n, C, L) float32."""
    bases = (step.codes.unsqueeze(1) == _BASES.to(step.codes.device)).float()  # n, 4, L
    return bases if step.signals is None else torch.cat([bases, step.signals], dim=1)


class CodeCache:
    """Bases of a split, kept in memory once they have been read, where the split is small enough.

    With `profile`, that many bases in the middle of each task's track are read beside them.
    """

    def __init__(self, windows: Windows, limit: int | None = None, profile: int = 0) -> None:
        self.windows, self.profile = windows, profile
        if profile:
            profile_names(windows)  # refuses tasks without a track
        self._kept: Codes | None = None
        if not windows.moving and len(windows) * windows.length <= (CACHE_BYTES if limit is None else limit):
            self._kept = np.empty((len(windows), windows.length), dtype=np.uint8)
            self._read = np.zeros(len(windows), dtype=bool)

    def codes(self, index: Integers) -> Codes:
        """Return the bases of some windows, (n, L)."""
        if self._kept is None:
            return self.windows.codes(index)
        missing = np.unique(index[~self._read[index]])
        if len(missing):
            self._kept[missing] = self.windows.codes(missing)
            self._read[missing] = True
        return self._kept[index]


@dataclass
class Loader:
    """Iterate over the batches of one pass through some rows of a split.

    Parameters
    ----------
    cache
        The windows.
    index
        Rows in order.
    batch
        Rows per step over all processes together.
    flip
        (len(index),) bool: rows to show as their reverse complement; None for none.
    rank, world
        This process takes every `world`-th row of each batch, so that all processes together take the very
        steps that one process would take.
    """

    cache: CodeCache
    index: Integers
    batch: int
    flip: np.ndarray | None = None
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        return -(-len(self.index) // self.batch)

    def __iter__(self) -> Generator[Step, None, None]:
        windows = self.cache.windows
        size = windows.length * (1 + 4 * (len(windows.channels) - 4)) * -(-self.batch // self.world)
        together = max(1, _READ_BYTES // max(size, 1))  # several batches cost little more to read than one
        numbers = [range(i, min(i + together, len(self))) for i in range(0, len(self), together)]
        with contextlib.closing(read_ahead(lambda i: self._read(numbers[i]), len(numbers))) as reads:
            for steps in reads:
                yield from steps

    def _read(self, numbers: range) -> list[Step]:
        """Read the steps of some numbers together."""
        parts = [self._mine(number) for number in numbers]
        flip = None if self.flip is None else self.flip[np.concatenate([part.places for part in parts])]
        rows = self.index[np.concatenate([part.places for part in parts])]
        read = read_step(self.cache, rows, flip, 0)
        steps, start = [], 0
        for part in parts:
            here = slice(start, start + len(part.places))
            step = read._replace(known=part.known).each(operator.itemgetter(here))
            if part.short:
                step.y[-part.short :] = float("nan")
            steps.append(step)
            start = here.stop
        return steps

    def _mine(self, number: int) -> _Part:
        """Tell which windows of a batch fall to this process."""
        whole = np.arange(number * self.batch, min((number + 1) * self.batch, len(self.index)))
        known = int(np.count_nonzero(~np.isnan(self.cache.windows.labels[self.index[whole]])))
        own = whole[self.rank :: self.world]
        short = len(whole[:: self.world]) - len(own)  # all processes must take steps of one size
        return _Part(np.append(own, whole[:short]), known, short)


class _Part(NamedTuple):
    """One process's part of a batch."""

    places: Integers  # in the loader's index
    known: int  # labels of the whole batch that are not NaN
    short: int  # windows at the end that only fill up the step


def read_step(cache: CodeCache, index: Integers, flip: np.ndarray | None, known: int) -> Step:
    """Read some windows as tensors on the CPU, some of them as their reverse complement."""
    windows = cache.windows
    codes = cache.codes(index)
    signals: Floats | None = windows.signals(index) if len(windows.channels) > 4 else None
    if flip is not None and flip.any():
        codes = np.where(flip[:, None], reverse_complement(codes), codes)
        if signals is not None:
            signals = np.where(flip[:, None, None], signals[..., ::-1], signals)
    meta = windows.meta(index)
    tracks = profile_tracks(windows, index, cache.profile) if cache.profile else None
    if tracks is not None and flip is not None and flip.any():
        tracks = np.where(flip[:, None, None], tracks[..., ::-1], tracks)
    return Step(
        torch.from_numpy(np.ascontiguousarray(codes)),
        None if signals is None else torch.from_numpy(np.ascontiguousarray(signals, dtype=np.float32)),
        torch.from_numpy(np.array(windows.labels[index], dtype=np.float32)),
        None if meta is None else torch.from_numpy(np.ascontiguousarray(meta, dtype=np.float32)),
        known,
        None if tracks is None else torch.from_numpy(np.ascontiguousarray(tracks)),
    )


def read_ahead(read: Callable[[int], Read], count: int) -> Generator[Read, None, None]:
    """Yield ``read(0)``, …, ``read(count - 1)``, read by a thread that stays a few ahead.

    The thread ends when the iterator is closed, also before its end; an error in it is raised here.
    """
    waiting: queue.Queue[Read | BaseException] = queue.Queue(maxsize=_AHEAD)
    stop = threading.Event()

    def put(item: Read | BaseException) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        for number in range(count):
            try:
                item: Read | BaseException = read(number)
            except BaseException as error:
                item = error
            if not put(item) or isinstance(item, BaseException):
                return

    thread = threading.Thread(target=work, name="motiflens-read-ahead", daemon=True)
    thread.start()
    try:
        for _ in range(count):
            item = waiting.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join(timeout=5)


def epoch_loader(
    cache: CodeCache,
    index: Integers,
    *,
    batch: int,
    epoch: int,
    seed: int,
    turn: bool,
    rank: int = 0,
    world: int = 1,
) -> Loader:
    """Make the loader of one training epoch; the same arguments always give the same batches.

    Parameters
    ----------
    index
        Rows in order (see `epochs.draw_epoch`).
    turn
        Show each row as its reverse complement with probability 1/2.
    """
    flip = np.random.default_rng([seed, epoch, 1]).random(len(index)) < 0.5 if turn else None
    return Loader(cache, index, batch, flip, rank, world)
