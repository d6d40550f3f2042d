"""Array kernel of `match` with Pearson's correlation: compiled where it is asked for, as `match_numba` is."""

from __future__ import annotations

import math

from motiflens.analyses.motifs.engines.compiled import compiled
from motiflens.models.types import Doubles


@compiled(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1])",
)
def correlations(query: Doubles, columns: Doubles, scores: Doubles) -> None:
    """Fill in Pearson's r of query columns (w, 4) and target columns (4, N) or their complements, (w, 2 N).

    A column without variance correlates with nothing: r = 0.
    """
    n = columns.shape[1]
    for i in range(query.shape[0]):
        q0, q1, q2, q3 = query[i, 0], query[i, 1], query[i, 2], query[i, 3]
        mean = (q0 + q1 + q2 + q3) / 4
        q0, q1, q2, q3 = q0 - mean, q1 - mean, q2 - mean, q3 - mean
        norm = math.sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
        for strand in range(2):
            a, c, g, t = 3 * strand, 1 + strand, 2 - strand, 3 - 3 * strand
            begin = n * strand
            for k in range(n):
                y0, y1, y2, y3 = columns[a, k], columns[c, k], columns[g, k], columns[t, k]
                mean = (y0 + y1 + y2 + y3) / 4
                y0, y1, y2, y3 = y0 - mean, y1 - mean, y2 - mean, y3 - mean
                scale = norm * math.sqrt(y0 * y0 + y1 * y1 + y2 * y2 + y3 * y3)
                product = q0 * y0 + q1 * y1 + q2 * y2 + q3 * y3
                scores[i, begin + k] = product / scale if scale > 1e-14 else 0.0
