"""Letters of many sequences to codes, with errors that say where a letter is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.models.data.genome import letter_codes
from motiflens.models.types import Codes

_TABLE = letter_codes()


def sequence_codes(texts: Sequence[tuple[str, str]], *, length: int | None = None) -> Codes:
    """Return the codes of sequences, (N, L) uint8, soft-mask bit included (see `genome.MASKED`).

    Parameters
    ----------
    texts
        Where each sequence comes from, for messages, and its letters.
    length
        Base pairs wanted: longer sequences are cut to their middle, shorter ones padded with N on both sides.
        None: all must be of one length.

    Raises
    ------
    ValueError
        If a letter is no base, or lengths differ and no length is wanted.
    """
    wanted = len(texts[0][1]) if length is None else length
    out = np.full((len(texts), wanted), 4, dtype=np.uint8)
    for i, (where, text) in enumerate(texts):
        raw = _TABLE[np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)]
        if len(raw) == 0:
            raise ValueError(f"{where} has an empty sequence")
        if raw.max() == 255:
            at = int(np.argmax(raw == 255))
            raise ValueError(
                f"{where} has {text[at]!r} at base {at + 1}: expected A, C, G, T, N or another IUPAC letter"
            )
        if len(raw) != wanted and length is None:
            raise ValueError(
                f"{where} has {len(raw)} bases, the first sequence {wanted}: expected one length "
                "(or give the length to cut or pad all to)"
            )
        first = (len(raw) - wanted) // 2
        source = raw[max(first, 0) : max(first, 0) + wanted]
        out[i, max(-first, 0) : max(-first, 0) + len(source)] = source
    return out
