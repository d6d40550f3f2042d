"""Sequence logos as SVG, figures, and the self-contained HTML report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.report.build_report import build_report
    from motiflens.analyses.report.logo import aligned_logos, logo

__all__ = ["aligned_logos", "build_report", "logo"]
__getattr__ = lazy_exports(
    __name__,
    {
        "build_report": "motiflens.analyses.report.build_report",
        "aligned_logos": "motiflens.analyses.report.logo",
        "logo": "motiflens.analyses.report.logo",
    },
)
