"""What it means: motifs, comparisons, reports, the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.attribute_run import Attributed, AttributeOptions, attribute_run
    from motiflens.analyses.chip.correlate import chip_correlation
    from motiflens.analyses.compare_figure import compare_figure
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.jaspar import jaspar
    from motiflens.analyses.motifs.model_motifs import model_motifs
    from motiflens.analyses.motifs.motif import Motif
    from motiflens.analyses.motifs.motif_files import read_motifs, write_meme
    from motiflens.analyses.motifs.pipeline import find_motifs
    from motiflens.analyses.report.build_report import build_report
    from motiflens.analyses.report.logo import aligned_logos, logo
    from motiflens.analyses.report.plot_window import plot_window, save_window

__all__ = [
    "AttributeOptions",
    "Attributed",
    "Motif",
    "aligned_logos",
    "attribute_run",
    "build_report",
    "chip_correlation",
    "compare_figure",
    "find_motifs",
    "jaspar",
    "logo",
    "match",
    "model_motifs",
    "plot_window",
    "read_motifs",
    "save_window",
    "scan",
    "write_meme",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "AttributeOptions": "motiflens.analyses.attribute_run",
        "Attributed": "motiflens.analyses.attribute_run",
        "attribute_run": "motiflens.analyses.attribute_run",
        "chip_correlation": "motiflens.analyses.chip.correlate",
        "compare_figure": "motiflens.analyses.compare_figure",
        "match": "motiflens.analyses.motifs.engines.match",
        "scan": "motiflens.analyses.motifs.engines.scan",
        "jaspar": "motiflens.analyses.motifs.jaspar",
        "model_motifs": "motiflens.analyses.motifs.model_motifs",
        "Motif": "motiflens.analyses.motifs.motif",
        "read_motifs": "motiflens.analyses.motifs.motif_files",
        "write_meme": "motiflens.analyses.motifs.motif_files",
        "find_motifs": "motiflens.analyses.motifs.pipeline",
        "build_report": "motiflens.analyses.report.build_report",
        "aligned_logos": "motiflens.analyses.report.logo",
        "logo": "motiflens.analyses.report.logo",
        "plot_window": "motiflens.analyses.report.plot_window",
        "save_window": "motiflens.analyses.report.plot_window",
    },
)
