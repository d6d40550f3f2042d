"""Route 4: motifs discovered in the sequences themselves, where the model looks."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.denovo import denovo as discover
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.route_result import RouteResult


def denovo(context: MotifContext) -> RouteResult:
    """Discover motifs in attended subsequences against other places of the same windows.

    Without attention, in the middle 101 bp of the predicted positives against their shuffled selves. Motifs below
    ``options.alpha`` by their held-out p, corrected for all that were tested (Bonferroni), are given, by p.

    Raises
    ------
    ValueError
        If no positive is predicted as such, or there are too few sequences.
    """
    options, windows = context.options, context.windows
    sites = context.subsequences if context.run.model.attention_stems() else None
    if sites is not None:
        sequences, control = sites.attended, sites.matched.reshape(-1, options.width)
        note = f"{options.width} bp at maximum attention against places of the same windows with as many G and C"
    else:
        codes = windows.codes(context.positives.rows)
        low = max(0, (windows.length - 101) // 2)
        sequences, control = codes[:, low : low + 101], None
        note = "the middle 101 bp of predicted positives against their dinucleotide-shuffled selves"
    discoveries = discover(sequences, control, DenovoOptions(alpha=options.alpha), seed=options.seed)
    motifs = tuple(one.motif for one in discoveries if one.corrected_p < options.alpha)
    return RouteResult(motifs, note=note, subsequences=sites)
