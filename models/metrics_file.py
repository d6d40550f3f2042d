"""The measures that `evaluate` leaves in a run's ``metrics.json``: a record for each split and data set."""

from __future__ import annotations

from pathlib import Path

from motiflens.models import types
from motiflens.models.metrics import METRICS as METRIC_NAMES
from motiflens.models.reading import read_json
from motiflens.models.run_files import METRICS

_AGAIN = "run 'interpret evaluate' again"


def read_metrics(folder: types.Path) -> types.Json:
    """Return a run's ``metrics.json``; empty where there is none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    path = Path(folder) / METRICS
    if not path.is_file():
        return {}
    content = read_json(path, "file of measures", _AGAIN)
    for key, records in content.items():
        if key.startswith("evaluated_") and not (isinstance(records, list) and all(map(_is_record, records))):
            raise ValueError(f"{path} is a damaged file of measures ({key} holds no measures of tasks): {_AGAIN}")
    if not _are_tasks(content.get("valid", [])):
        raise ValueError(f"{path} is a damaged file of measures (valid holds no measures of tasks): {_AGAIN}")
    return content


def _is_record(record: object) -> bool:
    """Tell whether this is a split's record; see `split_record`."""
    return isinstance(record, dict) and "data_hash" in record and _are_tasks(record.get("tasks"))


def _are_tasks(tasks: object) -> bool:
    """Tell whether these are rows of tasks: names, and measures that are numbers or unknown."""
    return isinstance(tasks, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("task"), str)
        and all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool))
            for key, value in row.items()
            if key in METRIC_NAMES
        )
        for row in tasks
    )


def _key(split: str) -> str:
    return f"evaluated_{split}"


def split_record(metrics: types.Json, split: str, data_hash: str | None = None) -> types.Json | None:
    """Return the record of a split.

    Parameters
    ----------
    metrics
        What ``metrics.json`` holds.
    split
        ``test``, ``valid`` or ``train``.
    data_hash
        Of which data; by default of those that were measured last.

    Returns
    -------
    dict or None
        ``data`` (source), ``data_hash``, ``average_strands``, ``strand_merge`` (``mean``, ``max``, or None of one
        strand) and ``tasks``; None if there is no such record.
    """
    records = [row for row in metrics.get(_key(split), []) if data_hash in (None, row["data_hash"])]
    return records[-1] if records else None


def with_split_record(metrics: types.Json, split: str, record: types.Json) -> types.Json:
    """Return ``metrics.json`` with a record put last, in place of an earlier one of the same data."""
    others = [row for row in metrics.get(_key(split), []) if row["data_hash"] != record["data_hash"]]
    return {**metrics, _key(split): [*others, record]}
