"""Whether a trained model's strands are merged by their mean or by their maximum: what validates better."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.windows import Windows
from motiflens.models.evaluate import score
from motiflens.models.recipes import Recipe
from motiflens.models.run import open_run, save_config
from motiflens.models.strands import CHOSEN
from motiflens.models.training_log import TrainingLog
from motiflens.models.validation import valid_rows, validate


def choose_merge(log: TrainingLog, windows: Windows, recipe: Recipe, *, seed: int) -> None:
    """Score the model that a training has kept with the maximum of both strands, and take it where it is better.

    The training has validated the mean. No weight changes: it is one model, merged in one way or the other, as
    DeepGRN (Chen et al. 2021) chooses too. The run's ``config.json`` tells which, and the measures of validation
    are those of the way that was chosen. Nothing is done unless the recipe's ``strand_merge`` is ``valid``, both
    strands are scored, and the model does not merge them itself.

    Parameters
    ----------
    log
        Of the training, at its end.
    windows
        The validation split.
    recipe, seed
        Of the training; `valid_windows`, `monitor` and `strand_merge` count.
    """
    if recipe.strand_merge != "valid" or not recipe.average_strands or not log.writes or log.best_epoch < 0:
        return
    run = open_run(log.folder)
    if run.model.siamese:
        return
    rows = valid_rows(len(windows), recipe.valid_windows, seed)
    logits = np.concatenate(list(score(run.model, windows, rows, average_strands="max")))
    measures = validate(windows, rows, logits)
    better = log.value_of(measures.figures) > log.best
    if better:
        log.table = measures.table
    save_config(log.folder, run.model, {**run.config, CHOSEN: "max" if better else "mean"})
