"""Scoring windows with a trained model, and measuring how well the scores tell bound from unbound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.layers import Merge
from motiflens.models.check_run_fits import check_model_fits, check_run_fits
from motiflens.models.data.both_strands import BothStrands
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.files import write_json
from motiflens.models.finite import check_finite
from motiflens.models.loader import CodeCache, inputs, read_ahead, read_step
from motiflens.models.metrics import task_metrics
from motiflens.models.metrics_file import read_metrics, with_split_record
from motiflens.models.precision import full_precision, like
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.ranges import PREDICT_RANGES, check_range
from motiflens.models.run import Run
from motiflens.models.run_files import METRICS
from motiflens.models.strands import both_strands, strand_merge
from motiflens.models.types import Floats, Integers


def score(
    model: SequenceModel,
    windows: Windows,
    index: Integers | None = None,
    *,
    average_strands: bool | Merge = False,
    batch_size: int = 256,
    device: torch.device | str | None = None,
) -> Iterator[Floats]:
    """Yield the logits of windows, (n, T) a batch, in constant memory.

    Parameters
    ----------
    model
        In any mode: it runs in eval mode and comes back as it was. One in half precision is scored in float32.
    windows
        With the model's length and channels.
    index
        Rows to score, in order; all by default.
    average_strands
        Give the logit of both strands' mean probability (True, ``mean``) or of the larger one (``max``); models
        that merge strands themselves are left alone.
    batch_size
        Windows at a time.
    device
        Where to compute; the model's own by default.

    Raises
    ------
    ValueError
        If the windows do not fit the model, or it answers NaN or infinity (`NotFiniteError`).
    """
    check_model_fits(model, windows)
    check_range("batch_size", batch_size, PREDICT_RANGES["batch_size"])
    check_device(device)
    merge: Merge | None = (
        average_strands if isinstance(average_strands, str) else "mean" if average_strands else None
    )
    rows = np.arange(len(windows)) if index is None else np.asarray(index, dtype=np.int64)
    cache = CodeCache(windows, limit=0)
    network = full_precision(model)
    here, dtype, mode = like(network).device, like(network).dtype, model.training
    network.eval()
    try:
        place = torch.device(device) if device is not None else here
        network.to(place)
        count = -(-len(rows) // batch_size)
        steps = read_ahead(lambda i: read_step(cache, rows[i * batch_size : (i + 1) * batch_size], None, 0), count)
        for number, step in enumerate(steps):
            there = step.each(lambda tensor: tensor.to(place))
            x = inputs(there).to(dtype)
            meta = None if there.meta is None else there.meta.to(dtype)
            with torch.inference_mode():
                logits = both_strands(network, x, meta, merge) if merge else network(x, meta)
            answered = logits.float().cpu().numpy()
            check_finite("prediction", answered, rows[number * batch_size :])
            yield answered
    finally:
        network.to(here)
        network.train(mode)


def evaluate(
    run: Run,
    dataset: Dataset,
    *,
    split: str = "test",
    average_strands: bool | Merge | None = None,
    strands_as_rows: bool = False,
    batch_size: int = 256,
    device: torch.device | str | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Measure a run on a split, and keep the result in its ``metrics.json``, by split and data.

    Parameters
    ----------
    run
        An opened run.
    dataset
        With the run's tasks, in any order; the split's rows without a label for a task are left out for it.
    split
        ``test``, ``valid`` or ``train``.
    average_strands
        See `strand_merge`; by default as the run's recipe says, or as validation chose.
    strands_as_rows
        Count every window twice, as it is and as its reverse complement, in place of averaging both (TBiNet's data
        hold both as rows); such measures are not kept.
    batch_size, device
        As in `score`.
    progress
        Told how many windows are scored.

    Returns
    -------
    DataFrame
        One row a task: see `metrics.task_metrics`.

    Raises
    ------
    ValueError
        If the data lack a task of the run, or do not fit the model.
    """
    windows = dataset[split]
    check_run_fits(run, windows)
    columns = _columns(run, windows)
    merge = strand_merge(run.config, average_strands)
    if strands_as_rows:
        windows, merge = BothStrands(windows), None
    progress(Step("evaluating", 0, len(windows)))
    parts, done = [], 0
    for part in score(run.model, windows, average_strands=merge or False, batch_size=batch_size, device=device):
        parts.append(part)
        done += len(part)
        progress(Step("evaluating", done, len(windows)))
    logits = np.concatenate(parts) if parts else np.zeros((0, run.model.outputs), dtype=np.float32)
    table = task_metrics(windows.labels[:, columns], logits, run.tasks)
    if not strands_as_rows:  # what is kept is what commands compare
        _keep(run, split, dataset, table, merge)
    return table


def _columns(run: Run, windows: Windows) -> list[int]:
    """Return the data's column of each of the run's tasks; one task on each side always match."""
    if len(run.tasks) == len(windows.tasks) == 1:
        return [0]
    missing = [task for task in run.tasks if task not in windows.tasks]
    if missing:
        raise ValueError(f"the data have no task {missing[0]!r} ({len(missing)} of the run's tasks are missing)")
    return [windows.tasks.index(task) for task in run.tasks]


def _keep(run: Run, split: str, dataset: Dataset, table: pd.DataFrame, merge: Merge | None) -> None:
    path = run.path / METRICS
    record = read_metrics(run.path)
    measures = {
        "data": dataset.source,
        "data_hash": dataset.hash,
        "weights_hash": run.weights_hash,
        "average_strands": merge is not None,
        "strand_merge": merge,
        "tasks": table.to_dict("records"),
    }
    write_json(path, with_split_record(record, split, measures))


def check_device(device: torch.device | str | None, dask: str | None = None) -> None:
    """Refuse a device that is unknown, or missing on this machine.

    Parameters
    ----------
    device
        Its name; None is whatever is there.
    dask
        The scheduler whose machines compute, if any: what they have is not known here.

    Raises
    ------
    ValueError
        Naming it, and those that can be used.
    """
    if device is None:
        return
    known = [
        name
        for name in ("cpu", "cuda", "mps")
        if name == "cpu" or dask is not None or getattr(torch, name).is_available()
    ]
    kind = str(device).partition(":")[0]
    try:
        torch.device(device)
    except RuntimeError:
        kind = "unknown"
    if kind not in (*known, "meta"):
        raise ValueError(f"device {str(device)!r} is not usable here: expected {', '.join(known)}")


def best_device() -> str:
    """Return ``cuda`` where a GPU is usable, ``cpu`` elsewhere."""
    return "cuda" if torch.cuda.is_available() else "cpu"
