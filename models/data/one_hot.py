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


def checked_codes(codes: object, name: str = "codes") -> Codes:
    """Return codes of windows, (N, L), as uint8.

    Raises
    ------
    TypeError
        If they are no integers.
    ValueError
        For another shape, or a code that is neither a base's nor N's; the message names the place.

    Examples
    --------
    >>> checked_codes([[0, 1, 2, 3, 4]]).dtype
    dtype('uint8')
    """
    array = np.asarray(codes)
    if array.ndim != 2:
        hint = " (of one-hot windows give x.argmax(1))" if array.ndim == 3 else ""
        raise ValueError(f"{name} have the shape {array.shape}: expected (windows, bp){hint}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, 0 to 3 for A, C, G, T and 4 for N, not {array.dtype}")
    if array.size and (array.min() < 0 or array.max() > 4):
        window, place = np.argwhere((array < 0) | (array > 4))[0].tolist()
        value = array[window, place]
        raise ValueError(
            f"window {window}, position {place}: {name} hold {value}, which is no base: expected 0 to 3 for "
            "A, C, G, T, or 4 for N"
        )
    return array.astype(np.uint8, copy=False)
