"""Windows to attribute, each task's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.models.types import Floats, Integers


class OwnPositives(NamedTuple):
    """Pairs of a window and a task that it is bound in, ordered by task."""

    rows: Integers  # n: of the labels
    task: Integers  # n: column of the labels


def own_positives(labels: Floats, tasks: Sequence[int], *, most: int, seed: int = 0) -> OwnPositives:
    """Draw bound windows of every task, so that each output is explained where its own factor binds.

    A window that is bound in several tasks may be drawn for each. Tasks share `most` evenly; what one lacks the
    others do not get, so that no task outweighs another.

    Parameters
    ----------
    labels
        (N, tasks) 1 for bound.
    tasks
        Columns to draw for.
    most
        Pairs at most (at least one a task with bound windows).
    seed
        Of the draw.

    Examples
    --------
    >>> labels = np.array([[1, 0], [1, 1], [0, 1], [0, 0]])
    >>> pairs = own_positives(labels, [0, 1], most=10)
    >>> pairs.rows.tolist(), pairs.task.tolist()
    ([0, 1, 1, 2], [0, 0, 1, 1])
    """
    share = max(1, most // max(1, len(tasks)))
    rng = np.random.default_rng(seed)
    rows, task = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for column in tasks:
        drawn = np.sort(rng.permutation(np.flatnonzero(labels[:, column] == 1))[:share])
        rows.append(drawn)
        task.append(np.full(len(drawn), column, dtype=np.int64))
    return OwnPositives(np.concatenate(rows), np.concatenate(task))
