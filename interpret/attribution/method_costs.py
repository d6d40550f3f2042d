"""The attribution methods' names, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Method(NamedTuple):
    """What is known of a method before it is called.

    Attributes
    ----------
    cost
        Work for one window, in passes of the model (forward and backward, where gradients are taken).
    shuffles
        Shuffled baselines a window by default; None for methods that compare with no baseline.
    passes
        About how many passes a window of 200 bp takes, for deciding how many processes are worth starting.
    """

    cost: str
    shuffles: int | None = None
    passes: int = 1


# Several shuffles a window; fewer where each of them costs a whole path of passes.
COSTS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "saliency": Method("1 pass"),
        "input_x_gradient": Method("1 pass"),
        "integrated_gradients": Method(
            "8 passes a baseline (4), about 30 more where the logit has kinks", 4, passes=60
        ),
        "gradient_shap": Method("1 pass a baseline (20)", 20, passes=20),
        "smoothgrad": Method("1 pass a sample (25)", passes=25),
        "occlusion": Method("1 forward pass every 5 bp and channel", passes=40),
        "ism": Method("3 forward passes a base, of what a base reaches", passes=200),
        "deep_lift_shap": Method("2 passes a baseline (10)", 10, passes=20),
        "attention_x_gradient": Method("1 pass"),
        "gkm_explain": Method("1 pass of a gkm-SVM", passes=100),
        "random": Method("1 forward pass"),
    }
)


def costs() -> str:
    """Return one line that says what each method costs.

    Examples
    --------
    >>> costs().split("; ")[0]
    'saliency: 1 pass'
    """
    return "; ".join(f"{name}: {method.cost}" for name, method in COSTS.items())
