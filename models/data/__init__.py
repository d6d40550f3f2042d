"""Opening every kind of input that users of TF-binding models have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.data.describe import Description, describe
    from motiflens.models.data.one_hot import decode, one_hot, reverse_complement
    from motiflens.models.data.open_dataset import open_dataset
    from motiflens.models.data.options import Options
    from motiflens.models.data.read_fasta import read_fasta
    from motiflens.models.data.shuffle import dinucleotide_shuffle
    from motiflens.models.data.windows import ArrayWindows, Batch, Dataset, Windows

__all__ = [
    "ArrayWindows",
    "Batch",
    "Dataset",
    "Description",
    "Options",
    "Windows",
    "decode",
    "describe",
    "dinucleotide_shuffle",
    "one_hot",
    "open_dataset",
    "read_fasta",
    "reverse_complement",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "Description": "motiflens.models.data.describe",
        "describe": "motiflens.models.data.describe",
        "decode": "motiflens.models.data.one_hot",
        "one_hot": "motiflens.models.data.one_hot",
        "reverse_complement": "motiflens.models.data.one_hot",
        "open_dataset": "motiflens.models.data.open_dataset",
        "Options": "motiflens.models.data.options",
        "read_fasta": "motiflens.models.data.read_fasta",
        "dinucleotide_shuffle": "motiflens.models.data.shuffle",
        "ArrayWindows": "motiflens.models.data.windows",
        "Batch": "motiflens.models.data.windows",
        "Dataset": "motiflens.models.data.windows",
        "Windows": "motiflens.models.data.windows",
    },
)
