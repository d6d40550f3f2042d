"""Route 3: stretches of high attribution, aligned and clustered."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.motifs.engines.own_positives import own_positives
from motiflens.analyses.motifs.engines.seqlets import seqlets as patterns_of
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.bed_rows import bed_rows
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.interpret.attribution.attribute import attribute
from motiflens.models.progress import Step
from motiflens.models.types import Floats, Integers

_PART = 256  # windows attributed in a call


def seqlets(context: MotifContext) -> RouteResult:
    """Attribute each task's output on its own bound windows and make patterns of all their seqlets.

    Tasks share ``options.maximum`` windows. A site that several tasks explain is one site.

    Raises
    ------
    ValueError
        If no window is bound.
    """
    options, windows = context.options, context.windows
    index, tasks = own_positives(windows.labels, context.tasks, most=options.maximum, seed=options.seed)
    if not len(index):
        raise ValueError("no window is bound, so that there is nothing to attribute")
    scores = _scores(context, index, tasks)
    patterns = patterns_of(scores, windows.codes(index), tasks, seed=options.seed)
    sites = []
    for pattern in patterns:  # from rows of the chosen to rows of the windows
        placed = pattern.sites.assign(window=index[pattern.sites["window"].to_numpy()])
        placed = placed.drop_duplicates(["window", "start", "strand"], ignore_index=True)
        sites.append(bed_rows(placed, windows, pattern.motif.name, "attribution"))
    return RouteResult(tuple(pattern.motif for pattern in patterns), sites=tuple(sites))


def _scores(context: MotifContext, index: Integers, tasks: Integers) -> Floats:
    """Attribution of windows, each to its own task's logit, (n, 4, L)."""
    options, windows = context.options, context.windows
    scores = np.zeros((len(index), 4, windows.length), dtype=np.float32)
    done = 0
    for task in np.unique(tasks):
        own = np.flatnonzero(tasks == task)
        for rows in np.split(own, range(_PART, len(own), _PART)):
            batch = windows.read(index[rows])
            result = attribute(
                context.run.model,
                batch.x,
                method=options.method,
                target=int(task),
                meta=batch.meta,
                seed=options.seed,
            )
            scores[rows] = result.scores[:, :4]
            done += len(rows)
            context.progress(Step("attribution", done, len(index)))
    return scores
