"""Between letters, one byte per base, and one-hot channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.models.types import Codes, Floats

LETTERS = "ACGTN"
_CODE = np.full(256, 4, dtype=np.uint8)
for _i, _letter in enumerate("ACGT"):
    _CODE[ord(_letter)] = _CODE[ord(_letter.lower())] = _i
_LETTER = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def encode(sequence: str | bytes) -> Codes:
    """Letters to codes, (L,): A, C, G, T in either case are 0..3, anything else is 4.

    >>> encode("acGTn").tolist()
    [0, 1, 2, 3, 4]
    """
    raw = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    return _CODE[np.frombuffer(raw, dtype=np.uint8)]


def encode_all(sequences: Sequence[str]) -> Codes:
    """Sequences of one length to codes, (N, L).

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    lengths = {len(sequence) for sequence in sequences}
    if len(lengths) > 1:
        raise ValueError(f"sequences have lengths {min(lengths)} to {max(lengths)}: expected one length")
    return encode("".join(sequences)).reshape(len(sequences), lengths.pop() if lengths else 0)


def decode(codes: Codes) -> str:
    """Codes, (L,), to upper-case letters; 4 is N."""
    return _LETTER[codes].tobytes().decode("ascii")


def reverse_complement(codes: Codes) -> Codes:
    """Reverse complement along the last axis."""
    return _COMPLEMENT[codes][..., ::-1]


def one_hot(codes: Codes) -> Floats:
    """Codes, (..., L), to channels A, C, G, T, (..., 4, L) float32; N is four zeros."""
    out = np.empty((*codes.shape[:-1], 4, codes.shape[-1]), dtype=np.float32)
    for base in range(4):  # 30 times faster than looking rows up and moving the axis
        np.equal(codes, base, out=out[..., base, :], casting="unsafe")
    return out
