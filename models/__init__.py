"""What goes into TF-binding models, the models, their training and evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.published.importer import import_published
    from motiflens.models.registry import architectures, build, register
    from motiflens.models.run import Run, load, open_run, save_run

__all__ = ["Run", "architectures", "build", "import_published", "load", "open_run", "register", "save_run"]
__getattr__ = lazy_exports(
    __name__,
    {
        "architectures": "motiflens.models.registry",
        "build": "motiflens.models.registry",
        "register": "motiflens.models.registry",
        "import_published": "motiflens.models.published.importer",
        "Run": "motiflens.models.run",
        "load": "motiflens.models.run",
        "open_run": "motiflens.models.run",
        "save_run": "motiflens.models.run",
    },
)
