"""The letters of occurrences, along their strands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.sequences import reverse_complement
from motiflens.models.types import Integers

# Of each letter that of the other strand, in upper case, as FIMO prints it.
_OTHER = np.frombuffer(reverse_complement(bytes(range(256)).upper())[::-1], dtype=np.uint8)


def matched_letters(
    letters: NDArray[np.uint8], starts: Integers, widths: Integers, reverse: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Return the letters of windows as they stand, or of the reverse complement in upper case, (n,) strings.

    Parameters
    ----------
    letters
        ASCII codes; may be mapped from a file, of which only the windows are read.
    starts, widths, reverse
        (n,) of each window: its first letter, 0-based, its width, and whether the other strand is read.

    Examples
    --------
    >>> letters = np.frombuffer(b"ACgttnACC", dtype=np.uint8)
    >>> matched_letters(letters, np.array([1, 1, 6]), np.array([4, 4, 3]), np.array([False, True, False])).tolist()
    ['Cgtt', 'AACG', 'ACC']
    """
    words = np.empty(len(starts), dtype=object)
    for width in np.unique(widths).tolist():
        some = np.flatnonzero(widths == width)
        places = starts[some, None] + np.arange(width)
        back = reverse[some]
        places[back] = places[back, ::-1]
        read = letters[places]
        read[back] = _OTHER[read[back]]
        text = read.tobytes().decode("ascii")
        words[some] = [text[i : i + width] for i in range(0, len(text), width)]
    return words
