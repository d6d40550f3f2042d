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

    found: dict[str, Any] = {}
    for key, text in split_settings(settings).items():
        try:
            found[key] = json.loads(text)
        except json.JSONDecodeError:
            found[key] = text
    return found


def _help(made: Attributed, method: str) -> str:
    """Say why attributions may not add up, or what helps."""
    if made.without_rule:
        return f"the model computes {', '.join(made.without_rule)}, for which DeepLIFT has no rule"
    return "--set quadrature=64 helps recurrent layers" if method == "deep_lift_shap" else "more steps help"


def show(found: Attributed, method: str) -> None:
    """Print what was made, and warn of attributions that do not add up."""
    from motiflens.analyses.cli.output import note, result

    if found.flagged and found.worst is not None:
        note(
            f"warning: {method} does not add up for {found.flagged:,} of {found.windows:,} windows: |sum - change "
            f"in logit| is up to {found.worst:.3g} of the change; they are marked in 'flagged' "
            f"({_help(found, method)})"
        )
    if found.unexplained:
        note(
            f"note: {found.unexplained:,} of {found.windows:,} windows have no change to explain: shuffling does "
            "not change them (repeats), or not their logit; they are marked in 'unexplained'"
        )
    record = {
        "store": str(found.store),
        "files": [str(path) for path in found.files],
        "windows": found.windows,
        "method": method,
        "flagged": found.flagged,
        "worst": found.worst,
        "unexplained": found.unexplained,
    }
    result(record, f"{found.store}: {found.windows:,} windows by {method}", *map(str, found.files))
