"""The measures that `evaluate` leaves in a run's ``metrics.json``: a record for each split and data set."""

from __future__ import annotations

from pathlib import Path

from motiflens.models import types
from motiflens.models.reading import read_json
from motiflens.models.run import METRICS


def read_metrics(folder: types.Path) -> types.Json:
    """Return a run's ``metrics.json``; empty where there is none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    path = Path(folder) / METRICS
    return read_json(path, "file of measures", "run 'interpret evaluate' again") if path.is_file() else {}


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
        ``data`` (source), ``data_hash``, ``average_strands`` and ``tasks``; None if there is no such record.
    """
    records = [row for row in metrics.get(_key(split), []) if data_hash in (None, row["data_hash"])]
    return records[-1] if records else None


def with_split_record(metrics: types.Json, split: str, record: types.Json) -> types.Json:
    """Return ``metrics.json`` with a record put last, in place of an earlier one of the same data."""
    others = [row for row in metrics.get(_key(split), []) if row["data_hash"] != record["data_hash"]]
    return {**metrics, _key(split): [*others, record]}
