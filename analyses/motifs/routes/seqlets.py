"""Route 3: stretches of high attribution, aligned and clustered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.engines.own_positives import own_positives
from motiflens.analyses.motifs.engines.seqlets import seqlets as patterns_of
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_parts import Origin
from motiflens.analyses.motifs.routes.bed_rows import bed_rows
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.interpret.attribution.attribute import attribute
from motiflens.models.data.windows import Windows
from motiflens.models.files import write_whole
from motiflens.models.progress import Step
from motiflens.models.run import Run
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


@dataclass(frozen=True, eq=False)
class SeqletPart:
    """Some windows to attribute, all to one task's logit.

    Attributes
    ----------
    origin
        See `MotifParts`.
    rows, task
        Of the windows; of the model's outputs.
    method, seed
        Of the attribution.
    file
        ``.npz`` of the scores, (n, 4, L).
    """

    origin: Origin
    rows: Integers
    task: int
    method: str
    seed: int
    file: Path

    @property
    def size(self) -> int:
        """Windows."""
        return len(self.rows)


def _scores(context: MotifContext, index: Integers, tasks: Integers) -> Floats:
    """Attribution of windows, each to its own task's logit, (n, 4, L)."""
    options, windows, parts = context.options, context.windows, context.parts
    scores = np.zeros((len(index), 4, windows.length), dtype=np.float32)
    groups = [
        (int(task), rows)
        for task in np.unique(tasks)
        for own in [np.flatnonzero(tasks == task)]
        for rows in np.split(own, range(_PART, len(own), _PART))
    ]
    if parts is None:
        done = 0
        for task, rows in groups:
            scores[rows] = _attributed(context.run, windows, index[rows], task, options.method, options.seed)
            done += len(rows)
            context.progress(Step("attribution", done, len(index)))
        return scores
    how = (options.method, options.seed)
    planned = []
    for task, rows in groups:
        which = index[rows]
        file = parts.file(f"seqlets_{task}_{which[0]:09d}", which.tolist(), task, *how)
        planned.append(SeqletPart(parts.origin, which, task, *how, file))
    parts.make(_attribute_part, planned, context.progress, "attribution")
    for (_, rows), part in zip(groups, planned, strict=True):
        with np.load(part.file, allow_pickle=False) as file:
            scores[rows] = file["scores"]
    return scores


def _attribute_part(run: Run, windows: Windows, part: SeqletPart) -> None:
    scores = _attributed(run, windows, part.rows, part.task, part.method, part.seed)
    with write_whole(part.file) as whole, whole.open("wb") as file:
        np.savez(file, scores=scores)


def _attributed(run: Run, windows: Windows, rows: Integers, task: int, method: str, seed: int) -> Floats:
    batch = windows.read(rows)
    result = attribute(run.model, batch.x, method=method, target=task, meta=batch.meta, seed=seed)
    return result.scores[:, :4]
