"""Matched motifs grouped by the structural family of their targets: JASPAR is redundant, families are less so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from motiflens.analyses.motifs.motif import Motif

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
        """Say whether a target of this family and name counts."""
        name = alt.upper()
        return name in self.names or bool(self.families & set(family.split("::")))


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

    >>> equivalents("FOXA1", []).covers("FOX", "FOXO3")
    True
    >>> equivalents("CTCF", []).covers("More than 3 adjacent zinc fingers", "ZNF384")
    False
    """
    name = factor.upper()
    for known in (name, "::".join(reversed(name.split("::"))), name.replace("-", "::")):
        if known in EQUIVALENTS:
            return EQUIVALENTS[known]
    families = {motif.family for motif in targets if motif.alt.upper() == name and motif.family}
    return _equivalent([f for f in families if ZINC_FINGERS not in f.lower()], [name])


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
    return pd.DataFrame(rows)


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
    """Motifs with a target, best first, empty text in place of missing."""
    texts = motifs.fillna({"target_alt": "", "target_family": ""})
    return texts[texts["target_alt"] != ""].sort_values("target_q", kind="stable")
