"""Motif engines, and the routes from a model to motifs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.find_motifs import find_motifs
    from motiflens.analyses.motifs.jaspar import jaspar
    from motiflens.analyses.motifs.model_motifs import model_motifs
    from motiflens.analyses.motifs.motif import Motif
    from motiflens.analyses.motifs.motif_files import read_motifs, write_meme
    from motiflens.analyses.motifs.motif_options import MotifOptions
    from motiflens.analyses.motifs.write_folder import write_folder

__all__ = [
    "Motif",
    "MotifOptions",
    "find_motifs",
    "jaspar",
    "match",
    "model_motifs",
    "read_motifs",
    "scan",
    "write_folder",
    "write_meme",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "match": "motiflens.analyses.motifs.engines.match",
        "scan": "motiflens.analyses.motifs.engines.scan",
        "find_motifs": "motiflens.analyses.motifs.find_motifs",
        "jaspar": "motiflens.analyses.motifs.jaspar",
        "model_motifs": "motiflens.analyses.motifs.model_motifs",
        "Motif": "motiflens.analyses.motifs.motif",
        "read_motifs": "motiflens.analyses.motifs.motif_files",
        "write_meme": "motiflens.analyses.motifs.motif_files",
        "MotifOptions": "motiflens.analyses.motifs.motif_options",
        "write_folder": "motiflens.analyses.motifs.write_folder",
    },
)
