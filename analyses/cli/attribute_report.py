"""What `interpret attribute` reads of its options and says at its end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motiflens.analyses.attribute_run import Attributed


def values(settings: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` settings; values are JSON, or else text.

    Raises
    ------
    ValueError
        As `split_settings`.

    Examples
    --------
    >>> values(["steps=64", "baseline=gc"])
    {'steps': 64, 'baseline': 'gc'}
    """
    from motiflens.models.settings import split_settings

    given: dict[str, Any] = {}
    for key, text in split_settings(settings).items():
        try:
            given[key] = json.loads(text)
        except json.JSONDecodeError:
            given[key] = text
    return given


def _help(made: Attributed, method: str) -> str:
    """Say why attributions may not add up, or what helps."""
    if made.without_rule:
        return f"the model computes {', '.join(made.without_rule)}, for which DeepLIFT has no rule"
    return (
        "--set quadrature=64 helps recurrent layers and what has no rule of its own"
        if method == "deep_lift_shap"
        else "more steps help"
    )


def show(made: Attributed, method: str) -> None:
    """Print what was made, and warn of attributions that do not add up."""
    from motiflens.analyses.cli.output import note, result

    if made.flagged and made.worst is not None:
        note(
            f"warning: {method} does not add up for {made.flagged:,} of {made.windows:,} windows: |sum - change "
            f"in logit| is up to {made.worst:.3g} of the change; they are marked in 'flagged' "
            f"({_help(made, method)})"
        )
    if made.unexplained:
        note(
            f"note: {made.unexplained:,} of {made.windows:,} windows have no change to explain: shuffling does "
            "not change them (repeats), or not their logit; they are marked in 'unexplained'"
        )
    record = {
        "store": str(made.store),
        "files": [str(path) for path in made.files],
        "windows": made.windows,
        "method": method,
        "flagged": made.flagged,
        "worst": made.worst,
        "unexplained": made.unexplained,
    }
    result(record, f"{made.store}: {made.windows:,} windows by {method}", *map(str, made.files))
