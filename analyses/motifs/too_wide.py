"""Motifs that no window can hold are told of, since none of their sites will be seen."""

from __future__ import annotations

from collections.abc import Sequence

from motiflens.analyses.motifs.motif import Motif


def too_wide(motifs: Sequence[Motif], length: int) -> tuple[str, ...]:
    """Return a note on the motifs that are wider than windows; none where all fit.

    Parameters
    ----------
    motifs
        The motifs.
    length
        Base pairs of a window.

    Examples
    --------
    >>> import numpy as np
    >>> too_wide([Motif("A", np.full((9, 4), 0.25)), Motif("B", np.full((4, 4), 0.25))], 5)
    ('1 of 2 motifs are wider than the windows of 5 bp and can have no site: A',)
    """
    told = _told(motifs, length, f"the windows of {length} bp")
    return (told,) if told else ()


def wider_than_all(motifs: Sequence[Motif], widest: int) -> str:
    """Return a note on the motifs that are wider than every sequence; empty where all fit somewhere.

    Parameters
    ----------
    motifs
        The motifs.
    widest
        Base pairs of the longest stretch of known bases.
    """
    return _told(motifs, widest, "every sequence")


def _told(motifs: Sequence[Motif], length: int, what: str) -> str:
    wide = [motif.name for motif in motifs if motif.width > length]
    named = ", ".join(wide[:5]) + (", …" if len(wide) > 5 else "")
    told = f"{len(wide)} of {len(motifs)} motifs are wider than {what} and can have no site: {named}"
    return told if wide else ""
