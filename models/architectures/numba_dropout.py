"""Compiled drawing for dropout: torch's own random numbers, a block of its Mersenne Twister at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motiflens.models.types import Codes, Floats

_N, _M = 624, 397  # words of the twister's state, and how far apart two of them are mixed


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _mixed(high: np.uint32, low: np.uint32, other: np.uint32) -> np.uint32:
    word = (high & np.uint32(0x80000000)) | (low & np.uint32(0x7FFFFFFF))
    odd = np.uint32(0x9908B0DF) * (low & np.uint32(1))
    return other ^ (word >> np.uint32(1)) ^ odd


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _twist(state: NDArray[np.uint32]) -> None:
    """Take the next block of words, in place (Matsumoto & Nishimura 1998)."""
    for k in range(227):  # _N - _M: reads what is not written yet, so that many are taken at once
        state[k] = _mixed(state[k], state[k + 1], state[k + 397])
    for k in range(227, 454):  # reads what the first ones wrote
        state[k] = _mixed(state[k], state[k + 1], state[k - 227])
    for k in range(454, 623):
        state[k] = _mixed(state[k], state[k + 1], state[k - 227])
    state[623] = _mixed(state[623], state[0], state[396])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def drop(
    values: Floats,
    state: NDArray[np.uint32],
    left: int,
    threshold: np.uint64,
    scale: np.float32,
    rectified: bool,
    kept: Codes,
    out: Floats,
) -> int:
    """Keep each value with a probability, as ``torch.Tensor.bernoulli_`` draws it, and scale it.

    Parameters
    ----------
    values
        (n,)
    state
        (624,) words of the twister; left as `n` draws of torch's would leave them.
    left
        Words of the block that are still to come, 0 to 624: the last ones of `state`.
    threshold
        2^53 times the probability to keep: a draw is the last 53 bits of two words, the first one high.
    scale
        What kept values are multiplied by.
    rectified
        Whether negative values are 0 before.
    kept, out
        (n,), written: 1 where a value is kept and passes a gradient; the values, scaled or times 0. `out` may be
        `values`.

    Returns
    -------
    int
        Words that are left now.
    """
    words = np.empty(626, dtype=np.uint32)  # of this block, after one that the last block left over
    pairs = words.view(np.uint64)  # little-endian: the first word of two is the low half
    over = 0
    done = 0
    while done < len(values):
        if left == 0:
            _twist(state)
            left = 624
        taken = min(left, 2 * (len(values) - done) - over)
        # Parts, so that no place is counted from an end and many are taken at once.
        ahead, place = state[624 - left : 624 - left + taken], words[over:]
        for k in range(taken):
            word = ahead[k]
            word ^= word >> np.uint32(11)
            word ^= (word << np.uint32(7)) & np.uint32(0x9D2C5680)
            word ^= (word << np.uint32(15)) & np.uint32(0xEFC60000)
            word ^= word >> np.uint32(18)
            place[k] = word
        left -= taken
        count = (over + taken) // 2
        given, marks, made = values[done : done + count], kept[done : done + count], out[done : done + count]
        for k in range(count):
            drawn = ((pairs[k] & np.uint64(0x1FFFFF)) << np.uint64(32)) | (pairs[k] >> np.uint64(32))
            keep, value = drawn < threshold, given[k]
            if rectified:  # what is not a number stays so
                passes = not (value <= 0)
                marks[k] = keep & passes
                value = value if passes else np.float32(0)
            else:
                marks[k] = keep
            made[k] = value * (scale if keep else np.float32(0))
        if (over + taken) % 2:
            words[0] = words[over + taken - 1]
        over = (over + taken) % 2
        done += count
    return left


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def keep_gradients(gradients: Floats, kept: Codes, scale: np.float32, out: Floats) -> None:
    """Pass the gradients of `drop`'s outputs on, (n,)."""
    for k in range(len(gradients)):
        out[k] = gradients[k] * (scale if kept[k] else np.float32(0))
