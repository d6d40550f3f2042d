"""What sequencing would show: fold change of ChIP over control, and DNase cuts with footprints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Doubles, Floats, Integers

STEP = 10  # bp per value of a fold-change track
_COVERAGE = 10  # mean depth of fragments in treatment and control
_FRAGMENT = (150, 250)  # bp
_SIGNAL = 14  # fold over background at a fully bound site, on average
_CUTS = 0.16  # DNase cuts per bp of the genome
_SMEAR = 2  # bp to either side that a cut counts for


class Pileup(NamedTuple):
    """A ChIP-seq experiment as a peak caller sees it; one value every `STEP` bp."""

    treatment: Integers  # fragments that cover the position
    expected: Doubles  # fragments expected there from the control
    fold_change: Floats  # (treatment + 1) / (expected + 1), two decimals


def fragments(weights: Integers, size: int, step: int, stream: Stream) -> tuple[Integers, Integers]:
    """Starts and ends of `size` fragments that begin in bins of `step` bp with the given whole weights."""
    starts = stream.scatter(weights, size) * step + stream.integers(0, step, size)
    return starts, starts + stream.integers(*_FRAGMENT, size)


def coverage(starts: Integers, ends: Integers, total: int) -> Integers:
    """Fragments over each base, (total,)."""
    change = np.bincount(starts, minlength=total + 1)[: total + 1]
    change = change - np.bincount(np.minimum(ends, total), minlength=total + 1)[: total + 1]
    return np.cumsum(change[:total], dtype=np.int64)


def control(weights: Integers, step: int, total: int, stream: Stream) -> Integers:
    """Sequence an input control: fragments over every `STEP`-th base."""
    size = _COVERAGE * total // ((_FRAGMENT[0] + _FRAGMENT[1]) // 2)
    return coverage(*fragments(weights, size, step, stream), total)[STEP // 2 :: STEP]


def chip(
    weights: Integers,
    step: int,
    centres: Integers,
    strengths: Integers,
    against: Doubles,
    total: int,
    stream: Stream,
) -> Pileup:
    """Sequence a ChIP experiment and divide it by what its control lets one expect.

    Parameters
    ----------
    weights
        (bins,) whole weights of background fragments; `step` bp each.
    step
        Width of those bins, in bp.
    centres, strengths
        (sites,): middle of each site, and its occupancy times its mappability in 1/1000.
    against
        What the control lets one expect, see `expected`.
    total
        Length of the genome.
    stream
        Random numbers.
    """
    mean = (_FRAGMENT[0] + _FRAGMENT[1]) // 2
    starts, ends = fragments(weights, _COVERAGE * total // mean, step, stream)
    size = int(strengths.sum()) * _COVERAGE * _SIGNAL // 1000
    if size:
        site = centres[stream.scatter(strengths, size)]
        length = stream.integers(*_FRAGMENT, size)
        # A fragment that was pulled down by its site covers it, at any place along its length.
        first = site - np.floor(stream.uniform(size) * length).astype(np.int64)
        starts, ends = np.concatenate([starts, first]), np.concatenate([ends, first + length])
    treatment = coverage(np.clip(starts, 0, total), np.clip(ends, 0, total), total)[STEP // 2 :: STEP]
    fold = np.round((treatment + 1.0) / (against + 1.0), 2).astype(np.float32)
    return Pileup(treatment, against, fold)


def expected(against: Integers) -> Doubles:
    """Fragments that a control's coverage lets one expect in ChIP, one value every `STEP` bp.

    The largest of the control's means over the genome, 1 kb and 5 kb, as MACS has its local lambda.
    """
    local = np.full(len(against), float(against.sum()) / len(against))
    sums = np.concatenate([[0], np.cumsum(against)])
    for width in (1_000 // STEP, 5_000 // STEP):
        low = np.clip(np.arange(len(against)) - width // 2, 0, len(against) - 1)
        high = np.clip(low + width, 1, len(against))
        local = np.maximum(local, (sums[high] - sums[low]) / (high - low))
    return local


def dnase(weights: Integers, stream: Stream) -> Floats:
    """Sequence a DNase experiment: density of cuts per base, the mean over the genome being 1.

    Parameters
    ----------
    weights
        (total,): whole weights of cutting at each base, footprints included.
    stream
        Random numbers.
    """
    total = len(weights)
    cuts = stream.scatter(weights, int(_CUTS * total))
    depth = coverage(np.maximum(cuts - _SMEAR, 0), cuts + _SMEAR + 1, total)
    return np.round(depth / (float(depth.sum()) / total), 2).astype(np.float32)


def footprints(weights: Integers, starts: Integers, ends: Integers, occupied: Doubles) -> Integers:
    """Protect bound sites from DNase, and make their flanks a little easier to cut.

    Parameters
    ----------
    weights
        (total,): whole weights of cutting, without bound factors.
    starts, ends
        (sites,): the sites.
    occupied
        (sites,): how often each is bound, 0 … 1.
    """
    factor = np.ones(len(weights))
    flank = 8
    for start, end, bound in zip(starts.tolist(), ends.tolist(), occupied.tolist(), strict=True):
        for a, b in ((start - flank, start), (end, end + flank)):
            factor[a:b] *= 1.0 + 0.25 * bound
        factor[start:end] *= 1.0 - 0.75 * bound
    return np.rint(weights * factor).astype(np.int64)
