"""Attributions and attention of many windows in one HDF5 file, read lazily."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import pandas as pd

from motiflens.interpret.coordinates import to_bp
from motiflens.interpret.results import Field
from motiflens.interpret.scaled import Scaled
from motiflens.models import types
from motiflens.models.data.one_hot import one_hot
from motiflens.models.hdf5 import array, attribute, dataset, subgroup, values
from motiflens.models.types import Codes, Floats, Integers, Json

FORMAT = 1
TEXT_COLUMNS = ("name", "chrom", "cell_type")
PLACE_COLUMNS = ("start", "end")


class Store:
    """An opened store; made by `open_store`. Datasets are read from the file as they are sliced.

    Rows are given as a slice or as increasing numbers, as h5py takes them.

    Attributes
    ----------
    path
        The file.
    method, target, task
        The attribution method; the output's number and name.
    channels
        Names of the channels of `scores`: A, C, G, T and then signals.
    length
        Window length L in bp.
    made_by
        See `motiflens.models.provenance`.
    """

    def __init__(self, path: types.Path, file: h5py.File) -> None:
        self.path, self._file = Path(path), file
        self.method = str(attribute(file, "method"))
        self.target = int(attribute(file, "target"))
        self.task = str(attribute(file, "task"))
        self.channels: tuple[str, ...] = tuple(json.loads(attribute(file, "channels")))
        self.length = int(attribute(file, "length"))
        self.made_by: Json = json.loads(attribute(file, "made_by"))

    def __len__(self) -> int:
        return int(self.scores.shape[0])

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be read any more."""
        self._file.close()

    @property
    def scores(self) -> h5py.Dataset | Scaled:
        """Signed scores, (N, C, L), float32, or kept as float16 and read as float32."""
        return self._scores("scores")

    @property
    def hypothetical(self) -> h5py.Dataset | Scaled | None:
        """Hypothetical scores of A, C, G, T, (N, 4, L); None where they were not kept."""
        return self._scores("hypothetical") if "hypothetical" in self._file else None

    def _scores(self, name: str) -> h5py.Dataset | Scaled:
        data = dataset(self._file, name)
        power = f"{name}_power"
        return Scaled(data, dataset(self._file, power)) if power in self._file else data

    @property
    def codes(self) -> h5py.Dataset:
        """Bases, (N, L) uint8: 0..3 = A, C, G, T, 4 = N."""
        return dataset(self._file, "codes")

    @property
    def prediction(self) -> Floats:
        """The target's logit, (N,)."""
        return array(self._file, "prediction")

    @property
    def completeness(self) -> Floats | None:
        """|Σ − Δlogit| as a share of |Δlogit|, (N,); None where the method promises nothing."""
        return array(self._file, "completeness") if "completeness" in self._file else None

    @property
    def flagged(self) -> types.Booleans | None:
        """Completeness beyond the method's tolerance, (N,)."""
        return array(self._file, "flagged") if "flagged" in self._file else None

    @property
    def unexplained(self) -> types.Booleans | None:
        """Windows with no change to explain, (N,); None where the method compares with no baseline."""
        return array(self._file, "unexplained") if "unexplained" in self._file else None

    @property
    def without_rule(self) -> tuple[str, ...]:
        """Functions of the model that DeepLIFT took for linear."""
        return tuple(json.loads(self._file.attrs.get("without_rule", "[]")))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a window: ``row`` (of the split it came from), ``label``, and the columns of `Windows.table`."""
        columns: dict[str, Any] = {name: array(self._file, name) for name in ("row", "label")}
        for name in (*TEXT_COLUMNS, *PLACE_COLUMNS):
            if name in self._file:
                data = dataset(self._file, name)
                columns[name] = data.asstr()[:] if name in TEXT_COLUMNS else values(data)
        return pd.DataFrame(columns)

    @property
    def strands(self) -> tuple[str, ...]:
        """Strands whose attention was kept; empty without attention."""
        return tuple(strand for strand in "+-" if f"attention/{strand}" in self._file)

    def attention(self, strand: str = "+") -> h5py.Dataset:
        """Attention profiles of one strand, (N, T); positions count along the strand.

        Raises
        ------
        ValueError
            If the store holds none.
        """
        if strand not in self.strands:
            raise ValueError(f"{self.path} holds no attention of strand {strand!r}: the model may have none")
        return dataset(self._file, f"attention/{strand}")

    @property
    def field(self) -> Field:
        """What each attention position looks at. Errors as in `attention`."""
        self.attention("+")
        group = subgroup(self._file, "attention")
        return Field(array(group, "start"), int(attribute(group, "width")), bool(attribute(group, "nominal")))

    def bases(self, rows: slice | Integers) -> Floats:
        """One-hot bases of some windows, (n, 4, L)."""
        codes: Codes = self.codes[rows]
        return one_hot(codes)

    def importance(self, rows: slice | Integers) -> Floats:
        """Scores of the base that stands at each position, (n, L): the sum over A, C, G, T."""
        return np.asarray(self.scores[rows, :4], dtype=np.float32).sum(axis=1)

    def attention_bp(self, rows: slice | Integers) -> Floats:
        """Attention at base pairs in forward coordinates, (n, L): spread over fields, mean of the strands."""
        tracks = [
            to_bp(self.attention(strand)[rows], self.field, self.length, strand="-" if strand == "-" else "+")
            for strand in self.strands
        ]
        if not tracks:
            self.attention()  # says why there is none
        return np.mean(tracks, axis=0)


def open_store(path: types.Path) -> Store:
    """Open a store for reading.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no finished store.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} does not exist: make it with 'interpret attribute'")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is no HDF5 file, or a damaged one: {error}") from error
    if file.attrs.get("motiflens_store") != FORMAT:
        file.close()
        raise ValueError(f"{path} is no store of attributions that this version reads: make it again")
    return Store(path, file)
