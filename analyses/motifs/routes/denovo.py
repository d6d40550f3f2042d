"""Route 4: motifs discovered in the sequences themselves, where the model looks."""

from __future__ import annotations

from dataclasses import replace

from motiflens.analyses.motifs.cluster_similarity import CUT, similarity
from motiflens.analyses.motifs.engines.denovo import denovo as discover
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.models.types import Codes

MIDDLE_BP = 101
ATTENDED, MIDDLE = "attended places", "middle of predicted positives"  # `info["place"]`


def denovo(context: MotifContext) -> RouteResult:
    """Discover motifs where the model's attention lies, and in the sequences that it takes for bound.

    Two searches: attended subsequences against other places of the same windows; then, since attention may lie
    beside the sites that a model reads, the middle 101 bp of predicted positives against their shuffled selves.
    Motifs below ``options.alpha`` by their held-out p, corrected for all that were tested (Bonferroni) and for the
    number of searches, are given: the attended ones by p, then the others that are not alike to one of these.
    ``info["place"]`` tells which search a motif is of. Without attention there is the second search alone.

    Raises
    ------
    ValueError
        If no positive is predicted as such, or there are too few sequences.
    """
    options, windows = context.options, context.windows
    sites = context.subsequences if context.run.model.attention_stems() else None
    alpha, attended, notes = options.alpha, list[Motif](), []
    if sites is not None:
        alpha = options.alpha / 2
        attended = _significant(
            sites.attended, sites.matched.reshape(-1, options.width), alpha, options.seed, ATTENDED
        )
        where = f"{options.width} bp at maximum attention against places of the same windows with as many G and C"
        notes = [f"{len(attended) or 'nothing'} in {where}"]
    codes = windows.codes(context.positives.rows)
    low = max(0, (windows.length - MIDDLE_BP) // 2)
    middle = _significant(codes[:, low : low + MIDDLE_BP], None, alpha, options.seed, MIDDLE)
    others = _unlike(middle, attended)
    where = f"the middle {MIDDLE_BP} bp of predicted positives against their dinucleotide-shuffled selves"
    notes = [*notes, f"{len(others) or 'nothing'}{' more' if attended else ''} in {where}"]
    motifs = [replace(motif, name=f"denovo_{number:02d}") for number, motif in enumerate([*attended, *others])]
    return RouteResult(tuple(motifs), note="; ".join(notes), subsequences=sites)


def _significant(sequences: Codes, control: Codes | None, alpha: float, seed: int, place: str) -> list[Motif]:
    discoveries = discover(sequences, control, DenovoOptions(alpha=alpha), seed=seed)
    kept = [one.motif for one in discoveries if one.corrected_p < alpha]
    return [replace(motif, info={**motif.info, "place": place}) for motif in kept]


def _unlike(motifs: list[Motif], others: list[Motif]) -> list[Motif]:
    """Return the motifs that are not one of the others once more."""
    alike = similarity([*motifs, *others])[: len(motifs), len(motifs) :]
    return [motif for motif, row in zip(motifs, alike, strict=True) if not (row > 1 - CUT).any()]
