"""Which member is final: by validation, and where there is one by a leaderboard; never by the test split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from motiflens.models import types
from motiflens.models.study.member import Member


def mean_of(rows: Sequence[types.Json], metric: str) -> float:
    """Return the mean of a metric over tasks, all cell types together; minus infinity if there is none."""
    values = [row[metric] for row in rows if not row["cell_type"] and row[metric] is not None]
    values = [value for value in values if not math.isnan(value)]
    return float(np.mean(values)) if values else -math.inf


def best_setting(candidates: Sequence[Member], score: Callable[[Member], float]) -> list[Member]:
    """Return the members of the setting with the best mean score over seeds; among equals the plan's first.

    Parameters
    ----------
    candidates
        The finished members of one data set and model, in the plan's order.
    score
        Of a member on validation; the higher the better.
    """
    settings: dict[str, list[Member]] = {}
    for member in candidates:
        settings.setdefault(member.setting_name, []).append(member)
    if not settings:
        return []
    return max(settings.values(), key=lambda group: float(np.mean([score(member) for member in group])))


def best_members(candidates: Sequence[Member], score: Callable[[Member], float], most: int) -> list[Member]:
    """Return the members with the best scores, the best first; among equals the plan's first."""
    return sorted(candidates, key=lambda member: -score(member))[:most]
