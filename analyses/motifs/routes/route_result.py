"""What a route gives."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import Subsequences


@dataclass(frozen=True)
class RouteResult:
    """What a route gives.

    Attributes
    ----------
    motifs
        As the route made them.
    sites
        Where they were seen, as rows of a BED file (`bed_rows`).
    note
        What was used; of a route that was left out, why.
    left_out
        Whether the route was impossible.
    subsequences, attended
        The bases at maximum attention, where the route read them, and what they hold.
    seconds
        Time taken.
    """

    motifs: tuple[Motif, ...] = ()
    sites: tuple[pd.DataFrame, ...] = ()
    note: str = ""
    left_out: bool = False
    subsequences: Subsequences | None = None
    attended: Attended | None = None
    seconds: float = 0.0
