"""One file per published architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.architectures.base import SequenceModel
    from motiflens.models.registry import build, register

__all__ = [
    "SequenceModel",
    "build",
    "register",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "SequenceModel": "motiflens.models.architectures.base",
        "build": "motiflens.models.registry",
        "register": "motiflens.models.registry",
    },
)
