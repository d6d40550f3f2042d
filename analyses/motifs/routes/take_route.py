"""One route, taken or said to be impossible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter

from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_options import Route
from motiflens.analyses.motifs.routes.attention import attention
from motiflens.analyses.motifs.routes.denovo import denovo
from motiflens.analyses.motifs.routes.kernels import kernels
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.analyses.motifs.routes.seqlets import seqlets
from motiflens.models.finite import NotFiniteError

STEPS: Mapping[Route, Callable[[MotifContext], RouteResult]] = {
    "kernels": kernels,
    "attention": attention,
    "seqlets": seqlets,
    "denovo": denovo,
}


def take_route(route: Route, context: MotifContext) -> RouteResult:
    """Take a route; one that was not asked for by name may be impossible.

    Raises
    ------
    ValueError
        If a route that was asked for is impossible, or the model answers NaN.
    """
    started = perf_counter()
    try:
        result = STEPS[route](context)
    except ValueError as error:
        if context.options.routes is not None or isinstance(error, NotFiniteError):
            raise
        result = RouteResult(note=str(error), left_out=True)
    return replace(result, seconds=perf_counter() - started)
