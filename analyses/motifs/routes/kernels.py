"""Route 1: kernels of the first convolution as matrices."""

from __future__ import annotations

from motiflens.analyses.motifs.first_layer_motifs import first_layer_motifs
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.route_result import RouteResult


def kernels(context: MotifContext) -> RouteResult:
    """Make a motif of each kernel that windows activate.

    Raises
    ------
    ValueError
        If the model has no first convolution, or no kernel is activated.
    """
    motifs = first_layer_motifs(
        context.run.model,
        context.windows,
        kernel_threshold=context.options.kernel_threshold,
        progress=context.progress,
    )
    return RouteResult(tuple(motifs))
