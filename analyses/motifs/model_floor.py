"""How well a model ranks windows, beside what a single motif and counts of short words reach on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.models.controls import beaten, controls_of
from motiflens.models.evaluate import evaluate
from motiflens.models.progress import Step
from motiflens.models.regions import ALL, REGIONS
from motiflens.models.types import Json

MODEL = "model"


@dataclass(frozen=True)
class ModelFloor:
    """A model's measures beside the controls'.

    Attributes
    ----------
    table
        One row a task and what was measured: ``task``, ``control`` (``model``, ``pwm``, ``kmer_logistic``),
        ``matrix``, ``positives``, ``negatives`` and the metrics; empty where there are no training windows.
    warnings
        A sentence for each task and control that the model does not reach; without a table, why there is none.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[str, ...] = ()

    @property
    def json(self) -> Json | None:
        """Mean auROC of the model and of each control over the tasks that all have, for ``summary.json``."""
        if not len(self.table):
            return {"metric": "auroc", "tasks": 0, "warnings": list(self.warnings)} if self.warnings else None
        means = self.table.groupby("control", sort=False)["auroc"].mean()
        return {
            "metric": "auroc",
            "tasks": int(self.table["task"].nunique()),
            **{str(name): round(float(value), 4) for name, value in means.items()},
            "warnings": list(self.warnings),
        }


def model_floor(context: MotifContext) -> ModelFloor:
    """Measure a model and its controls (`controls`) on the windows that are analysed.

    The measures are kept in the run's folder, as `interpret evaluate` keeps them.
    """
    if context.dataset.kind == REGIONS or context.split == ALL:
        own = context.dataset.kind == REGIONS
        why = "own windows have no negatives" if own else "the windows of training are among all windows"
        return ModelFloor(warnings=(why,))
    context.progress(Step("controls"))
    try:
        return _measured(context)
    except OSError as error:  # a run folder that cannot be written must not cost the findings
        return ModelFloor(warnings=(str(error),))


def _measured(context: MotifContext) -> ModelFloor:
    floor = controls_of(context.run, context.dataset, context.split, progress=context.progress)
    names = {context.run.tasks[task] for task in context.tasks}
    floor = floor[floor["task"].isin(names)]
    if not len(floor):
        return ModelFloor()
    measures = evaluate(context.run, context.dataset, split=context.split, progress=context.progress)
    own = measures[measures["task"].isin(floor["task"])].assign(control=MODEL, matrix="")
    table = pd.concat([own, floor], ignore_index=True)[list(floor.columns)]
    table = table.sort_values("task", kind="stable", ignore_index=True)
    return ModelFloor(table, tuple(beaten(own, floor)))
