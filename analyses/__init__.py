"""What it means: motifs, comparisons, reports, the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.attention_maps import attention_study
    from motiflens.analyses.attribute_run import Attributed, AttributeOptions, attribute_run
    from motiflens.analyses.chip.chip_study import chip_study
    from motiflens.analyses.chip.correlate import chip_correlation
    from motiflens.analyses.compare_figure import compare_figure
    from motiflens.analyses.dnase_groups import dnase_study
    from motiflens.analyses.importance import importance_study
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.find_motifs import find_motifs
    from motiflens.analyses.motifs.jaspar import jaspar
    from motiflens.analyses.motifs.model_motifs import model_motifs
    from motiflens.analyses.motifs.motif import Motif
    from motiflens.analyses.motifs.motif_files import read_motifs, write_meme
    from motiflens.analyses.report.build_report import build_report
    from motiflens.analyses.report.logo import aligned_logos, logo
    from motiflens.analyses.report.plot_window import plot_window, save_window
    from motiflens.analyses.study import read_study, write_study
    from motiflens.analyses.targets import open_runs

__all__ = [
    "AttributeOptions",
    "Attributed",
    "Motif",
    "aligned_logos",
    "attention_study",
    "attribute_run",
    "build_report",
    "chip_correlation",
    "chip_study",
    "compare_figure",
    "dnase_study",
    "find_motifs",
    "importance_study",
    "jaspar",
    "logo",
    "match",
    "model_motifs",
    "open_runs",
    "plot_window",
    "read_motifs",
    "read_study",
    "save_window",
    "scan",
    "write_meme",
    "write_study",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "write_study": "motiflens.analyses.study",
        "read_study": "motiflens.analyses.study",
        "open_runs": "motiflens.analyses.targets",
        "dnase_study": "motiflens.analyses.dnase_groups",
        "importance_study": "motiflens.analyses.importance",
        "attention_study": "motiflens.analyses.attention_maps",
        "chip_study": "motiflens.analyses.chip.chip_study",
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
        "find_motifs": "motiflens.analyses.motifs.find_motifs",
        "build_report": "motiflens.analyses.report.build_report",
        "aligned_logos": "motiflens.analyses.report.logo",
        "logo": "motiflens.analyses.report.logo",
        "plot_window": "motiflens.analyses.report.plot_window",
        "save_window": "motiflens.analyses.report.plot_window",
    },
)
