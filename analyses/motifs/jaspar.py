"""JASPAR's matrices from the sqlite files that pyjaspar ships, read with a few joins."""

from __future__ import annotations

import importlib.util
import re
import sqlite3
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.jaspar_factors import FIRST, Known, choose_factor, members_of
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.text import listed
from motiflens.models.suggestion import suggestion

_LETTERS = {"A": 0, "C": 1, "G": 2, "T": 3}
_SPECIES = {  # common names; any Latin name of the release is known as well
    "human": "Homo sapiens",
    "mouse": "Mus musculus",
    "rat": "Rattus norvegicus",
    "chicken": "Gallus gallus",
    "frog": "Xenopus laevis",
    "rabbit": "Oryctolagus cuniculus",
    "fly": "Drosophila melanogaster",
    "worm": "Caenorhabditis elegans",
    "yeast": "Saccharomyces cerevisiae",
    "arabidopsis": "Arabidopsis thaliana",
    "maize": "Zea mays",
    "rice": "Oryza sativa",
    "tomato": "Solanum lycopersicum",
}
_TAXA = "SELECT DISTINCT VAL FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' ORDER BY 1"
_TAXA_OF_CORE = (
    "SELECT DISTINCT VAL FROM MATRIX_ANNOTATION JOIN MATRIX USING (ID) "
    "WHERE TAG = 'tax_group' AND COLLECTION = 'CORE' ORDER BY 1"
)
_OF_TAXON = "ID IN (SELECT ID FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' AND VAL = ?)"
_OF_SPECIES = (
    "ID IN (SELECT S.ID FROM MATRIX_SPECIES S JOIN TAX T ON S.TAX_ID = T.TAX_ID "
    "WHERE lower(T.SPECIES) = lower(?1) OR CAST(T.TAX_ID AS TEXT) = ?1)"
)


def releases() -> list[str]:
    """Return the releases that are installed, oldest first: ``['2014', ..., '2026']``."""
    return sorted(path.stem.removeprefix("JASPAR") for path in _folder().glob("JASPAR*.sqlite"))


def taxa(release: str = "2026") -> list[str]:
    """Return the taxonomic groups of a release's CORE collection, in the order of their names.

    >>> "fungi" in taxa(), "vertebrates" in taxa()
    (True, True)
    """
    with _connected(release) as connection:
        return [str(row[0]) for row in connection.execute(_TAXA_OF_CORE)]


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
    with _connected(release) as connection:
        if ids is not None:
            keys = _by_identifier(connection, ids, release)
        else:
            keys = _by_selection(connection, collection, taxon, release)
        return _fetch(connection, keys, f"jaspar{release}")


@contextmanager
def _connected(release: str) -> Iterator[sqlite3.Connection]:
    if release not in releases():
        raise ValueError(f"JASPAR release {release} is not installed: expected one of {', '.join(releases())}")
    database = _folder() / f"JASPAR{release}.sqlite"
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    finally:
        connection.close()


def jaspar_by_name(name: str) -> list[Motif]:
    """Read ``jaspar``, ``jaspar:RELEASE`` or ``jaspar:RELEASE:SELECTION``; the release is 2026 where it is empty.

    A selection is one of these, tried in this order, of the collection CORE:

    - identifiers: ``MA0139.1,MA0138``;
    - ``all``, or a taxonomic group: ``fungi`` (``vertebrates`` is the default);
    - a species, by its Latin or a common name or its number: ``human``, ``Mus musculus``, ``9606``;
    - factors: ``NRF1``, ``CTCF,MAX``, whatever the case, also by another spelling or an older name (``c-Jun``,
      ``NRSF``) or a complex's (``AP-1``); vertebrates' where they have a matrix, else those of any group; dimers
      (``MAFG::NRF1``) where the factor has no matrix of its own.

    Warns
    -----
    UserWarning
        What a factor was taken as, where JASPAR calls it otherwise or has it of another group alone.

    Examples
    --------
    >>> jaspar_by_name("jaspar:2026:MA0139.1")[0].alt
    'CTCF'
    >>> [motif.name for motif in jaspar_by_name("jaspar:2026:NRF1")]
    ['MA0506.3']
    >>> len(jaspar_by_name("jaspar:2026:human"))
    857
    """
    _, _, rest = name.partition(":")
    release, _, selection = rest.partition(":")
    release, selection = release or "2026", selection.strip()
    parts = [part.strip() for part in selection.split(",") if part.strip()]
    if re.match(r"[A-Z]{2}\d{4}(\.\d+)?(,|$)", selection):  # YY1, SP1 and TP53 are factors
        return jaspar(release, ids=parts)
    if selection.lower() in ("", "all"):
        return jaspar(release, taxon=None if selection else "vertebrates")
    with _connected(release) as connection:
        return _fetch(connection, _by_word(connection, selection, parts, release), f"jaspar{release}")


