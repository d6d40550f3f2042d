"""Other names of transcription factors, as JASPAR notes them."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

RELEASE = "2020"  # the last one that notes them for most of its matrices


def symbol(name: str) -> str:
    """Write a factor's name so that spellings agree: upper case, no hyphens, no variant in brackets.

    >>> symbol("Nkx2-5(var.2)"), symbol("c-Jun"), symbol("JUN::FOS")
    ('NKX25', 'CJUN', 'JUN::FOS')
    """
    return name.partition("(")[0].strip().upper().replace("-", "").replace("/", "")


@lru_cache(maxsize=1)
def synonyms() -> Mapping[str, str]:
    """Return other name -> JASPAR's name, both as `symbol` writes them.

    Names that JASPAR itself gives to another factor, or notes for two of them, are left out. Empty without
    JASPAR's files.

    Examples
    --------
    >>> synonyms()["NRSF"], synonyms()["KROX24"]
    ('REST', 'EGR1')
    """
    package = importlib.util.find_spec("pyjaspar")
    if package is None or package.origin is None:
        return MappingProxyType({})
    path = Path(package.origin).parent / "data" / f"JASPAR{RELEASE}.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT NAME, VAL FROM MATRIX_ANNOTATION JOIN MATRIX USING (ID) WHERE TAG = 'alias' ORDER BY ID DESC"
        ).fetchall()
        own = {symbol(name) for (name,) in connection.execute("SELECT NAME FROM MATRIX")}
    finally:
        connection.close()
    others: dict[str, set[str]] = {}
    for name, text in rows:
        for other in str(text).split(","):
            if len(symbol(other)) > 1 and symbol(other) not in own:
                others.setdefault(symbol(other), set()).add(symbol(name))
    return MappingProxyType({other: next(iter(names)) for other, names in others.items() if len(names) == 1})
