"""What finds, compares and discovers motifs: arrays and `Motif` in, tables and `Motif` out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.motifs.engines.background import background
    from motiflens.analyses.motifs.engines.denovo import denovo
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.engines.qvalues import q_values
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.engines.seqlets import seqlets

__all__ = ["background", "denovo", "match", "q_values", "scan", "seqlets"]
__getattr__ = lazy_exports(
    __name__,
    {
        "background": "motiflens.analyses.motifs.engines.background",
        "denovo": "motiflens.analyses.motifs.engines.denovo",
        "match": "motiflens.analyses.motifs.engines.match",
        "q_values": "motiflens.analyses.motifs.engines.qvalues",
        "scan": "motiflens.analyses.motifs.engines.scan",
        "seqlets": "motiflens.analyses.motifs.engines.seqlets",
    },
)
