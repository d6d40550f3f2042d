"""What an importer gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.types import Json

BASES = ("A", "C", "G", "T")
ANNOTATIONS = ("cpg", "cds", "intron", "promoter", "utr5", "utr3")


@dataclass(frozen=True)
class Published:
    """A published model in our layout, with the names of what goes in and out.

    Attributes
    ----------
    model
        In eval mode, on the CPU; channels A, C, G, T and then the file's signals in the file's order.
    channels, meta, tasks
        Names of input channels, meta features and outputs, as far as the files tell or their kind says.
    details
        What else the files say (their own names, the training they record), to be kept in the run's config.
    """

    model: SequenceModel
    channels: tuple[str, ...]
    meta: tuple[str, ...]
    tasks: tuple[str, ...]
    details: Json = field(default_factory=dict)


def meta_names(n: int) -> tuple[str, ...]:
    """Names of n meta features: 8 expression components, or the 6 annotation bits, or both in that order."""
    components = tuple(f"expression{i + 1}" for i in range(8))
    known = {8: components, 6: ANNOTATIONS, 14: components + ANNOTATIONS}
    return known.get(n, tuple(f"meta{i + 1}" for i in range(n)))
