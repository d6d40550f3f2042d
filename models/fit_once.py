"""Training of a model that is fitted in one go."""

from __future__ import annotations

import numpy as np

from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.data.windows import Dataset
from motiflens.models.epochs import draw_epoch
from motiflens.models.evaluate import score
from motiflens.models.progress import Progress, silent
from motiflens.models.recipes import Recipe
from motiflens.models.strands import strand_merge
from motiflens.models.training_log import TrainingLog, Validation
from motiflens.models.validation import valid_rows, validate


def fit_once(
    model: FittedModel,
    dataset: Dataset,
    recipe: Recipe,
    log: TrainingLog,
    *,
    seed: int,
    progress: Progress = silent,
) -> None:
    """Fit a model to what the first epoch would draw, validate it, and leave the run folder of a training.

    Parameters
    ----------
    model
        Fitted in place.
    dataset
        With the splits ``train`` and ``valid``.
    recipe
        Its ``use_peak``, ``epoch_windows``, ``average_strands`` and ``valid_windows`` count.
    log
        Writes the run folder.
    seed
        Of everything random.
    progress
        Told how far the fit is.
    """
    windows, valid = dataset["train"], dataset["valid"]
    rows = draw_epoch(windows, 0, seed, use_peak=recipe.use_peak, most=recipe.epoch_windows)
    log.begin(0, 1)
    model.fit(windows, rows, seed=seed, progress=progress)
    log.trained()
    validated = valid_rows(len(valid), recipe.valid_windows, seed)
    merge = strand_merge({"training": recipe.json}) or False
    parts = list(score(model, valid, validated, average_strands=merge))
    measures = validate(valid, validated, np.concatenate(parts))
    figures = {"train_loss": float("nan"), **measures.figures}
    log.validated(0, model, Validation(figures, measures.table, 0.0))
    log.write_metrics(finished=True)
