"""What `interpret chip` may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from motiflens.models.option_ranges import check_numbers

LOOKS = ("attention",)  # the others are attribution methods


@dataclass(frozen=True)
class ChipOptions:
    """How profiles are read and compared with fold change.

    Attributes
    ----------
    looks
        ``attention`` and attribution methods, such as ``saliency``.
    layer
        Which attention; the last one by default.
    maximum
        Bound windows of each target at most, drawn by the seed.
    prediction
        Only windows that the model gives more than this probability.
    segments
        ``field``: attention positions' exact fields. ``linear``: the authors' equal segments.
    step
        Of models without attention: width in bp of the positions that attributions are averaged into.
    reach, lag_step
        Largest lag in bp (at most a third of the window), and from one to the next.
    untrained
        Untrained models of the same kind to compare with; one alone may lie far on either side of 0 by chance.
    shuffles, bootstrap
        Repeats of the random nulls, and of the bootstrap.
    shift_peaks, shift_step
        Peaks of each target that windows are slid past (0: none), and by how many bp a step.
    paper
        Add the authors' own measures, which are labelled where they are circular.
    batch_size, seed
        Windows at a time; of everything random.

    Raises
    ------
    ValueError
        For values that make no sense.
    """

    looks: tuple[str, ...] = ("attention", "saliency")
    layer: str | None = None
    maximum: int = 400
    prediction: float = 0.0
    segments: Literal["field", "linear"] = "field"
    step: int = 20
    reach: int = 100
    lag_step: int = 10
    untrained: int = 3
    shuffles: int = 100
    bootstrap: int = 2000
    shift_peaks: int = 40
    shift_step: int = 20
    paper: bool = False
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.looks:
            raise ValueError("nothing to compare with fold change: give attention, or an attribution method")
        if self.segments not in ("field", "linear"):
            raise ValueError(f"segments must be field or linear, not {self.segments!r}")
        check_numbers(self)
