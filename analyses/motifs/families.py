"""Matched motifs grouped by the structural family of their targets: JASPAR is redundant, families are less so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.synonyms import symbol, synonyms
from motiflens.models.data.factor_name import factor_candidates, is_plain_word, other_names

ZINC_FINGERS = "zinc finger"


@dataclass(frozen=True)
class Equivalent:
    """Targets that count as one factor found.

    Attributes
    ----------
    families
        JASPAR families all of whose members bind the factor's motif.
    names
        Names of factors that count although their family is too wide (C2H2 zinc fingers share a fold, no motif).
    """

    families: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def covers(self, family: str, alt: str) -> bool:
        """Say whether a target of this family and name counts; a dimer does where one of its factors does."""
        names = {symbol(alt), *symbol(alt).split("::"), *factor_candidates(alt, stated=True)}
        return bool(self.names & names) or bool(self.families & set(family.split("::")))


def _equivalent(families: Iterable[str] = (), names: Iterable[str] = ()) -> Equivalent:
    return Equivalent(frozenset(families), frozenset(names))


# Which targets count for the factors of the built-in data and of the real benchmarks. A zinc finger's family
# says nothing of its motif: there only the factor and the paralogues with its motif count.
EQUIVALENTS: Mapping[str, Equivalent] = {
    "CTCF": _equivalent(names=("CTCF", "CTCFL")),
    "REST": _equivalent(names=("REST",)),
    "EGR1": _equivalent(names=("EGR1", "EGR2", "EGR3", "EGR4")),
    "YY1": _equivalent(names=("YY1", "YY2", "ZFP42")),
    "FOXA1": _equivalent(families=("FOX",)),
    "SPI1": _equivalent(families=("Ets-related",)),
    "GABPA": _equivalent(families=("Ets-related",)),
    "GATA1": _equivalent(families=("C4-GATA-related",)),
    "JUN": _equivalent(families=("Jun-related", "Fos-related", "B-ATF-related factors")),
    "JUN::FOS": _equivalent(families=("Jun-related", "Fos-related", "B-ATF-related factors")),
    "MAX": _equivalent(families=("bHLH-ZIP",)),
}


def equivalents(factor: str, targets: Sequence[Motif]) -> Equivalent:
    """Return what counts as `factor` found: from `EQUIVALENTS`, else its own name and, unless it is a zinc
    finger, its family among `targets`.

    The factor may be named as a file or a task is; see `resolve_factor`. Nothing counts for one without a matrix.

    >>> equivalents("FOXA1", []).covers("FOX", "FOXO3")
    True
    >>> equivalents("CTCF", []).covers("More than 3 adjacent zinc fingers", "ZNF384")
    False
    """
    name = resolve_factor(factor, targets)
    if name is None:
        return Equivalent()
    if name in EQUIVALENTS:
        return EQUIVALENTS[name]
    known = {motif.family for motif in targets if name in symbols_of(motif) and motif.family}
    return _equivalent([family for family in known if ZINC_FINGERS not in family.lower()], [name])


def symbols_of(target: Motif) -> frozenset[str]:
    """Names of the factor of a target: of a dimer also its parts; without a second name, what the first may mean.

    >>> import numpy as np
    >>> sorted(symbols_of(Motif("MA1", np.full((4, 4), 0.25), alt="JUN::FOS")))
    ['FOS', 'JUN', 'JUN::FOS']
    >>> sorted(symbols_of(Motif("ELK1_DBD_1", np.full((4, 4), 0.25))))
    ['DBD', 'ELK1']
    """
    if not target.alt:
        return frozenset(factor_candidates(target.name, stated=True))
    whole = symbol(target.alt)
    return frozenset((whole, *whole.split("::"), *factor_candidates(target.alt, stated=True)))


def resolve_factor(name: str, targets: Sequence[Motif], *, stated: bool = True) -> str | None:
    """Return the factor that a name of a file, a task or a factor means, None where no known matrix is its own.

    Parameters
    ----------
    name
        Such as ``REST``, ``USF1_HepG2_USF-1_HudsonAlpha``, ``K562|c-Myc|None``; see `factor_candidates`.
    targets
        Known motifs.
    stated
        Whether the name was given as a factor's, so that ``max`` is MAX; a file or its task may be called so for
        other reasons (see `is_plain_word`).

    Returns
    -------
    str or None
        As `symbol` writes it: the first candidate that `EQUIVALENTS` or the targets know, by itself or by a
        synonym.

    Examples
    --------
    >>> import numpy as np
    >>> targets = [Motif(alt, np.full((4, 4), 0.25), alt=alt) for alt in ("REST", "USF1")]
    >>> resolve_factor("USF1_HepG2_USF-1_HudsonAlpha", targets), resolve_factor("NRSF|K562", targets)
    ('USF1', 'REST')
    """
    known = _vocabulary(tuple(targets))
    if not stated and is_plain_word(name):
        return None
    whole = symbol(name)
    dimers = (whole, "::".join(reversed(whole.split("::"))), name.upper().replace("-", "::"))
    for dimer in dimers:
        if dimer in EQUIVALENTS:
            return dimer
    first = name.partition("|")[0]  # our own tasks are named TF|cell type
    for guess in (*dimers, *factor_candidates(first, stated=stated), *factor_candidates(name, stated=stated)):
        for candidate in (guess, *other_names(guess), synonyms().get(guess, guess)):
            if candidate in EQUIVALENTS or candidate in known:
                return candidate
    return None


@lru_cache(maxsize=8)
def _vocabulary(targets: tuple[Motif, ...]) -> frozenset[str]:
    return frozenset(name for target in targets for name in symbols_of(target))


def found_factors(motifs: pd.DataFrame, factors: Sequence[str], targets: Sequence[Motif]) -> pd.DataFrame:
    """Say which factors the best matches of motifs name.

    Parameters
    ----------
    motifs
        Rows of ``motifs.tsv``: ``motif_id``, ``target_alt``, ``target_family``, ``target_q``; unmatched ones
        hold empty targets.
    factors
        Names to look for.
    targets
        The database that was matched against.

    Returns
    -------
    DataFrame
        ``factor``, ``found`` (bool), ``motif_id``, ``target_id``, ``target_alt``, ``target_q`` of the best one.
    """
    rows: list[dict[str, object]] = []
    matched = _matched(motifs)
    for factor in factors:
        wanted = equivalents(factor, targets)
        hit = next(
            (
                row
                for row in matched.itertuples()
                if wanted.covers(str(row.target_family or ""), str(row.target_alt))
            ),
            None,
        )
        rows.append(
            {
                "factor": factor,
                "found": hit is not None,
                "motif_id": getattr(hit, "motif_id", ""),
                "target_id": getattr(hit, "target_id", ""),
                "target_alt": getattr(hit, "target_alt", ""),
                "target_q": getattr(hit, "target_q", float("nan")),
            }
        )
    columns = ["factor", "found", "motif_id", "target_id", "target_alt", "target_q"]
    return pd.DataFrame(rows, columns=columns)


def families(motifs: pd.DataFrame) -> pd.DataFrame:
    """Group matched motifs by the family of their best target.

    Parameters
    ----------
    motifs
        See `found_factors`.

    Returns
    -------
    DataFrame
        ``family``, ``motifs`` (how many), ``best_q``, ``targets`` (names, most frequent first), ``members``
        (motif ids, best first); the most frequent family first. Targets without a family stand by their name.
    """
    matched = _matched(motifs)
    family = matched["target_family"].where(matched["target_family"] != "", matched["target_alt"])
    rows = [
        {
            "family": name,
            "motifs": len(group),
            "best_q": float(group["target_q"].min()),
            "targets": ",".join(group["target_alt"].value_counts().index),
            "members": ",".join(group["motif_id"]),
        }
        for name, group in matched.groupby(family, sort=False)
    ]
    columns = ["family", "motifs", "best_q", "targets", "members"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["motifs", "best_q"], ascending=[False, True], kind="stable", ignore_index=True)


def _matched(motifs: pd.DataFrame) -> pd.DataFrame:
    """Motifs with a target, best first; empty text in place of missing, the first name in place of a second."""
    names = ["target_id", "target_alt", "target_family"]
    texts = motifs.astype(dict.fromkeys(names, object)).fillna(dict.fromkeys(names, ""))
    texts["target_alt"] = texts["target_alt"].where(texts["target_alt"] != "", texts["target_id"])
    return texts[texts["target_alt"] != ""].sort_values("target_q", kind="stable")
