"""Array kernel of exact p-values of a matrix's scores, compiled when this module is first imported."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.compiled import compiled
from motiflens.models.types import Doubles, Integers


@compiled(
    "void(int64[:, ::1], int64[::1], float64[::1], int64, float64[:, ::1], float64[::1])",
)
def add_columns(
    scores: Integers, spans: Integers, background: Doubles, pad: int, room: Doubles, table: Doubles
) -> None:
    """Convolve columns, column after column from one row of `room` into the other; their least scores are 0.

    The end of `table` becomes the chance of at least each sum.
    """
    w0, w1, w2, w3 = background[0], background[1], background[2], background[3]
    size = 1
    for j in range(scores.shape[0]):
        now, new = room[j % 2], room[1 - j % 2]
        a, c, g, t = pad - scores[j, 0], pad - scores[j, 1], pad - scores[j, 2], pad - scores[j, 3]
        size += spans[j]
        for s in range(size):
            new[pad + s] = w0 * now[a + s] + w1 * now[c + s] + w2 * now[g + s] + w3 * now[t + s]
    last = scores.shape[0] % 2
    total = 0.0
    for back in range(size):  # the rarest first, so that small ones are exact
        total += room[last, pad + size - 1 - back]
        table[table.shape[0] - 1 - back] = min(total, 1.0)
