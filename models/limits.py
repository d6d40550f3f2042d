"""How much is taken before it is refused: limits that are stated in one table and can be raised."""

from __future__ import annotations

import os
from typing import NamedTuple


class Limit(NamedTuple):
    """One limit."""

    most: int
    unit: str
    why: str


LIMITS = {
    "LENGTH": Limit(1_000_000, "bp", "a window's length"),
    "HEADER": Limit(1_000_000, "letters", "a FASTA header"),
    "RECORD": Limit(1_000_000_000, "letters", "one sequence of a FASTA file that is read as a whole"),
    "LINE": Limit(100_000_000, "letters", "a line of a text file"),
    "MEMORY": Limit(16 << 30, "bytes", "an array that is made at once"),
    "MOTIF_WIDTH": Limit(500, "positions", "a motif (JASPAR's widest has 35)"),
    "RATIO": Limit(1_000_000, "negatives per positive", "the ratio of negatives"),
}


def limit(name: str) -> int:
    """Return a limit: that of the environment variable ``MOTIFLENS_MAX_NAME`` where it is set.

    Raises
    ------
    ValueError
        If the variable is no whole number above 0.

    Examples
    --------
    >>> limit("LENGTH")
    1000000
    """
    text = os.environ.get(f"MOTIFLENS_MAX_{name}")
    if text is None:
        return LIMITS[name].most
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"MOTIFLENS_MAX_{name} is {text!r}: expected a whole number above 0")
    return int(text)


def check_limit(name: str, size: float, what: str) -> None:
    """Refuse what is larger than a limit, before any work on it.

    Parameters
    ----------
    name
        Of the limit.
    size
        In its unit.
    what
        What has this size, for the error.

    Raises
    ------
    ValueError
        Naming the limit and how to raise it.

    Examples
    --------
    >>> check_limit("HEADER", 5_000, "x.fa line 1: its header")
    """
    most = limit(name)
    if size > most:
        raise ValueError(
            f"{what} has {size:,.0f} {LIMITS[name].unit}, more than {most:,}: set MOTIFLENS_MAX_{name} to raise "
            "this limit"
        )
