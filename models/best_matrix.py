"""Which single matrix tells bound windows from unbound ones best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.models.architectures.numba_letters import score_maxima
from motiflens.models.architectures.pooled_convolution import in_threads, pair_count, pair_table
from motiflens.models.data.jaspar_matrices import Matrix, log_odds
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

_SCREENED = 1000  # windows all matrices are tried on first
_KEPT = 25  # matrices a task that are then tried on all windows
_NEVER = -1e4  # of a matrix that is wider than the window


class Best(NamedTuple):
    """The matrix that was chosen for a task, and what it was chosen by."""

    number: int  # in the list of matrices
    auroc: float  # on the windows it was chosen by
    scores: Doubles  # n: best score on either strand
    labels: Doubles  # n: 0 or 1


def best_matrices(
    windows: Windows,
    rows: Integers,
    matrices: Sequence[Matrix],
    *,
    most: int = 5000,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Best]:
    """Choose one matrix for each task by the area under the ROC curve of its best score in a window.

    All matrices are tried on up to 1,000 windows a task; the 25 best of them on up to `most`.

    Parameters
    ----------
    windows, rows
        Training windows, and which of them may be used.
    matrices
        The matrices to choose from.
    most
        Windows a task at most, half of them bound where there are enough.
    seed
        Of the choice of windows.

    Raises
    ------
    ValueError
        If a task has no bound or no unbound window among the rows.
    """
    labels = windows.labels[rows]
    picked = [_balanced(labels[:, task], most, [seed, task], name) for task, name in enumerate(windows.tasks)]
    screened = [index[:_SCREENED] for index in picked]
    union = np.unique(np.concatenate(screened))
    progress(Step("choosing a matrix", 0, 2, "rounds"))
    scores = best_scores(windows.codes(rows[union]), matrices)  # n, matrices
    kept: list[Integers] = []
    for task, index in enumerate(screened):
        here = np.searchsorted(union, index)
        kept.append(np.argsort(-_aurocs(labels[index, task] == 1, scores[here]), kind="stable")[:_KEPT])
    progress(Step("choosing a matrix", 1, 2, "rounds"))
    matrices_of_tasks = []
    for task, (index, numbers) in enumerate(zip(picked, kept, strict=True)):
        index = np.sort(index)
        values = best_scores(windows.codes(rows[index]), [matrices[number] for number in numbers])
        areas = _aurocs(labels[index, task] == 1, values)
        best = int(np.argmax(areas))
        truth = labels[index, task].astype(np.float64)
        matrices_of_tasks.append(
            Best(int(numbers[best]), float(areas[best]), values[:, best].astype(np.float64), truth)
        )
    progress(Step("choosing a matrix", 2, 2, "rounds"))
    return matrices_of_tasks


def _balanced(labels: Floats, most: int, seed: list[int], task: str) -> Integers:
    """Return at most so many rows with a label, bound and unbound in turn as far as both last."""
    generator = np.random.default_rng(seed)
    bound = generator.permutation(np.flatnonzero(labels == 1))
    unbound = generator.permutation(np.flatnonzero(labels == 0))
    if not len(bound) or not len(unbound):
        raise ValueError(f"{task} has no bound or no unbound windows to choose a matrix by: choose other data")
    rank = np.concatenate([np.arange(len(bound)), np.arange(len(unbound))])
    return np.concatenate([bound, unbound])[np.argsort(rank, kind="stable")][:most]


def best_scores(codes: Codes, matrices: Sequence[Matrix]) -> Floats:
    """Return each matrix's best log2-odds on either strand of each window, (n, matrices).

    Parameters
    ----------
    codes
        (n, L) bases, 4 where unknown (which adds 0).
    matrices
        Any number; one that is wider than the windows scores the same everywhere.
    """
    by_width: dict[int, list[int]] = defaultdict(list)
    for number, matrix in enumerate(matrices):
        by_width[len(matrix.counts)].append(number)
    out = np.full((len(codes), len(matrices)), _NEVER, dtype=np.float32)
    room = np.full((len(codes), 2 * pair_count(max(by_width, default=1))), 4, dtype=np.uint8)
    padded = np.concatenate([np.minimum(codes, 4), room], axis=1)  # kernels are padded to whole pairs
    for width, numbers in by_width.items():
        if width > codes.shape[1]:
            continue
        ahead = np.stack([log_odds(matrices[number].counts).T for number in numbers])  # m, 4, w
        kernels = np.concatenate([ahead, ahead[:, ::-1, ::-1]]).astype(np.float32)
        both = _maxima(padded, codes.shape[1] - width + 1, kernels).reshape(len(codes), 2, len(numbers))
        out[:, numbers] = both.max(axis=1)
    return out


def _maxima(codes: Codes, places: int, kernels: Floats) -> Floats:
    """Return each kernel's best score at the first so many places of each window, (n, kernels)."""
    table, start = pair_table(kernels), np.zeros(len(kernels), dtype=np.float32)
    best = np.empty((len(codes), 1, len(kernels)), dtype=np.float32)
    where = np.empty(best.shape, dtype=np.int32)

    def work(first: int, last: int) -> None:
        score_maxima(codes, table, start, places, best, where, first, last)

    in_threads(work, len(codes), best.size * places * kernels.shape[-1])
    return best[:, 0]


def _aurocs(bound: Booleans, scores: Floats) -> Doubles:
    """Return the area under the ROC curve of each column, (columns,)."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    positives = int(bound.sum())
    wins = ranks[bound].sum(axis=0) - positives * (positives + 1) / 2
    areas: Doubles = wins / (positives * (len(bound) - positives))
    return areas
