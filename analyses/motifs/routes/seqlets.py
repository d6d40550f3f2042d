"""Route 3: stretches of high attribution, aligned and clustered."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.motifs.engines.seqlets import seqlets as patterns_of
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.routes.bed_rows import bed_rows
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.interpret.attribution.attribute import attribute
from motiflens.models.progress import Step
from motiflens.models.types import Floats, Integers

_PART = 256  # windows attributed in a call


def seqlets(context: MotifContext) -> RouteResult:
    """Attribute each positive's own task and make patterns of all windows' seqlets.

    The first half of ``options.maximum`` positives in a seeded order are used.

    Raises
    ------
    ValueError
        If no positive is predicted as such.
    """
    chosen, options, windows = context.positives, context.options, context.windows
    order = np.random.default_rng([options.seed, 2]).permutation(len(chosen.rows))
    drawn = np.sort(order[: max(1, options.maximum // 2)])
    index = chosen.rows[drawn]
    scores = _scores(context, index, chosen.task[drawn])
    patterns = patterns_of(scores, windows.codes(index), seed=options.seed)
    for pattern in patterns:  # from rows of the chosen to rows of the windows
        pattern.sites["window"] = index[pattern.sites["window"].to_numpy()]
    return RouteResult(
        tuple(pattern.motif for pattern in patterns),
        sites=tuple(bed_rows(one.sites, windows, one.motif.name, "attribution") for one in patterns),
    )


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
