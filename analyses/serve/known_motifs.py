"""Known motifs in a pasted sequence."""

from __future__ import annotations

from functools import lru_cache

from motiflens.analyses.motifs.engines.scan import scan
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types

MOST = 40  # hits that a page can show


@lru_cache(maxsize=1)
def _known() -> tuple[Motif, ...]:
    return tuple(jaspar("2026"))


def known_motifs(letters: str, *, threshold: float = 1e-4) -> list[types.Json]:
    """Find JASPAR's vertebrate motifs in a sequence, as FIMO does, the surest first.

    Parameters
    ----------
    letters
        The sequence.
    threshold
        Largest p-value.

    Returns
    -------
    list of dict
        At most `MOST`: id, name, start, end (0-based, half-open), strand, p and q (over this sequence alone).
    """
    hits = scan(_known(), {"window": letters}, threshold=threshold, threads=1).sort_values("p-value").head(MOST)
    return [
        {
            "id": str(hit["motif_id"]),
            "name": str(hit["motif_alt_id"]),
            "start": int(hit["start"]) - 1,  # FIMO's table counts from 1
            "end": int(hit["stop"]),
            "strand": str(hit["strand"]),
            "p": float(hit["p-value"]),
            "q": float(hit["q-value"]),
        }
        for hit in hits.to_dict("records")
    ]
