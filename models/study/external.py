"""Predictions of another program, measured as our own are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.models import types
from motiflens.models.amount import amount
from motiflens.models.data.windows import Windows
from motiflens.models.metrics import task_metrics
from motiflens.models.types import Floats


def external_scores(path: types.Path, windows: Windows) -> Floats:
    """Return the scores of a file in the windows' order, (N, 1).

    Parameters
    ----------
    path
        TSV of two columns, with or without a header: a window's name, or its place as ``chrom:start-end``
        (0-based, half-open), and its score.
    windows
        With names or places.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, a score is no number, or windows lack one (the first is named).
    """
    table = pd.read_csv(path, sep="\t", header=None, dtype=str, comment="#", keep_default_na=False)
    if table.shape[1] < 2 or not len(table):
        raise ValueError(f"{path} has {amount(table.shape[1], 'column')}: expected a window's name and its score")
    values = pd.to_numeric(table[1], errors="coerce")
    body = table.index[1:] if np.isnan(values.iloc[0]) else table.index  # the first line may be a header
    if values[body].isna().any():
        line = int(body[values[body].isna().to_numpy()][0])
        raise ValueError(f"{path}, line {line + 1}: the score {table[1][line]!r} is no number")
    known = dict(zip(table[0][body], values[body], strict=True))
    names = windows.table["name"].astype(str).to_numpy() if "name" in windows.table else np.array([], dtype=str)
    if not len(names) or names[0] not in known:
        names = _places(windows, names)
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(
            f"{path} has no score for the window {missing[0]} ({len(missing):,} of {len(names):,} are missing)"
        )
    return np.array([known[name] for name in names], dtype=np.float32)[:, None]


def _places(windows: Windows, names: NDArray[Any]) -> NDArray[Any]:
    table = windows.table
    if not {"chrom", "start", "end"} <= set(table.columns):
        return names
    columns = zip(table["chrom"], table["start"], table["end"], strict=True)
    return np.array([f"{chrom}:{start}-{end}" for chrom, start, end in columns])


def external_measures(path: types.Path, windows: Windows) -> pd.DataFrame:
    """Return the metrics of a file's scores on windows of one task (see `metrics.task_metrics`).

    Accuracy, precision, recall and F1 take a score above 0 for bound.
    """
    if len(windows.tasks) != 1:
        raise ValueError(f"{path} scores one task, the data have {len(windows.tasks)}")
    return task_metrics(windows.labels, external_scores(path, windows), windows.tasks)
