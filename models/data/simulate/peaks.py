"""Calling peaks from a fold-change track by a threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln

from motiflens.models.data.simulate.tracks import STEP, Pileup
from motiflens.models.types import Doubles, Integers

THRESHOLD = 5.0  # fold change
_SHORTEST = 100  # bp
_CLOSEST = 50  # bp between peaks; nearer ones are one


def call_peaks(pileup: Pileup) -> pd.DataFrame:
    """Call peaks: stretches of 100 bp or more at five-fold enrichment, across gaps of up to 50 bp.

    Returns
    -------
    DataFrame
        start, end (offsets into the genome), summit (offset from start), signal (fold change at the summit),
        pvalue (-log10 of the Poisson tail at the summit).
    """
    above = np.concatenate([[0], (pileup.fold_change >= THRESHOLD).astype(np.int8), [0]])
    starts, ends = np.flatnonzero(np.diff(above) > 0), np.flatnonzero(np.diff(above) < 0)
    if len(starts):
        apart = (starts[1:] - ends[:-1]) * STEP > _CLOSEST
        starts, ends = starts[np.concatenate([[True], apart])], ends[np.concatenate([apart, [True]])]
    long = (ends - starts) * STEP >= _SHORTEST
    starts, ends = starts[long], ends[long]
    summits = np.array(
        [a + int(np.argmax(pileup.fold_change[a:b])) for a, b in zip(starts, ends, strict=True)], dtype=np.int64
    )
    return pd.DataFrame(
        {
            "start": starts * STEP,
            "end": ends * STEP,
            "summit": (summits - starts) * STEP + STEP // 2,
            "signal": pileup.fold_change[summits],
            "pvalue": np.round(poisson_tail(pileup.treatment[summits], pileup.expected[summits]), 2),
        }
    )


def poisson_tail(count: Integers, mean: Doubles) -> Doubles:
    """-log10 P(X >= count) for Poisson X; counts are to be above their means.

    The sum of the tail's terms, relative to the first: exact also where the probability underflows.
    """
    terms, total = np.ones(len(count)), np.ones(len(count))
    for i in range(1, 400):
        terms = terms * mean / (count + i)
        total += terms
    logarithm = count * np.log(mean) - mean - gammaln(count + 1.0) + np.log(total)
    return np.maximum(-logarithm / np.log(10.0), 0.0)
