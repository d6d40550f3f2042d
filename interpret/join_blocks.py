"""Putting the blocks of a store together, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from motiflens.interpret.store import FORMAT, PLACE_COLUMNS, TEXT_COLUMNS
from motiflens.interpret.store_block import StoreBlock
from motiflens.models import types
from motiflens.models.files import check_room, write_whole
from motiflens.models.hdf5 import dataset
from motiflens.models.types import Floats, Integers, Json

_ROWS = 1 << 13  # of the table at a time
_CHUNK = 1 << 18  # bytes that are compressed together
_HEAD = 1 << 16  # bytes of a store beside its arrays


@dataclass(frozen=True, eq=False)
class StoreContents:
    """What a store holds beside its blocks.

    Attributes
    ----------
    index
        (N,) rows of the split, in order.
    labels
        (N,) labels of the target.
    table
        Gives the table of some rows of the split; see `Windows.table`. A missing chromosome becomes an empty one.
    attributes
        ``method``, ``target``, ``task``, ``channels``, ``length``, ``made_by``.
    """

    index: Integers
    labels: Floats
    table: Callable[[Integers], pd.DataFrame]
    attributes: Json


def join_blocks(path: types.Path, blocks: Iterable[StoreBlock], contents: StoreContents) -> Path:
    """Write a store, whole.

    Parameters
    ----------
    path
        The store.
    blocks
        Of all rows, in order; one is held at a time.
    contents
        The rest.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        If the blocks hold more or fewer rows than the contents.
    OSError
        If there is no room for it.
    """
    rows, done = len(contents.index), 0
    rules: set[str] = set()
    with write_whole(path) as whole, h5py.File(whole, "w") as file:
        for block in blocks:
            count = len(block.values["codes"])
            if not done:
                row = sum(values[:1].nbytes for values in block.values.values())
                check_room(path, row * rows + _HEAD)
                _lay_out(file, block, contents)
            if done + count > rows:
                raise ValueError(f"there are more than {rows} windows to write")
            for name, values in block.values.items():
                dataset(file, name)[done : done + count] = values
            rules |= set(block.without_rule)
            done += count
        if done < rows:
            raise ValueError(f"only {done} of {rows} windows were written")
        file.attrs["without_rule"] = json.dumps(sorted(rules))
    return Path(path)


def _lay_out(file: h5py.File, block: StoreBlock, contents: StoreContents) -> None:
    """Make datasets for all rows, the large ones compressed, and write what is known of them."""
    rows = len(contents.index)
    for name, values in block.values.items():
        file.create_dataset(name, (rows, *values.shape[1:]), values.dtype, **_packing(rows, values))
    if block.field is not None:
        group = file.require_group("attention")
        group["start"] = block.field.start
        group.attrs.update(
            width=block.field.width, nominal=block.field.nominal, layer=block.layer, kind=block.kind
        )
    file["row"], file["label"] = contents.index, contents.labels
    for start in range(0, rows, _ROWS):
        table = contents.table(contents.index[start : start + _ROWS])
        for name in (name for name in (*TEXT_COLUMNS, *PLACE_COLUMNS) if name in table):
            kind = h5py.string_dtype() if name in TEXT_COLUMNS else np.int64
            data = dataset(file, name) if name in file else file.create_dataset(name, rows, kind)
            data[start : start + len(table)] = _column(table[name])
    for name, value in contents.attributes.items():
        file.attrs[name] = value if isinstance(value, str | int) else json.dumps(value)
    file.attrs["motiflens_store"] = FORMAT


def _packing(rows: int, values: np.ndarray) -> dict[str, Any]:
    if values.ndim < 2:
        return {}
    chunk = (max(1, min(rows, _CHUNK // max(values[:1].nbytes, 1))), *values.shape[1:])
    return {"chunks": chunk, "compression": "gzip", "compression_opts": 1, "shuffle": True}


def _column(values: pd.Series) -> list[str] | Integers:
    """Return a column as the store holds it."""
    if values.name in TEXT_COLUMNS:
        return ["" if pd.isna(value) else str(value) for value in values]
    return values.fillna(0).to_numpy(np.int64)
