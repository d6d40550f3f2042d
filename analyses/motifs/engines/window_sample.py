"""An even sample of window starts, the same however the sequences are divided among workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE = 1 << 15  # window starts kept, evenly over everything, to estimate the share of nulls
_ALL = 2**64 - 2
_NEVER = np.uint64(2**64 - 1)  # hash of a place where no window starts


class WindowSample:
    """Window starts, evenly over all sequences whatever their number: those whose hashed index is small.

    Parameters
    ----------
    widest
        Width of the widest motif: so many bases are kept of each.
    valid
        Letters A, C, G, T of all sequences: spares keeping what would not stay anyway.
    """

    def __init__(self, widest: int, valid: int = 0) -> None:
        self.width = -(-widest // 4) * 4
        self.limit = np.uint64(_ALL >> max(0, (valid // (4 * SAMPLE)).bit_length() - 1))
        self.hashes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.codes = np.empty((0, self.width), dtype=np.uint8)
        self.runs = np.empty(0, dtype=np.int32)
        self._packed: tuple[NDArray[np.uint8], NDArray[np.int32]] | None = None

    def add(self, codes: NDArray[np.uint8], runs: NDArray[np.int32], first: int) -> None:
        """Add places side by side: their bases, valid runs (0 where no window starts), the first one's index."""
        hashed = _hash(np.arange(first, first + len(codes), dtype=np.uint64))
        hashed[runs == 0] = _NEVER
        keep = np.flatnonzero(hashed <= self.limit)
        padded = np.concatenate((codes, np.zeros(self.width, dtype=np.uint8)))
        new = np.lib.stride_tricks.sliding_window_view(padded, self.width)[keep] & np.uint8(3)
        self.merge(hashed[keep], new, runs[keep])

    def merge(self, hashes: NDArray[np.uint64], codes: NDArray[np.uint8], runs: NDArray[np.int32]) -> None:
        """Add places that another sample has kept."""
        every = np.concatenate((self.hashes, hashes))
        while np.count_nonzero(every <= self.limit) > SAMPLE:  # until old and new together fit
            self.limit = self.limit >> np.uint64(1)
        stay, keep = self.hashes <= self.limit, hashes <= self.limit
        self.hashes = np.concatenate((self.hashes[stay], hashes[keep]))
        self.codes = np.concatenate((self.codes[stay], codes[keep]))
        self.runs = np.concatenate((self.runs[stay], runs[keep]))
        self._packed = None

    def packed(self) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """4-mers from bases 0, 4, 8, ..., (width / 4, samples), and valid runs."""
        if self._packed is None:
            letters = self.codes.reshape(len(self.codes), self.width // 4, 4)
            fours = letters @ np.array([64, 16, 4, 1], dtype=np.uint8)
            packed = np.ascontiguousarray(fours.T, dtype=np.uint8), self.runs.astype(np.int32, copy=False)
            self._packed = packed
            return packed
        return self._packed


def _hash(index: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: an even, fixed mapping of 0, 1, 2, ... to 64 bits."""
    with np.errstate(over="ignore"):
        z = (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
