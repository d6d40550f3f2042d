"""Whether the bases that a map ranks first are those that the model goes by: deletion, insertion, the top 20."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motiflens.interpret.attribution.baselines import sequence_seed, shuffle_known
from motiflens.models.option_ranges import check_numbers
from motiflens.models.types import Codes, Doubles, Floats, Integers

Predict = Callable[[Codes, Integers], Doubles]


@dataclass(frozen=True)
class FaithfulnessOptions:
    """How bases are taken away and put back.

    Attributes
    ----------
    steps
        Bases that are taken at each point of the curves, rising; those beyond the window are left out.
    top
        Bases of sufficiency and comprehensiveness.
    shuffles
        Dinucleotide-shuffled copies of a window that bases are replaced from; logits are averaged over them.
    seed
        Of the shuffles and of the order of ties.
    """

    steps: tuple[int, ...] = (5, 10, 20, 40, 80, 160)
    top: int = 20
    shuffles: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"steps are {self.steps}: expected rising numbers of bases")


class Faithfulness(NamedTuple):
    """Changes in logit, over the mean |logit of the window − logit of its shuffled copies| of all windows.

    Attributes
    ----------
    steps
        (S,) bases taken at each point of the curves.
    deletion, insertion
        (N, S): how far the logit falls when the first bases are replaced; how far that of the shuffled window
        rises when they are put into it. The higher the more faithful.
    comprehensiveness, sufficiency
        (N,): how far the logit falls without the top bases (the higher the better), and with nothing but them (the
        lower the better; DeYoung et al. 2020).
    """

    steps: Integers
    deletion: Doubles
    insertion: Doubles
    comprehensiveness: Doubles
    sufficiency: Doubles


def faithfulness(
    predict: Predict, codes: Codes, importance: Floats | Doubles, options: FaithfulnessOptions | None = None
) -> Faithfulness:
    """Take the most important bases out of windows, and put them into shuffled ones.

    Bases are replaced by what stands at their place in dinucleotide-shuffled copies of the window: the same ones
    for every map. The curves' areas are their means over steps: as steps double, on a logarithmic axis.

    Parameters
    ----------
    predict
        Gives the logits, (M,), of sequences (M, L) in the windows `rows` (M,), whose other inputs they take.
    codes
        (N, L) bases; unknown ones stay.
    importance
        (N, L), the higher the sooner taken; ties in random order.
    options
        See `FaithfulnessOptions`.

    Raises
    ------
    ValueError
        If shapes differ.
    """
    wanted = options or FaithfulnessOptions()
    if codes.shape != importance.shape or codes.ndim != 2:
        raise ValueError(f"codes {codes.shape} and importance {importance.shape}: expected both (windows, bp)")
    count, length = codes.shape
    steps = np.array([step for step in wanted.steps if step <= length] or [length], dtype=np.int64)
    rank = ranked(importance, wanted.seed)
    points = [*steps.tolist(), min(wanted.top, length), length]
    blank = np.stack([shuffle_known(row, wanted.shuffles, sequence_seed(row, wanted.seed)) for row in codes])
    whole = predict(codes, np.arange(count))
    without = np.zeros((len(points), count))
    only = np.zeros((len(points), count))
    for number, point in enumerate(points):
        first = rank < point  # N, L
        for copy in range(wanted.shuffles):
            for total, taken in ((without, first), (only, ~first)):
                replaced = np.where(taken, blank[:, copy], codes)
                total[number] += predict(replaced, np.arange(count)) / wanted.shuffles
    nothing = without[-1]
    unit = max(float(np.abs(whole - nothing).mean()), 1e-12) if count else 1.0
    fall, rise = (whole - without) / unit, (only - nothing) / unit
    size = len(steps)
    return Faithfulness(steps, fall[:size].T, rise[:size].T, fall[size], (whole - only[size]) / unit)


def ranked(importance: Floats | Doubles, seed: int = 0) -> Integers:
    """Return each base's place in the order of importance within its window, 0 first; ties in random order.

    Examples
    --------
    >>> ranked(np.array([[1.0, 3.0, 2.0]])).tolist()
    [[2, 0, 1]]
    """
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(importance.shape), -importance), axis=-1)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(order.shape[-1]), order.shape), axis=-1)
    return place.astype(np.int64)
