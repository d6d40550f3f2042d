"""Motif engines, and the routes from a model to motifs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.jaspar import jaspar
    from motiflens.analyses.motifs.motif import Motif
    from motiflens.analyses.motifs.motif_files import read_motifs, write_meme

__all__ = ["Motif", "jaspar", "match", "read_motifs", "scan", "write_meme"]
__getattr__ = lazy_exports(
    __name__,
    {
        "match": "motiflens.analyses.motifs.engines.match",
        "scan": "motiflens.analyses.motifs.engines.scan",
        "jaspar": "motiflens.analyses.motifs.jaspar",
        "Motif": "motiflens.analyses.motifs.motif",
        "read_motifs": "motiflens.analyses.motifs.motif_files",
        "write_meme": "motiflens.analyses.motifs.motif_files",
    },
)
