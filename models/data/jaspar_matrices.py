"""JASPAR's matrices as plain arrays, for the models and controls that are made of them."""

from __future__ import annotations

import importlib.util
import sqlite3
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.models.types import Doubles

_NEWEST = """
SELECT ID, BASE_ID || '.' || MAX(VERSION), NAME FROM MATRIX
WHERE COLLECTION = 'CORE' AND ID IN (SELECT ID FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' AND VAL = ?)
GROUP BY BASE_ID ORDER BY BASE_ID
"""


class Matrix(NamedTuple):
    """A matrix of JASPAR."""

    name: str  # such as MA0139.2
    alt: str  # its factor, such as CTCF
    counts: Doubles  # w, 4: A, C, G, T


def jaspar_matrices(release: str = "2026", taxon: str = "vertebrates") -> list[Matrix]:
    """Return the newest version of each CORE matrix of a taxonomic group, ordered by name.

    The names, families and other fields that reports need are read by `motiflens.analyses.motifs.jaspar`.

    Raises
    ------
    ValueError
        If pyjaspar, or its release, is not installed.

    Examples
    --------
    >>> next(m.name for m in jaspar_matrices() if m.alt == "CTCF")
    'MA0139.2'
    """
    place = importlib.util.find_spec("pyjaspar")
    if place is None or place.origin is None:
        raise ValueError("JASPAR's matrices need the package pyjaspar: install it")
    file = Path(place.origin).parent / "data" / f"JASPAR{release}.sqlite"
    if not file.is_file():
        raise ValueError(f"JASPAR release {release} is not installed: update pyjaspar, or name another release")
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        names = list(connection.execute(_NEWEST, (taxon,)))
        rows = connection.execute("SELECT ID, col - 1, row, val FROM MATRIX_DATA").fetchall()
    finally:
        connection.close()
    wanted = {key for key, _, _ in names}
    columns: dict[int, dict[tuple[int, str], float]] = {key: {} for key in wanted}
    for key, column, letter, value in rows:
        if key in wanted:
            columns[key][int(column), letter] = float(value)
    return [Matrix(name, alt, _array(columns[key])) for key, name, alt in names]


def _array(entries: dict[tuple[int, str], float]) -> Doubles:
    width = 1 + max(column for column, _ in entries)
    return np.array([[entries.get((column, letter), 0.0) for letter in "ACGT"] for column in range(width)])


def log_odds(counts: Doubles) -> Doubles:
    """Return log2 of a matrix's frequencies over 1/4, with one pseudocount a position, (w, 4)."""
    total = counts.sum(axis=1, keepdims=True)
    odds: Doubles = np.log2((counts + 0.25) / (total + 1.0) / 0.25)
    return odds
