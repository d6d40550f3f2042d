"""Route 2: known motifs that occur where the attention is highest."""

from __future__ import annotations

from dataclasses import replace

from motiflens.analyses.motifs.attended import attended, shuffled_control
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.bed_rows import bed_rows
from motiflens.analyses.motifs.routes.route_result import RouteResult


def attention(context: MotifContext) -> RouteResult:
    """Make a motif of the hits of each known motif that is enriched at maximum attention.

    Raises
    ------
    ValueError
        If the model has no attention, or no positive passes.
    """
    options, sites, windows = context.options, context.subsequences, context.windows
    contents = attended(
        sites, windows.table, context.targets, threshold=options.hit_p, alpha=options.alpha, seed=options.seed
    )
    control = shuffled_control(
        sites, windows.table, context.targets, threshold=options.hit_p, alpha=options.alpha, seed=options.seed
    )
    return RouteResult(
        contents.motifs,
        sites=(bed_rows(sites.table, windows, "attention", "weight"),),
        subsequences=sites,
        attended=replace(contents, shuffled=control),
    )
