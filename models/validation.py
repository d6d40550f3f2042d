"""What validation says of logits: the figures of the log, and the measures of each task."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from motiflens.models.data.windows import Windows
from motiflens.models.metrics import mean_metrics, task_metrics
from motiflens.models.objective import masked_loss
from motiflens.models.types import Floats, Integers


class DivergedTraining(ValueError):  # noqa: N818 - named for what happened
    """The predictions of a model under training are no longer finite."""


class Validated(NamedTuple):
    """Measures of some logits."""

    figures: dict[str, float]  # valid_loss, valid_auprc, valid_auroc
    table: list[dict[str, Any]]  # metrics of each task


def validate(windows: Windows, rows: Integers, logits: Floats) -> Validated:
    """Measure the logits of some rows of the validation split, (n, T).

    Raises
    ------
    DivergedTraining
        If a logit is NaN.
    """
    if np.isnan(logits).any():
        raise DivergedTraining("training diverged: the model's predictions are not finite; lower the rate")
    y = windows.labels[rows]
    table = task_metrics(y, logits, windows.tasks)
    means = mean_metrics(table)
    loss = masked_loss(torch.from_numpy(logits), torch.from_numpy(y), int((~np.isnan(y)).sum()))
    figures = {"valid_loss": float(loss), "valid_auprc": means["auprc"], "valid_auroc": means["auroc"]}
    records = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    return Validated(figures, records)


def valid_rows(count: int, most: int, seed: int) -> np.ndarray:
    """Return the rows of the validation split that are scored, in order: at most so many, chosen at random."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 2]).choice(count, most, replace=False))
