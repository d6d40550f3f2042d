"""Writing a store block by block, so that an interrupted one can be continued."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from motiflens.interpret.results import Attention, Attribution, Field
from motiflens.interpret.scaled import half_precision
from motiflens.interpret.store import FORMAT, PLACE_COLUMNS, TEXT_COLUMNS
from motiflens.models import types
from motiflens.models.files import check_room, write_whole
from motiflens.models.hdf5 import dataset, subgroup
from motiflens.models.types import Codes, Floats, Integers, Json

_BLOCK = 1 << 22  # bytes copied at a time
_ROWS = 1 << 13  # of the table at a time
_HEAD = 1 << 16  # bytes of a store beside its arrays


class StoreWriter:
    """Writes ``PATH.part`` and renames it to PATH when it is finished.

    Everything is allocated with the first block, so that writing further ones changes no metadata: the part file
    stays readable whenever the program is stopped. The number of rows done is written after the rows themselves.

    Parameters
    ----------
    path
        The finished store.
    index
        (N,) rows of the split that will be written, in order.
    labels
        (N,) labels of the target.
    table
        Gives the table of some rows of the split; see `Windows.table`. A missing chromosome becomes an empty one.
    identity
        What was computed from what: a part file with another identity is thrown away.
    attributes
        ``method``, ``target``, ``task``, ``channels``, ``length``, ``made_by``.
    precision
        ``float32`` or ``float16`` (each window divided by a power of two; see `half_precision`).
    """

    def __init__(
        self,
        path: types.Path,
        *,
        index: Integers,
        labels: Floats,
        table: Callable[[Integers], pd.DataFrame],
        identity: Json,
        attributes: Json,
        precision: str = "float32",
    ) -> None:
        if precision not in ("float32", "float16"):
            raise ValueError(f"precision must be float32 or float16, not {precision!r}")
        if not len(index):
            raise ValueError("there are no windows to write")
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        self.index, self.labels, self.table = index, labels, table
        self.attributes, self.precision = attributes, precision
        self.identity = json.dumps({**identity, "rows": len(index), "precision": precision}, sort_keys=True)
        self.without_rule: set[str] = set()
        self._file = self._resumed()

    @property
    def done(self) -> int:
        """Rows that are written, from an earlier run included."""
        return 0 if self._file is None else int(dataset(self._file, "done")[0])

    def write(
        self, codes: Codes, attribution: Attribution, attention: dict[str, Attention], *, hypothetical: bool
    ) -> None:
        """Write the next rows.

        Parameters
        ----------
        codes
            (n, L) bases.
        attribution
            Of those windows.
        attention
            Strand -> theirs; empty without attention. The same strands in every call.
        hypothetical
            Keep hypothetical scores too, where the method has them.
        """
        values: dict[str, Any] = {
            "codes": codes,
            "scores": attribution.scores,
            "prediction": attribution.prediction,
        }
        if hypothetical and attribution.hypothetical is not None:
            values["hypothetical"] = attribution.hypothetical[:, :4]
        if attribution.completeness is not None:
            values["completeness"] = attribution.completeness
        if attribution.flagged is not None:
            values["flagged"] = attribution.flagged
        self.without_rule |= set(attribution.without_rule)
        if attribution.unexplained is not None:
            values["unexplained"] = attribution.unexplained
        if self.precision == "float16":
            for name in ("scores", "hypothetical"):
                if name in values:
                    values[name], values[f"{name}_power"] = half_precision(values[name])
        for strand, seen in attention.items():
            values[f"attention/{strand}"] = seen.profile
        if self._file is None:
            self._file = self._allocated(values, attention)
        first = self.done
        for name, block in values.items():
            dataset(self._file, name)[first : first + len(codes)] = block
        self._file.flush()
        dataset(self._file, "done")[0] = first + len(codes)
        self._file.flush()

    def finish(self) -> Path:
        """Compress into the finished store, and remove the part file."""
        if self._file is None or self.done < len(self.index):
            raise ValueError(f"only {self.done} of {len(self.index)} windows were written")
        with write_whole(self.path) as whole, h5py.File(whole, "w") as out:
            _copy(self._file, out)
            out.attrs["without_rule"] = json.dumps(sorted(self.without_rule))
        self._file.close()
        self._file = None
        self.part.unlink()
        return self.path

    def close(self) -> None:
        """Leave the part file for a later run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _resumed(self) -> h5py.File | None:
        if not self.part.is_file():
            return None
        try:
            file = h5py.File(self.part, "r+")
        except OSError:  # stopped while it was allocated
            return None
        if file.attrs.get("identity") == self.identity:
            return file
        file.close()
        return None

    def _allocated(self, values: dict[str, Any], attention: dict[str, Attention]) -> h5py.File:
        rows = len(self.index)
        row = sum(block[:1].nbytes for block in values.values())
        check_room(self.part, 2 * row * rows + _HEAD)  # the finished store is written beside it
        with write_whole(self.part) as fresh, h5py.File(fresh, "w") as file:
            self._lay_out(file, values, attention)
        return h5py.File(self.part, "r+")

    def _lay_out(self, file: h5py.File, values: dict[str, Any], attention: dict[str, Attention]) -> None:
        """Make room for all rows, and write what is known of them."""
        rows = len(self.index)
        for name, block in values.items():
            kind = self.precision if name in ("scores", "hypothetical") else block.dtype
            data = file.create_dataset(name, (rows, *block.shape[1:]), kind)
            data[rows - 1] = 0  # takes all the room now
        for seen in attention.values():
            _describe(subgroup(file, "attention"), seen, seen.field)
        file["row"], file["label"] = self.index, self.labels
        for start in range(0, rows, _ROWS):
            table = self.table(self.index[start : start + _ROWS])
            for name in (name for name in (*TEXT_COLUMNS, *PLACE_COLUMNS) if name in table):
                kind = h5py.string_dtype() if name in TEXT_COLUMNS else np.int64
                data = dataset(file, name) if name in file else file.create_dataset(name, rows, kind)
                data[start : start + len(table)] = _column(table[name])
        for name, value in self.attributes.items():
            file.attrs[name] = value if isinstance(value, str | int) else json.dumps(value)
        file["done"] = np.zeros(1, dtype=np.int64)
        file.attrs["motiflens_store"] = FORMAT
        file.attrs["identity"] = self.identity


