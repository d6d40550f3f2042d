"""Whether a motif occurs more often in attended windows than in matched background windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from motiflens.models.types import Doubles, Integers


def enrichment(hits: Integers, total: int, background_hits: Integers, background_total: int) -> pd.DataFrame:
    """Test, for each matrix, hits among windows against hits among background windows.

    Fisher's exact test, one-sided, on the number of windows with at least one hit; Benjamini and Hochberg's q
    over the matrices. Where every background window shares its sequence with a window, the test is conservative.

    Parameters
    ----------
    hits, background_hits
        (M,) windows with a hit of each matrix.
    total, background_total
        Windows in each set.

    Returns
    -------
    DataFrame
        ``hits``, ``background_hits``, ``enrichment`` (ratio of the shares, half a window added to each count),
        ``enrichment_p``, ``enrichment_q`` and, where that is too small for a number, ``enrichment_log10_q``; one
        row a matrix.

    Raises
    ------
    ValueError
        If a set is empty or has more hits than windows.

    Examples
    --------
    >>> enrichment(np.array([30, 5]), 50, np.array([5, 5]), 50).enrichment_q.round(6).tolist()
    [0.0, 0.629667]
    """
    hits, background_hits = np.asarray(hits), np.asarray(background_hits)
    if total < 1 or background_total < 1:
        raise ValueError(f"enrichment needs windows and background windows, got {total} and {background_total}")
    if (hits > total).any() or (background_hits > background_total).any():
        raise ValueError("there are more windows with a hit than windows")
    with np.errstate(divide="ignore"):
        log_p = hypergeom.logsf(hits - 1, total + background_total, total, hits + background_hits)
    log_p = np.minimum(log_p, 0.0)
    log_q = log_benjamini_hochberg(log_p)
    ratio = ((hits + 0.5) / (total + 1)) / ((background_hits + 0.5) / (background_total + 1))
    return pd.DataFrame(
        {
            "hits": hits,
            "background_hits": background_hits,
            "enrichment": ratio,
            "enrichment_p": np.exp(log_p),
            "enrichment_q": np.exp(log_q),
            "enrichment_log10_q": log_q / np.log(10),
        }
    )


def benjamini_hochberg(p: Doubles) -> Doubles:
    """Adjusted p-values (Benjamini and Hochberg 1995), in the order given.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    if not len(p):
        return np.zeros(0)
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    result = np.empty(len(p))
    result[order] = np.minimum(np.minimum.accumulate(scaled), 1)
    return result


def log_benjamini_hochberg(log_p: Doubles) -> Doubles:
    """The same on natural logarithms, for p-values below the smallest number.

    >>> log_benjamini_hochberg(np.array([-1000.0, -2000.0])).round(2).tolist()
    [-1000.0, -1999.31]
    """
    if not len(log_p):
        return np.zeros(0)
    order = np.argsort(log_p)[::-1]
    scaled = log_p[order] + np.log(len(log_p) / np.arange(len(log_p), 0, -1))
    result = np.empty(len(log_p))
    result[order] = np.minimum(np.minimum.accumulate(scaled), 0)
    return result
