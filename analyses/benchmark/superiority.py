"""How often a value of one group exceeds one of another."""

from __future__ import annotations

import numpy as np

from motiflens.models.metrics import auroc, curve
from motiflens.models.types import Doubles


def superiority(high: Doubles, low: Doubles) -> float:
    """Return the probability that a value of `high` exceeds one of `low`, ties half: the area under the ROC curve.

    NaN where a group is empty. .5 is what chance gives.

    Examples
    --------
    >>> superiority(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    0.875
    """
    labels = np.concatenate([np.ones(len(high)), np.zeros(len(low))])
    return auroc(curve(labels, np.concatenate([high, low])))
