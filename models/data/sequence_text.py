"""Letters of many sequences to codes, with errors that say where a letter is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiflens.models.data.genome import letter_codes
from motiflens.models.limits import check_limit
from motiflens.models.types import Codes

_TABLE = letter_codes()


def sequence_codes(
    texts: Sequence[tuple[str, str]], *, length: int | None = None, variable: bool = False
) -> Codes:
    """Return the codes of sequences, (N, L) uint8, soft-mask bit included (see `genome.MASKED`).

    Parameters
    ----------
    texts
        Where each sequence comes from, for messages, and its letters.
    length
        Base pairs wanted: longer sequences are cut to their middle, shorter ones padded with N on both sides.
        None: all must be of one length.
    variable
        Take different lengths, filled up with N at the end to the longest.

    Raises
    ------
    ValueError
        If a letter is no base, or lengths differ and no length is wanted.
    """
    longest = max(len(text) for _, text in texts) if variable else len(texts[0][1])
    wanted = longest if length is None else length
    check_limit("LENGTH", wanted, f"{texts[0][0].rpartition(' line ')[0] or 'a sequence'}: its longest sequence")
    check_limit("MEMORY", float(wanted) * len(texts), f"{len(texts)} sequences of {wanted} bp together")
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
        if variable and length is None:
            out[i, : len(raw)] = raw
            continue
        if len(raw) != wanted and length is None:
            raise ValueError(
                f"{where} has {len(raw)} bases, the first sequence {wanted}: expected one length "
                "(or give the length to cut or pad all to, or ask for variable lengths)"
            )
        first = (len(raw) - wanted) // 2
        source = raw[max(first, 0) : max(first, 0) + wanted]
        out[i, max(-first, 0) : max(-first, 0) + len(source)] = source
    return out
