"""One file per attribution method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.interpret.attribution.attribute import METHODS, attribute
    from motiflens.interpret.attribution.strands import StrandAgreement, strand_agreement

__all__ = [
    "METHODS",
    "StrandAgreement",
    "attribute",
    "strand_agreement",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "METHODS": "motiflens.interpret.attribution.attribute",
        "attribute": "motiflens.interpret.attribution.attribute",
        "StrandAgreement": "motiflens.interpret.attribution.strands",
        "strand_agreement": "motiflens.interpret.attribution.strands",
    },
)
