"""What to say beside a comparison of motifs whose p-values mean little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from motiflens.analyses.motifs.gate import Gate, gated
from motiflens.analyses.motifs.motif import Motif

FEW_TARGETS: Final = 50  # below, the null that is made from the targets' columns is coarse
_NAMED = 5


def low_information(queries: Sequence[Motif]) -> list[str]:
    """Return the names of queries that hold too little information for a match to mean anything (see `Gate`).

    >>> import numpy as np
    >>> low_information([Motif("flat", np.full((8, 4), 0.25)), Motif("core", np.eye(4)[[0, 1, 2, 3, 0, 1]])])
    ['flat']
    """
    _, passed = gated(queries, Gate())
    return [motif.name for motif, enough in zip(queries, passed, strict=True) if not enough]


def match_notes(low: Sequence[str], queries: int, targets: int, *, record: str = "") -> tuple[str, ...]:
    """Return one line for each reason why matches mean little.

    Parameters
    ----------
    low
        See `low_information`.
    queries, targets
        How many motifs were compared.
    record
        A file that names all of `low`, if there is one.

    Examples
    --------
    >>> match_notes(["flat"], 2, 1000)
    ('1 of 2 queries hold too little information for a match to mean anything (flat)',)
    """
    notes = []
    if low:
        named = f"{', '.join(low[:_NAMED])}{', …' if len(low) > _NAMED else ''}"
        notes.append(
            f"{len(low):,} of {queries:,} queries hold too little information for a match to mean anything "
            f"({named}){f': {record} names them' if record else ''}"
        )
    if targets < FEW_TARGETS:
        notes.append(f"fewer than {FEW_TARGETS} targets: p-values, made from the targets' columns, are coarse")
    return tuple(notes)
