"""What a model looks at: attention and attribution through one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.interpret.adapter import Adapter, adapt
    from motiflens.interpret.attribution.attribute import attribute
    from motiflens.interpret.attribution.strands import StrandAgreement, strand_agreement
    from motiflens.interpret.coordinates import to_bp, to_positions
    from motiflens.interpret.fields import field_of
    from motiflens.interpret.model_unchanged import model_unchanged
    from motiflens.interpret.results import Attention, Attribution, Field
    from motiflens.interpret.sanity import Sanity, SanityOptions, sanity
    from motiflens.interpret.store import Store, open_store
    from motiflens.interpret.write_store import write_store

__all__ = [
    "Adapter",
    "Attention",
    "Attribution",
    "Field",
    "Sanity",
    "SanityOptions",
    "Store",
    "StrandAgreement",
    "adapt",
    "attribute",
    "field_of",
    "model_unchanged",
    "open_store",
    "sanity",
    "strand_agreement",
    "to_bp",
    "to_positions",
    "write_store",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "Adapter": "motiflens.interpret.adapter",
        "adapt": "motiflens.interpret.adapter",
        "attribute": "motiflens.interpret.attribution.attribute",
        "to_bp": "motiflens.interpret.coordinates",
        "to_positions": "motiflens.interpret.coordinates",
        "field_of": "motiflens.interpret.fields",
        "model_unchanged": "motiflens.interpret.model_unchanged",
        "Attention": "motiflens.interpret.results",
        "Attribution": "motiflens.interpret.results",
        "Field": "motiflens.interpret.results",
        "Sanity": "motiflens.interpret.sanity",
        "SanityOptions": "motiflens.interpret.sanity",
        "sanity": "motiflens.interpret.sanity",
        "StrandAgreement": "motiflens.interpret.attribution.strands",
        "strand_agreement": "motiflens.interpret.attribution.strands",
        "Store": "motiflens.interpret.store",
        "write_store": "motiflens.interpret.write_store",
        "open_store": "motiflens.interpret.store",
    },
)