def _by_word(connection: sqlite3.Connection, selection: str, parts: Sequence[str], release: str) -> list[int]:
    """Matrices of a taxonomic group, a species or factors."""
    taxa = {row[0].lower(): row[0] for row in connection.execute(_TAXA)}
    if selection.lower() in taxa:
        return _latest(connection, _OF_TAXON, (taxa[selection.lower()],))
    species = _SPECIES.get(selection.lower(), selection.replace("_", " "))
    of_species = set(_latest(connection, "1", ())) & set(_selected(connection, _OF_SPECIES, (species,)))
    if of_species:
        return [key for key in _latest(connection, "1", ()) if key in of_species]
    keys: list[int] = []
    known = _known(connection)
    for part in parts:
        chosen = choose_factor(part, known)
        if not chosen.keys:
            names = [row[0] for row in connection.execute("SELECT DISTINCT NAME FROM MATRIX")]
            family = members_of(part, [one.name for one in known if one.taxon == FIRST])
            near = suggestion(part, [*taxa.values(), *_SPECIES, *names])
            near = f"did you mean {listed(family, 5)}? " if family else near
            raise ValueError(
                f"JASPAR {release} has no {part!r}: {near}expected identifiers (MA0139.1), all, a taxon "
                f"({', '.join(sorted(taxa.values()))}), a species (human, Mus musculus) or factors (NRF1)"
            )
        if chosen.note:
            warnings.warn(f"jaspar:{release}: {chosen.note}", stacklevel=4)
        keys += [key for key in chosen.keys if key not in keys]
    return keys


def _known(connection: sqlite3.Connection) -> list[Known]:
    """Latest version of each matrix of the collection CORE."""
    rows = connection.execute("SELECT ID, BASE_ID || '.' || VERSION, NAME FROM MATRIX WHERE COLLECTION = 'CORE'")
    named = {int(key): (str(matrix), str(name)) for key, matrix, name in rows}
    tags = connection.execute("SELECT ID, VAL FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' ORDER BY VAL")
    taxon = {int(key): str(value) for key, value in tags}  # of several the last: vertebrates
    return [Known(key, *named[key], taxon.get(key, "")) for key in _latest(connection, "1", ())]


def _selected(connection: sqlite3.Connection, condition: str, values: tuple[str, ...]) -> list[int]:
    return [row[0] for row in connection.execute(f"SELECT ID FROM MATRIX WHERE {condition}", values)]


def _folder() -> Path:
    package = importlib.util.find_spec("pyjaspar")
    if package is None or package.origin is None:
        raise ValueError("JASPAR needs the package pyjaspar: install it, or give a motif file instead")
    return Path(package.origin).parent / "data"


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
    keys = _latest(connection, *((_OF_TAXON, (taxon,)) if taxon is not None else ("1", ())), collection=collection)
    if not keys:
        groups = [row[0] for row in connection.execute("SELECT DISTINCT COLLECTION FROM MATRIX ORDER BY 1")]
        taxa = [row[0] for row in connection.execute(_TAXA)]
        raise ValueError(
            f"JASPAR {release} has no matrix with collection {collection!r} and taxon {taxon!r}: "
            f"its collections are {', '.join(groups)}, its taxa {', '.join(taxa)}"
        )
    return keys


def _latest(
    connection: sqlite3.Connection, condition: str, values: tuple[str, ...], *, collection: str = "CORE"
) -> list[int]:
    """Latest version of each matrix of a collection that meets a condition, ordered by identifier."""
    query = f"SELECT ID, BASE_ID, VERSION FROM MATRIX WHERE COLLECTION = ? AND {condition}"
    latest: dict[str, tuple[int, int]] = {}
    for key, base, version in connection.execute(query, (collection, *values)):
        latest[base] = max(latest.get(base, (-1, -1)), (int(version), key))
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
