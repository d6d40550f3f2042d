"""How motifs are sought: one value that is checked once and handed from the command line to the innermost step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from motiflens.analyses.motifs.gate import Gate
from motiflens.interpret.attribution.attribute import METHODS
from motiflens.models.data.windows import Dataset
from motiflens.models.option_ranges import check_numbers

Route = Literal["kernels", "attention", "seqlets", "denovo"]
KernelThreshold = Literal["zero", "half"]
Scaling = Literal["field", "authors"]
Distance = Literal["ed", "pearson"]
ROUTES: tuple[Route, ...] = ("kernels", "attention", "seqlets", "denovo")


@dataclass(frozen=True)
class MotifOptions:
    """How motifs are sought.

    Attributes
    ----------
    routes
        Of `ROUTES`; None for all that the model and data allow. One that is asked for by name must be possible.
    kernel_threshold
        ``zero`` (TBiNet's) or ``half``; see `first_layer_motifs`. With ``zero`` nearly every window gives a site,
        most of them no sites of the motif: the matrix is thinned out, often below the gate.
    width, scaling
        Base pairs cut out about maximum attention, and how its place is found; see `subsequences.starts_at`.
    least_prediction
        Positives predicted at or below this probability are left out.
    flat_dnase
        Windows whose DNase maximum is this many times its mean or more are left out of the attention routes
        (DeepGRN); 0 keeps all. Without DNase none is left out.
    maximum
        Most positives looked at (attention; half as many are attributed).
    method
        Attribution method of the seqlets.
    distance
        ``ed`` or ``pearson``, for matching.
    alpha
        q below which a match, an enrichment or a de novo motif counts.
    hit_p
        p-value threshold of hits.
    gate
        What motifs need to be matched.
    factor
        The factor that the model was trained on, where the names of its tasks do not tell.
    split
        Windows that are analysed: ``test``, ``valid``, ``train`` or ``all``; by default ``test`` where there is
        one, else ``valid``, else ``train``.
    controls
        Measure the model, the best single JASPAR matrix and 6-mers on the windows (`model_floor`).
    shuffles, untrained
        Repeats of the column-shuffled and the untrained-model null.
    seed
        Of everything random.

    Raises
    ------
    ValueError
        For a choice that does not exist or a number out of range.

    Examples
    --------
    >>> MotifOptions(width=2)
    Traceback (most recent call last):
    ValueError: width is 2: expected at least 4 and at most 1,000,000 (MOTIFLENS_MAX_LENGTH raises it)
    """

    routes: Sequence[Route] | None = None
    kernel_threshold: KernelThreshold = "half"
    width: int = 20
    scaling: Scaling = "field"
    least_prediction: float = 0.5
    flat_dnase: float = 15.0
    maximum: int = 1000
    method: str = "input_x_gradient"
    distance: Distance = "ed"
    alpha: float = 0.05
    hit_p: float = 1e-4
    gate: Gate = field(default_factory=Gate)
    factor: str | None = None
    split: str | None = None
    controls: bool = True
    shuffles: int = 50
    untrained: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Check all that needs neither model nor data."""
        unknown = sorted(set(self.routes or ()) - set(ROUTES))
        if unknown:
            raise ValueError(f"there is no route {unknown[0]!r}: choose of {', '.join(ROUTES)}")
        choices: tuple[tuple[str, str, Sequence[str]], ...] = (
            ("kernel threshold", self.kernel_threshold, ("zero", "half")),
            ("scaling", self.scaling, ("field", "authors")),
            ("distance", self.distance, ("ed", "pearson")),
            ("attribution method", self.method, METHODS),
        )
        for what, value, known in choices:
            if value not in known:
                raise ValueError(f"{what} {value!r}: expected one of {', '.join(known)}")
        check_numbers(self)


def analysed_split(dataset: Dataset, wanted: str | None) -> str:
    """Return the split that is analysed; see `MotifOptions`."""
    return wanted or next(name for name in ("test", "valid", "train") if name in dataset.splits)
