"""How many windows were left out of training, by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from motiflens.models.types import Floats


def counted(labels: Floats, tasks: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count bound and unbound windows of each task, for `Dataset.left_out`.

    Parameters
    ----------
    labels
        (N, tasks) 0, 1 or NaN.
    tasks
        Their names.

    Examples
    --------
    >>> import numpy as np
    >>> counted(np.array([[1, 0], [1, np.nan]]), ["FOS", "JUN"])
    {'FOS': (2, 0), 'JUN': (0, 1)}
    """
    bound, unbound = ((labels == label).sum(axis=0).tolist() for label in (1, 0))
    return dict(zip(tasks, zip(bound, unbound, strict=True), strict=True))


def added(*parts: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Add counts of the same tasks.

    Examples
    --------
    >>> added({"FOS": (2, 0)}, {"FOS": (1, 4), "JUN": (0, 1)})
    {'FOS': (3, 4), 'JUN': (0, 1)}
    """
    bound: Counter[str] = Counter()
    unbound: Counter[str] = Counter()
    for part in parts:
        for task, counts in part.items():
            bound[task] += counts[0]
            unbound[task] += counts[1]
    return {task: (bound[task], unbound[task]) for task in bound}
