"""Random numbers that are the same on every machine and with every version of NumPy."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from motiflens.models.types import Doubles, Integers


class Stream:
    """A named stream of random numbers.

    NumPy promises that the raw output of `PCG64` never changes, but not what its distributions make of it
    (NEP 19). Everything here is made from raw 64-bit words with integer arithmetic and with floating-point
    operations that IEEE 754 rounds exactly, so that a seed means the same bytes everywhere.

    Parameters
    ----------
    seed
        The simulation's seed, 0 or more.
    name
        What the numbers are for: each purpose has a stream of its own, so that drawing more of one thing
        leaves every other thing as it was.

    Examples
    --------
    >>> Stream(0, "example").integers(0, 10, 5).tolist()
    [2, 3, 6, 6, 4]
    """

    def __init__(self, seed: int, name: str) -> None:
        words = [seed & 0xFFFFFFFF, seed >> 32, zlib.crc32(name.encode())]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))
        self._ready: list[float] = []  # numbers that `integer` and `pick` hand out one by one

    def uniform(self, size: int) -> Doubles:
        """Numbers in [0, 1), multiples of 2^-53, (size,)."""
        raw = np.asarray(self._bits.random_raw(size), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, low: int, high: int, size: int) -> Integers:
        """Integers from `low` to `high` - 1, (size,)."""
        return low + np.floor(self.uniform(size) * (high - low)).astype(np.int64)

    def integer(self, low: int, high: int) -> int:
        """One integer from `low` to `high` - 1."""
        return low + int(self._one() * (high - low))

    def pick(self, weights: Sequence[int]) -> int:
        """One index drawn with probabilities proportional to whole-number weights."""
        left = int(self._one() * sum(weights))
        for i, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return i
        raise ValueError("cannot draw: all weights are 0")

    def _one(self) -> float:
        if not self._ready:
            self._ready = self.uniform(1024).tolist()
        return self._ready.pop()

    def choose(self, weights: Integers, size: int) -> Integers:
        """Indices drawn with probabilities proportional to whole-number weights, (size,)."""
        sums = np.cumsum(weights, dtype=np.int64)
        if len(sums) == 0 or sums[-1] <= 0:
            raise ValueError("cannot draw: all weights are 0")
        return np.searchsorted(sums, self.integers(0, int(sums[-1]), size), side="right").astype(np.int64)

    def scatter(self, weights: Integers, size: int) -> Integers:
        """Like `choose`, but in ascending order, which is much faster where there are many weights."""
        sums = np.cumsum(weights, dtype=np.int64)
        draws = np.sort(self.integers(0, int(sums[-1]), size))
        return np.searchsorted(sums, draws, side="right").astype(np.int64)

    def normal(self, size: int) -> Doubles:
        """Nearly normal numbers, mean 0 and variance 1: sums of twelve uniform ones, less 6, (size,)."""
        total = np.zeros(size)
        for _ in range(12):  # an explicit order of additions: np.sum may choose another on other machines
            total += self.uniform(size)
        return total - 6.0

    def order(self, size: int) -> Integers:
        """Return a random permutation of 0 .. size - 1."""
        raw = np.asarray(self._bits.random_raw(size), dtype=np.uint64)
        return np.argsort(raw, kind="stable").astype(np.int64)
