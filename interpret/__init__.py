"""What a model looks at: attention and attribution through one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.interpret.adapter import Adapter, adapt
    from motiflens.interpret.attribution.attribute import METHODS, attribute
    from motiflens.interpret.attribution.dependency_map import DependencyMap, dependency_map
    from motiflens.interpret.attribution.options import AttributionOptions
    from motiflens.interpret.attribution.strands import StrandAgreement, strand_agreement
    from motiflens.interpret.averaged_track import averaged_track
    from motiflens.interpret.coordinates import to_bp, to_positions
    from motiflens.interpret.export_bigwig import export_bigwig
    from motiflens.interpret.export_modisco import export_modisco
    from motiflens.interpret.fields import field_of
    from motiflens.interpret.model_unchanged import model_unchanged
    from motiflens.interpret.results import Attention, Attribution, Field
    from motiflens.interpret.sanity import Sanity, SanityOptions, sanity
    from motiflens.interpret.store import Store, open_store
    from motiflens.interpret.write_store import StoreOptions, write_store

__all__ = [
    "METHODS",
    "Adapter",
    "Attention",
    "Attribution",
    "AttributionOptions",
    "DependencyMap",
    "Field",
    "Sanity",
    "SanityOptions",
    "Store",
    "StoreOptions",
    "StrandAgreement",
    "adapt",
    "attribute",
    "averaged_track",
    "dependency_map",
    "export_bigwig",
    "export_modisco",
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
        "METHODS": "motiflens.interpret.attribution.attribute",
        "attribute": "motiflens.interpret.attribution.attribute",
        "DependencyMap": "motiflens.interpret.attribution.dependency_map",
        "dependency_map": "motiflens.interpret.attribution.dependency_map",
        "AttributionOptions": "motiflens.interpret.attribution.options",
        "StrandAgreement": "motiflens.interpret.attribution.strands",
        "strand_agreement": "motiflens.interpret.attribution.strands",
        "averaged_track": "motiflens.interpret.averaged_track",
        "to_bp": "motiflens.interpret.coordinates",
        "to_positions": "motiflens.interpret.coordinates",
        "export_bigwig": "motiflens.interpret.export_bigwig",
        "export_modisco": "motiflens.interpret.export_modisco",
        "field_of": "motiflens.interpret.fields",
        "model_unchanged": "motiflens.interpret.model_unchanged",
        "Attention": "motiflens.interpret.results",
        "Attribution": "motiflens.interpret.results",
        "Field": "motiflens.interpret.results",
        "Sanity": "motiflens.interpret.sanity",
        "SanityOptions": "motiflens.interpret.sanity",
        "sanity": "motiflens.interpret.sanity",
        "Store": "motiflens.interpret.store",
        "open_store": "motiflens.interpret.store",
        "StoreOptions": "motiflens.interpret.write_store",
        "write_store": "motiflens.interpret.write_store",
    },
)
