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
    wide = [motif.name for motif in motifs if motif.width > length]
    if not wide:
        return ()
    named = ", ".join(wide[:5]) + (", …" if len(wide) > 5 else "")
    count = f"{len(wide)} of {len(motifs)} motifs"
    return (f"{count} are wider than the windows of {length} bp and can have no site: {named}",)
