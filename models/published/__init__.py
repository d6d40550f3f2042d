"""Reading published weights, one file per format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.published.importer import detect, import_published, import_run, read_published

__all__ = [
    "detect",
    "import_published",
    "import_run",
    "read_published",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "detect": "motiflens.models.published.importer",
        "import_published": "motiflens.models.published.importer",
        "import_run": "motiflens.models.published.importer",
        "read_published": "motiflens.models.published.importer",
    },
)
