"""Words that primary sequences hold more often than control sequences: where de novo discovery starts."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.types import Codes, Integers


def seed_words(
    primary: Codes, control: Codes, width: int, count: int, *, both_strands: bool = True
) -> list[Codes]:
    """Words most over-represented in primary sequences, (width,) codes each.

    Over-representation is the difference of the shares of sequences that hold the word, in standard errors.
    A word, its reverse complement and what overlaps it by all but one letter count as one.
    """
    a, b = _words(primary, width, both_strands), _words(control, width, both_strands)
    share = (a + b + 1) / (len(primary) + len(control) + 2)
    error = np.sqrt(share * (1 - share) * (1 / len(primary) + 1 / len(control)))
    z = (a / len(primary) - b / len(control)) / error
    chosen: list[Codes] = []
    for code in np.argsort(-z, kind="stable"):
        if len(chosen) == count or z[code] <= 0:
            break
        word = ((int(code) // 4 ** np.arange(width - 1, -1, -1)) % 4).astype(np.uint8)
        if not any(_alike(word, other) for other in chosen):
            chosen.append(word)
    return chosen


def _words(sequences: Codes, width: int, both_strands: bool) -> Integers:
    """Number of sequences that hold each word, (4 ** width,); each sequence counts once a word."""
    if sequences.shape[1] < width:
        return np.zeros(4**width, dtype=np.int64)
    power = 4 ** np.arange(width - 1, -1, -1)
    seen = []
    for strand in (sequences, reverse_complement(sequences)) if both_strands else (sequences,):
        view = np.lib.stride_tricks.sliding_window_view(strand, width, axis=1)  # n, m, width
        seen.append(np.where((view < 4).all(axis=2), view.astype(np.int64) @ power, -1))
    words = np.sort(np.concatenate(seen, axis=1), axis=1)
    fresh = np.ones(words.shape, dtype=bool)
    fresh[:, 1:] = words[:, 1:] != words[:, :-1]
    return np.bincount(words[fresh & (words >= 0)], minlength=4**width)


def _alike(a: Codes, b: Codes) -> bool:
    for turned in (b, reverse_complement(b)):
        same = (a == turned).sum() >= len(a) - 1
        if same or np.array_equal(a[1:], turned[:-1]) or np.array_equal(a[:-1], turned[1:]):
            return True
    return False
