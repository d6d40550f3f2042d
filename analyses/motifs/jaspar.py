"""JASPAR's matrices from the sqlite files that pyjaspar ships, read with a few joins."""

from __future__ import annotations

import importlib.util
import re
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.motif import Motif

_LETTERS = {"A": 0, "C": 1, "G": 2, "T": 3}


def releases() -> list[str]:
    """Return the releases that are installed, oldest first: ``['2014', ..., '2026']``."""
    return sorted(path.stem.removeprefix("JASPAR") for path in _folder().glob("JASPAR*.sqlite"))


def jaspar(
    release: str = "2026",
    collection: str = "CORE",
    taxon: str | None = "vertebrates",
    ids: Sequence[str] | None = None,
) -> list[Motif]:
    """Return JASPAR's motifs.

    Parameters
    ----------
    release
        ``2014`` to ``2026``.
    collection
        ``CORE`` or another of the release's collections. Not used with `ids`.
    taxon
        Taxonomic group (``vertebrates``, ``plants``, ``fungi``, ...), or None for all. Not used with `ids`.
    ids
        Identifiers, returned in this order: ``MA0139.1`` is that version and no other, ``MA0139`` the latest
        of the release.

    Returns
    -------
    list of Motif
        Frequencies without pseudocounts; each position is divided by its own sum (481 of CORE's matrices have
        columns that sum differently); ``nsites`` is the first position's sum, as in MEME's conversion of
        JASPAR; ``family`` the structural family, ``info`` the class. Without `ids` the latest version of each
        matrix, ordered by identifier.

    Raises
    ------
    ValueError
        If the release, the taxon, the collection or an identifier does not exist.

    Examples
    --------
    >>> [(m.name, m.alt, m.width) for m in jaspar(ids=["MA0139.1", "MA0139"])]
    [('MA0139.1', 'CTCF', 19), ('MA0139.2', 'CTCF', 15)]
    """
    database = _folder() / f"JASPAR{release}.sqlite"
    if not database.is_file():
        raise ValueError(f"JASPAR release {release} is not installed: expected one of {', '.join(releases())}")
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        if ids is not None:
            keys = _by_identifier(connection, ids, release)
        else:
            keys = _by_selection(connection, collection, taxon, release)
        return _fetch(connection, keys, f"jaspar{release}")
    finally:
        connection.close()


def jaspar_by_name(name: str) -> list[Motif]:
    """Read ``jaspar``, ``jaspar:2016``, ``jaspar:2026:fungi``, ``jaspar:2026:all``, ``jaspar:2026:MA0139.1``.

    >>> jaspar_by_name("jaspar:2026:MA0139.1")[0].alt
    'CTCF'
    """
    _, _, rest = name.partition(":")
    release, _, selection = rest.partition(":")
    release = release or "2026"
    if re.match(r"[A-Z]{2}\d+(\.\d+)?(,|$)", selection):
        return jaspar(release, ids=[part.strip() for part in selection.split(",") if part.strip()])
    taxon = None if selection.lower() == "all" else selection or "vertebrates"
    return jaspar(release, taxon=taxon)


def _folder() -> Path:
    found = importlib.util.find_spec("pyjaspar")
    if found is None or found.origin is None:
        raise ValueError("JASPAR needs the package pyjaspar: install it, or give a motif file instead")
    return Path(found.origin).parent / "data"


def _by_identifier(connection: sqlite3.Connection, ids: Sequence[str], release: str) -> list[int]:
    keys = []
    if not ids:
        raise ValueError("no JASPAR identifiers were given")
    for identifier in ids:
        match = re.fullmatch(r"(\w+?)(?:\.(\d+))?", identifier.strip())
        rows: list[tuple[int, int]] = []
        if match:
            query = "SELECT ID, VERSION FROM MATRIX WHERE BASE_ID = ?"
            rows = list(connection.execute(query, (match[1],)))
            if match[2]:
                rows = [row for row in rows if int(row[1]) == int(match[2])]
        if not rows:
            raise ValueError(f"JASPAR {release} has no matrix {identifier!r} (expected like MA0139.1 or MA0139)")
        keys.append(max(rows, key=lambda row: int(row[1]))[0])
    return keys


def _by_selection(connection: sqlite3.Connection, collection: str, taxon: str | None, release: str) -> list[int]:
    query = "SELECT ID, BASE_ID, VERSION FROM MATRIX WHERE COLLECTION = ?"
    values: list[str] = [collection]
    if taxon is not None:
        query += " AND ID IN (SELECT ID FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' AND VAL = ?)"
        values.append(taxon)
    latest: dict[str, tuple[int, int]] = {}
    for key, base, version in connection.execute(query, values):
        latest[base] = max(latest.get(base, (-1, -1)), (int(version), key))
    if not latest:
        groups = [row[0] for row in connection.execute("SELECT DISTINCT COLLECTION FROM MATRIX ORDER BY 1")]
        taxa = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT VAL FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' ORDER BY 1"
            )
        ]
        raise ValueError(
            f"JASPAR {release} has no matrix with collection {collection!r} and taxon {taxon!r}: "
            f"its collections are {', '.join(groups)}, its taxa {', '.join(taxa)}"
        )
    return [latest[base][1] for base in sorted(latest)]


def _fetch(connection: sqlite3.Connection, keys: Sequence[int], source: str) -> list[Motif]:
    connection.execute("CREATE TEMP TABLE wanted (ID INTEGER)")
    connection.executemany("INSERT INTO wanted VALUES (?)", [(key,) for key in set(keys)])
    names = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT ID, BASE_ID, VERSION, NAME, COLLECTION FROM MATRIX WHERE ID IN (SELECT ID FROM wanted)"
        )
    }
    entries: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for key, letter, position, value in connection.execute(
        "SELECT ID, row, col, val FROM MATRIX_DATA WHERE ID IN (SELECT ID FROM wanted)"
    ):
        entries[key].append((int(position) - 1, _LETTERS[letter], float(value)))
    tags: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, tag, value in connection.execute(
        "SELECT ID, TAG, VAL FROM MATRIX_ANNOTATION WHERE TAG IN ('family', 'class', 'tax_group', 'type') "
        "AND ID IN (SELECT ID FROM wanted) ORDER BY rowid"
    ):
        if value and value not in tags[key][tag]:
            tags[key][tag].append(value)
    return [_motif(names[key], entries[key], tags[key], source) for key in keys]


def _motif(
    name: tuple[str, int, str, str],
    entries: list[tuple[int, int, float]],
    tags: dict[str, list[str]],
    source: str,
) -> Motif:
    width = 1 + max(position for position, _, _ in entries)
    counts = np.zeros((width, 4))
    for position, letter, value in entries:
        counts[position, letter] = value
    sums = counts.sum(axis=1, keepdims=True)
    info: dict[str, float | str] = {"collection": name[3]}
    for tag in ("class", "tax_group", "type"):
        if tags.get(tag):
            info[tag] = "::".join(tags[tag])
    return Motif(
        f"{name[0]}.{name[1]}",
        counts / sums,
        alt=name[2],
        nsites=float(sums[0, 0]),
        family="::".join(tags.get("family", [])),
        source=source,
        info=info,
    )
