"""Controls of a data set in the cache, whatever model they stand beside."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import pandas as pd

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.cache_file import intact, seal
from motiflens.models.data.windows import Dataset
from motiflens.models.files import write_json
from motiflens.models.reading import read_json

_VERSION: Final = 1  # of how controls are made: older files are not read


def controls_file(dataset: Dataset, split: str, seed: int) -> Path:
    """Return where the controls of a data set are kept in the cache."""
    key = f"{_VERSION} {dataset.hash} {split} {seed}"
    return cache_folder("controls") / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def made_ahead(dataset: Dataset, split: str, seed: int) -> list[types.Json] | None:
    """Return the rows of the controls that a process made ahead; None where none did."""
    path = controls_file(dataset, split, seed)
    if not intact(path):
        return None
    rows: list[types.Json] = read_json(path, "file of controls")["rows"]
    return rows


def keep_controls(table: pd.DataFrame, dataset: Dataset, split: str, seed: int) -> None:
    """Write the controls of a data set into the cache."""
    path = controls_file(dataset, split, seed)
    write_json(path, {"rows": table.to_dict("records")})
    seal(path)
