"""Which motifs of a table count as matching a known one."""

from __future__ import annotations

import pandas as pd


def significant(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Return the rows that passed the information gate and match a known motif at q < `alpha`.

    Parameters
    ----------
    table
        ``gate`` and ``target_q``, as in ``motifs.tsv``; a motif without a match has a missing q.

    Examples
    --------
    >>> table = pd.DataFrame({"gate": ["passed", "failed", "passed"], "target_q": [0.01, 0.01, None]})
    >>> significant(table, 0.05).index.tolist()
    [0]
    """
    return table[(table["gate"] == "passed") & (table["target_q"] < alpha)]
