"""Route 2: known motifs that occur where the attention is highest."""

from __future__ import annotations

from motiflens.analyses.motifs.attended import attended, site_names
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
    names = site_names(sites.table, windows.table)
    contents = attended(sites, names, context.targets, threshold=options.hit_p, alpha=options.alpha)
    return RouteResult(
        tuple(contents.motifs),
        sites=(bed_rows(sites.table, windows, "attention", "weight"),),
        subsequences=sites,
        attended=contents,
    )
