"""Which of JASPAR's taxa a factor, or motifs that match nothing, belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from motiflens.analyses.motifs.enrichment import benjamini_hochberg
from motiflens.analyses.motifs.families import resolve_factor
from motiflens.analyses.motifs.jaspar import jaspar, taxa
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.naming import name_motifs

RELEASE = "2026"


class OtherTaxon(NamedTuple):
    """A taxon that knows more than the targets that were given."""

    targets: str  # as --targets takes it
    factors: tuple[str, ...]  # factors without a matrix among the targets that have one here
    matched: int  # motifs that match here


def other_taxa(findings: MotifFindings) -> list[OtherTaxon]:
    """Return JASPAR's taxa that have a matrix of an unknown factor or, where no motif matches, that motifs match.

    Motifs are matched as with the targets; Benjamini and Hochberg's rate counts all taxa that are tried.

    Parameters
    ----------
    findings
        What was found.
    """
    unknown = findings.summary["factors"]["unknown"]
    given = {motif.name for motif in findings.context.targets}
    kept = zip(findings.motifs, findings.passed, strict=True)
    motifs = [motif for motif, passed in kept if passed and motif.source != "attention"]
    if len(findings.significant):
        motifs = []
    others = []
    for taxon in taxa(RELEASE) if unknown or motifs else []:
        targets = jaspar(RELEASE, taxon=taxon)
        if given.issuperset(motif.name for motif in targets):
            continue
        factors = tuple(name for name in unknown if resolve_factor(name, targets, stated=False))
        matched = _matched(motifs, targets, findings.context.options)
        if factors or matched:
            others.append(OtherTaxon(f"jaspar:{RELEASE}:{taxon}", factors, matched))
    return sorted(others, key=lambda other: (-len(other.factors), -other.matched))


def _matched(motifs: Sequence[Motif], targets: Sequence[Motif], options: MotifOptions) -> int:
    """Count motifs that match, route by route as in `find_motifs`."""
    count = 0
    for source in sorted({motif.source for motif in motifs}):
        own = [motif for motif in motifs if motif.source == source]
        best = name_motifs(
            own, targets, distance=options.distance, shuffles=options.shuffles, seed=options.seed
        ).best
        # A decoy's share has few steps where motifs are few: only the other rate is corrected for the taxa tried.
        tried = benjamini_hochberg(best["p"].to_numpy()) * len(taxa(RELEASE))
        count += int(((best["q"] < options.alpha) & (tried < options.alpha)).sum())
    return count


def taxon_words(findings: MotifFindings) -> list[str]:
    """Say, a line a taxon, which targets to give in place of those that know nothing of it."""
    lines = []
    for other in other_taxa(findings):
        reasons = [f"has a motif of {', '.join(other.factors[:3])}"] if other.factors else []
        reasons += [f"is matched by {other.matched} motifs"] if other.matched else []
        lines.append(f"{other.targets} {' and '.join(reasons)}: give --targets {other.targets}")
    return lines
