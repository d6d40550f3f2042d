"""A motif as letters."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.sequences import reverse_complement
from motiflens.analyses.motifs.motif import Motif

_LETTERS = "ACGT"


def consensus(motif: Motif, *, mask: float = 0.0) -> str:
    """Return the likeliest base of each position.

    Parameters
    ----------
    motif
        A motif.
    mask
        Positions with less information than this, in bits, become N, and N at the ends are cut off. With 0
        (the default, as TOMTOM and TBiNet write it) every position keeps its letter.

    Returns
    -------
    str
        Letters A, C, G, T, N; empty if every position is masked.

    Examples
    --------
    >>> import numpy as np
    >>> weak, strong = [0.4, 0.2, 0.2, 0.2], [0.0, 0.0, 1.0, 0.0]
    >>> motif = Motif("m", np.array([weak, strong, weak, strong]))
    >>> consensus(motif), consensus(motif, mask=0.5)
    ('AGAG', 'GNG')
    """
    letters = "".join(_LETTERS[base] for base in motif.ppm.argmax(axis=1))
    if mask <= 0:
        return letters
    kept = motif.information >= mask
    return "".join(letter if keep else "N" for letter, keep in zip(letters, kept, strict=True)).strip("N")


def reverse_complement_letters(letters: str) -> str:
    """Reverse complement of letters, IUPAC codes included.

    >>> reverse_complement_letters("AACN")
    'NGTT'
    """
    return reverse_complement(letters.encode("ascii")).decode("ascii")
