"""Sequence logos as SVG, figures, and the self-contained HTML report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.report.build_report import build_report
    from motiflens.analyses.report.logo import aligned_logos, logo
    from motiflens.analyses.report.plot_window import plot_window, save_window
    from motiflens.analyses.report.window_view import region_view, row_view

__all__ = [
    "aligned_logos",
    "build_report",
    "logo",
    "plot_window",
    "region_view",
    "row_view",
    "save_window",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "build_report": "motiflens.analyses.report.build_report",
        "aligned_logos": "motiflens.analyses.report.logo",
        "logo": "motiflens.analyses.report.logo",
        "plot_window": "motiflens.analyses.report.plot_window",
        "save_window": "motiflens.analyses.report.plot_window",
        "region_view": "motiflens.analyses.report.window_view",
        "row_view": "motiflens.analyses.report.window_view",
    },
)
