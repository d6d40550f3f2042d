"""A simulated regulatory genome whose binding sites are known to the base pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.data.simulate.builtin import builtin
    from motiflens.models.data.simulate.read_sites import read_sites
    from motiflens.models.data.simulate.simulate import simulate

__all__ = ["builtin", "read_sites", "simulate"]
__getattr__ = lazy_exports(
    __name__,
    {
        "builtin": "motiflens.models.data.simulate.builtin",
        "read_sites": "motiflens.models.data.simulate.read_sites",
        "simulate": "motiflens.models.data.simulate.simulate",
    },
)
