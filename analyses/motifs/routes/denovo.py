"""Route 4: motifs discovered in the sequences themselves, where the model looks."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.denovo import denovo as discover
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.models.types import Codes

MIDDLE = 101  # bp


def denovo(context: MotifContext) -> RouteResult:
    """Discover motifs in attended subsequences against other places of the same windows.

    Without attention, or where nothing is found there (attention may lie beside the sites that a model reads), in
    the middle 101 bp of the predicted positives against their shuffled selves. Motifs below ``options.alpha`` by
    their held-out p, corrected for all that were tested (Bonferroni) and for both searches, are given, by p.

    Raises
    ------
    ValueError
        If no positive is predicted as such, or there are too few sequences.
    """
    options, windows = context.options, context.windows
    sites = context.subsequences if context.run.model.attention_stems() else None
    alpha, before = options.alpha, ""
    if sites is not None:
        alpha = options.alpha / 2
        motifs = _significant(sites.attended, sites.matched.reshape(-1, options.width), alpha, options.seed)
        note = f"{options.width} bp at maximum attention against places of the same windows with as many G and C"
        if motifs:
            return RouteResult(motifs, note=note, subsequences=sites)
        before = f"nothing in {note}; "
    codes = windows.codes(context.positives.rows)
    low = max(0, (windows.length - MIDDLE) // 2)
    motifs = _significant(codes[:, low : low + MIDDLE], None, alpha, options.seed)
    note = f"{before}the middle {MIDDLE} bp of predicted positives against their dinucleotide-shuffled selves"
    return RouteResult(motifs, note=note, subsequences=sites)


def _significant(sequences: Codes, control: Codes | None, alpha: float, seed: int) -> tuple[Motif, ...]:
    discoveries = discover(sequences, control, DenovoOptions(alpha=alpha), seed=seed)
    return tuple(one.motif for one in discoveries if one.corrected_p < alpha)
