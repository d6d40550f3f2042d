"""DeepBind's sequence files: ``FoldID EventID seq Bound``, tab-separated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.memory import dataset, split_memory
from motiflens.models.data.options import Options
from motiflens.models.data.sequence_text import sequence_codes
from motiflens.models.data.sequences import Sequences
from motiflens.models.data.text import read_lines
from motiflens.models.data.windows import Dataset

_HEADER = ["FoldID", "EventID", "seq", "Bound"]


@dataclass(frozen=True)
class SeqFiles:
    """The files of one data set: its training file and, if there is one, its test file."""

    name: str
    train: Path
    test: Path | None


def find_seq_files(path: types.Path, test: types.Path | None = None, tf: str | None = None) -> SeqFiles:
    """Return the training and test file that a path stands for.

    Parameters
    ----------
    path
        A file, with ``.AC.`` in its name if it is the training half of a pair whose other half has ``.B.``
        and lies beside it; or a folder of such files.
    test
        The test file, if it is not found by name.
    tf
        Which data set of a folder: how its file names begin.

    Raises
    ------
    ValueError
        If a folder holds none, or several and `tf` does not choose one.
    """
    found = Path(path)
    if found.is_dir():
        found = _in_folder(found, tf)
    partner = Path(test) if test is not None else None
    if partner is None and ".AC." in found.name:
        beside = found.with_name(found.name.replace(".AC.", ".B."))
        partner = beside if beside.is_file() else None
    return SeqFiles(found.name.split(".")[0], found, partner)


def _in_folder(folder: Path, tf: str | None) -> Path:
    files = sorted(folder.glob("*.seq")) + sorted(folder.glob("*.seq.gz"))
    training = [file for file in files if ".B." not in file.name] or files
    if tf is not None:
        chosen = [file for file in training if file.name.split(".")[0] == tf]
        training = chosen or [file for file in training if file.name.startswith(tf)]
    names = ", ".join(sorted({file.name.split(".")[0] for file in files})[:8])
    if len(training) == 1:
        return training[0]
    if not files:
        raise ValueError(f"{folder} holds no *.seq or *.seq.gz file")
    if tf is None:
        raise ValueError(f"{folder} holds {len(training)} data sets: choose one of {names} with tf")
    problem = f"{len(training)} data sets match" if training else "no data set matches"
    raise ValueError(f"{folder}: {problem} tf={tf!r}; choose one of {names}")


def read_seq(path: types.Path) -> Sequences:
    """Read one file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For another header, missing columns, letters that are no bases, mixed lengths or labels other than 0
        and 1; the message names file and line.
    """
    names: list[str] = []
    texts: list[tuple[str, str]] = []
    labels: list[int] = []
    lines = read_lines(path, "DeepBind sequence file")
    number, header = next(lines, (1, ""))
    if header.split("\t") != _HEADER:
        raise ValueError(
            f"{path} line {number} is {header[:60]!r}: expected the columns {' '.join(_HEADER)}, tab-separated"
        )
    for number, line in lines:
        fields = line.split("\t")
        where = f"{path} line {number}"
        if len(fields) != 4:
            raise ValueError(f"{where} has {len(fields)} tab-separated columns: expected {' '.join(_HEADER)}")
        if fields[3] not in ("0", "1"):
            raise ValueError(f"{where} has Bound = {fields[3]!r}: expected 0 or 1")
        names.append(fields[1])
        texts.append((where, fields[2]))
        labels.append(int(fields[3]))
    if not names:
        raise ValueError(f"{path} holds no sequence")
    codes = sequence_codes(texts)
    return Sequences(codes, np.array(labels, dtype=np.float32), pd.DataFrame({"name": names}))


def open_deepbind_seq(source: types.Path, options: Options) -> Dataset:
    """Open a file, a pair or a folder of DeepBind's sequence files; see `open_dataset`."""
    options.refuse("DeepBind sequence files", "labelling", "signals", "columns", "offset", "length")
    files = find_seq_files(source, options.test, options.tf)
    train = read_seq(files.train)
    test = read_seq(files.test) if files.test is not None else None
    splits, notes = split_memory(train, test, options, task=files.name, source=files.train)
    return dataset(source, "deepbind_seq", splits, options, notes, [files.train, files.test])
