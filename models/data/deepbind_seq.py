"""DeepBind's sequence files: ``FoldID EventID seq Bound``, tab-separated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.memory import dataset, split_memory
from motiflens.models.data.options import Options
from motiflens.models.data.sequence_text import sequence_codes
from motiflens.models.data.sequences import Sequences
from motiflens.models.data.text import SEQ_FILES, listed, read_lines
from motiflens.models.data.windows import Dataset

_HEADER = ["FoldID", "EventID", "seq", "Bound"]
# DeepBind's own name is NAME_AC.seq.gz
_HALF = re.compile(r"(?P<name>.+)(?P<mark>[._-])(?P<half>AC|B|ac|b)(?P<end>(\.[^.]*)?\.(seq|SEQ))(\.gz|\.GZ)?")


@dataclass(frozen=True)
class SeqFiles:
    """The files of one data set: its training file and, if there is one, its test file."""

    name: str
    train: Path
    test: Path | None


def seq_sets(folder: types.Path) -> dict[str, SeqFiles]:
    """Return the data sets of a folder, by name: each training file with its test half, where there is one.

    A test half is ``NAME.B.seq[.gz]``, or ``NAME_B.seq[.gz]`` or ``NAME-B`` beside ``NAME_AC``; a folder of
    test halves alone takes each as a set.
    """
    where = Path(folder)
    ends = (".seq", ".seq.gz")
    files = sorted(path for path in where.glob(SEQ_FILES) if path.name.lower().endswith(ends))
    training = [path for path in files if not _is_test_half(path)] or files
    return {one.name: one for one in (find_seq_files(path) for path in training)}


def find_seq_files(path: types.Path, test: types.Path | None = None, tf: str | None = None) -> SeqFiles:
    """Return the training and test file that a path stands for.

    Parameters
    ----------
    path
        A file, ``NAME.AC.seq`` or ``NAME_AC.seq`` (also gzipped) if it is the training half of a pair whose other
        half has ``B`` in place of ``AC`` and lies beside it; or a folder of such files.
    test
        The test file, if it is not found by name.
    tf
        Which data set of a folder: how its file names begin.

    Raises
    ------
    ValueError
        If a folder holds none, or several and `tf` does not choose one.
    """
    training = Path(path)
    if training.is_dir():
        training = _in_folder(training, tf)
    partner = Path(test) if test is not None else _beside(training, "AC", "B")
    half = _HALF.fullmatch(training.name)
    name = training.name.split(".")[0]
    named = half is not None and ((half["mark"] == "_" and half["half"] == "AC") or _beside(training, "AC", "B"))
    if half is not None and half["mark"] != "." and (named or _is_test_half(training)):
        name = half["name"]
    return SeqFiles(name, training, partner)


def _beside(path: Path, half: str, other: str) -> Path | None:
    """Return the other half of a pair if `path` is named as the one half and the other lies beside it."""
    parts = _HALF.fullmatch(path.name)
    if parts is None or parts["half"].upper() != half:
        return None
    letters = other if parts["half"].isupper() else other.lower()
    stem = f"{parts['name']}{parts['mark']}{letters}{parts['end']}"
    ends = dict.fromkeys((path.suffix if path.suffix.lower() == ".gz" else "", "", ".gz"))  # one may be packed
    return next((there for end in ends if (there := path.with_name(stem + end)).is_file()), None)


def _is_test_half(path: Path) -> bool:
    """Say whether a file is a test half; ``_B`` may also end a name: it counts only beside its ``_AC``."""
    return ".B." in path.name or _beside(path, "B", "AC") is not None


def _in_folder(folder: Path, tf: str | None) -> Path:
    sets = seq_sets(folder)
    if not sets:
        raise ValueError(f"{folder} holds no *.seq or *.seq.gz file")
    chosen = list(sets)
    if tf is not None:
        chosen = [name for name in sets if name == tf] or [name for name in sets if name.startswith(tf)]
    if len(chosen) == 1:
        return sets[chosen[0]].train
    if tf is None:
        raise ValueError(f"{folder} holds {len(sets)} data sets: choose one of {listed(sorted(sets))} with tf")
    problem = f"{len(chosen)} data sets match" if chosen else "no data set matches"
    raise ValueError(f"{folder}: {problem} tf={tf!r}; choose one of {listed(sorted(chosen or sets))}")


def read_seq(path: types.Path, *, variable: bool = False) -> Sequences:
    """Read one file; for `variable` see `sequence_codes`.

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
    codes = sequence_codes(texts, variable=variable)
    return Sequences(codes, np.array(labels, dtype=np.float32), pd.DataFrame({"name": names}))


def open_deepbind_seq(source: types.Path, options: Options) -> Dataset:
    """Open a file, a pair or a folder of DeepBind's sequence files; see `open_dataset`."""
    options.refuse("DeepBind sequence files", "labelling", "signals", "columns", "offset", "length")
    files = find_seq_files(source, options.test, options.tf)
    train = read_seq(files.train, variable=options.variable)
    test = read_seq(files.test, variable=options.variable) if files.test is not None else None
    splits, notes, left_out = split_memory(train, test, options, task=files.name, source=files.train)
    return dataset(source, "deepbind_seq", splits, options, notes, [files.train, files.test], left_out)
