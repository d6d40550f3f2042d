"""Route 1: kernels of the first convolution as matrices."""

from __future__ import annotations

from motiflens.analyses.motifs.kernel_parts import context_kernels
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.route_result import RouteResult


def kernels(context: MotifContext) -> RouteResult:
    """Make a motif of each kernel that windows activate.

    Raises
    ------
    ValueError
        If the model has no first convolution, or no kernel is activated.
    """
    motifs = context_kernels(context, context.progress)
    return RouteResult(tuple(motifs))