def _column(values: pd.Series) -> list[str] | Integers:
    """Return a column as the store holds it."""
    if values.name in TEXT_COLUMNS:
        return ["" if pd.isna(value) else str(value) for value in values]
    return values.fillna(0).to_numpy(np.int64)


def _describe(group: h5py.Group, attention: Attention, field: Field) -> None:
    if "start" not in group:
        group["start"] = field.start
    group.attrs.update(width=field.width, nominal=field.nominal, layer=attention.layer, kind=attention.kind)


def _copy(source: h5py.Group, out: h5py.Group) -> None:
    """Copy groups, attributes and datasets, the large ones compressed, a block at a time."""
    for name, value in source.attrs.items():
        if name != "identity":
            out.attrs[name] = value
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, out.create_group(name))
        elif name != "done":
            _copy_dataset(item, out, name)


def _copy_dataset(item: h5py.Dataset, out: h5py.Group, name: str) -> None:
    if item.ndim < 2:
        plain = out.create_dataset(name, item.shape, item.dtype)
        for start in range(0, len(item), _ROWS):
            plain[start : start + _ROWS] = item[start : start + _ROWS]
        return
    row = item.dtype.itemsize * int(np.prod(item.shape[1:]))
    chunk = (max(1, min(len(item), (1 << 18) // max(row, 1))), *item.shape[1:])
    packed = out.create_dataset(
        name, item.shape, item.dtype, chunks=chunk, compression="gzip", compression_opts=1, shuffle=True
    )
    step = max(1, _BLOCK // max(row * chunk[0], 1)) * chunk[0]
    for start in range(0, len(item), step):
        packed[start : start + step] = item[start : start + step]
