"""How `attribute` attributes: its options, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from torch import Tensor

from motiflens.interpret.attribution.baselines import KINDS
from motiflens.interpret.attribution.method_costs import COSTS
from motiflens.models.option_ranges import check_numbers, check_option_values
from motiflens.models.output import Output, check_output
from motiflens.models.suggestion import suggestion


class AttributionArguments(TypedDict, total=False):
    """The fields of `AttributionOptions` as keyword arguments."""

    method: str
    target: int
    output: Output
    baseline: str | Tensor | None
    n_baselines: int | None
    batch_size: int
    seed: int
    correct: bool | None
    tolerance: float | None
    options: Mapping[str, Any] | None


# What other programs call a method.
_OTHER_NAMES = {
    "saturation_mutagenesis": "ism",
    "in_silico_mutagenesis": "ism",
    "ig": "integrated_gradients",
    "deepshap": "deep_lift_shap",
    "shap": "deep_lift_shap",
    "gradient": "saliency",
}


@dataclass(frozen=True)
class AttributionOptions:
    """How to attribute.

    Attributes
    ----------
    method
        One of `METHODS`.
    target
        Which column of the logits.
    output
        Which of a model's several outputs holds the logits; see `motiflens.models.output.choose_output`.
    baseline
        What path methods compare with: ``shuffle`` (default), ``gc``, ``zeros`` or a tensor (see `baselines`).
    n_baselines
        Number of shuffles: by default 4 for integrated gradients, 10 for DeepLIFT, 20 for GradientSHAP.
    batch_size
        Most rows in one pass; bounds the memory. It does not change the scores but for rounding.
    seed
        Of everything random. What is drawn for a window depends on the seed and its sequence alone.
    correct
        Remove the mean over A, C, G, T from each position's scores (`correct.correct`). By default yes, except for
        methods that compare with baselines: with real sequences as baselines it changes nothing in the scores, and
        with others the scores would no longer add up to the difference in logit.
    tolerance
        Completeness beyond which a window is flagged (default: `TOLERANCE` of the method).
    options
        Further options of the method, by name (``{"steps": 64}``).

    Raises
    ------
    ValueError
        For an unknown method or baseline, or a number out of its range.
    """

    method: str
    target: int = 0
    output: Output = None
    baseline: str | Tensor | None = None
    n_baselines: int | None = None
    batch_size: int = 64
    seed: int = 0
    correct: bool | None = None
    tolerance: float | None = None
    options: Mapping[str, Any] | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.method not in COSTS:
            other = _OTHER_NAMES.get(self.method.lower())
            near = f"did you mean {other!r}? " if other else suggestion(self.method, COSTS)
            raise ValueError(
                f"no attribution method is called {self.method!r}: {near}choose one of {', '.join(COSTS)}"
            )
        check_output(self.output)
        if self.baseline is not None:
            if not self.compares:
                name = repr(self.baseline) if isinstance(self.baseline, str) else "a tensor"
                raise ValueError(f"{self.method} compares with no baseline: leave out baseline={name}")
            if isinstance(self.baseline, str) and self.baseline not in KINDS:
                raise ValueError(
                    f"unknown baseline {self.baseline!r}: choose {', '.join(KINDS)}, or give a tensor (N, B, C, L)"
                )
        check_numbers(self)
        object.__setattr__(self, "options", dict(self.options or {}))
        check_option_values(self.options or {}, "methods")

    @property
    def compares(self) -> bool:
        """Whether the method compares with baselines."""
        return COSTS[self.method].shuffles is not None

    @property
    def shuffles(self) -> int:
        """Shuffled baselines a window."""
        return self.n_baselines or COSTS[self.method].shuffles or 0

    @property
    def corrects(self) -> bool:
        """Whether the mean over A, C, G, T is removed."""
        if self.correct is not None:
            return self.correct
        return not self.compares and self.method != "gkm_explain"  # whose scores add up as they are


def attribution_options(
    settings: AttributionOptions | None, arguments: AttributionArguments
) -> AttributionOptions:
    """Return the options that a call means: an object, keyword arguments, or an object with some replaced.

    Raises
    ------
    TypeError
        If neither names a method, or an argument has no such name.
    """
    if settings is not None:
        return replace(settings, **arguments)
    if "method" not in arguments:
        raise TypeError(f"which method? give method=, one of {', '.join(COSTS)}")
    return AttributionOptions(**arguments)
