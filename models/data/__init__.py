"""Opening every kind of input that users of TF-binding models have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.data.open_dataset import open_dataset
    from motiflens.models.data.windows import ArrayWindows, Batch, Dataset, Windows

__all__ = ["ArrayWindows", "Batch", "Dataset", "Windows", "open_dataset"]
__getattr__ = lazy_exports(
    __name__,
    {
        "open_dataset": "motiflens.models.data.open_dataset",
        "ArrayWindows": "motiflens.models.data.windows",
        "Batch": "motiflens.models.data.windows",
        "Dataset": "motiflens.models.data.windows",
        "Windows": "motiflens.models.data.windows",
    },
)
