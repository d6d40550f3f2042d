"""FASTA files of bound sequences."""

from __future__ import annotations

from pathlib import Path

from motiflens.models import types
from motiflens.models.data.memory import dataset, split_memory, test_file
from motiflens.models.data.options import Options
from motiflens.models.data.read_fasta import read_fasta
from motiflens.models.data.windows import Dataset


def open_fasta(source: types.Path, options: Options) -> Dataset:
    """Open a FASTA file of positives; see `open_dataset`."""
    options.refuse("a FASTA file", "labelling", "signals", "columns", "offset")
    path = Path(source)
    sequences, notes = read_fasta(path, length=options.length, variable=options.variable)
    other = test_file(options)
    test = read_fasta(other, length=options.length, variable=options.variable)[0] if other is not None else None
    task = options.tf or path.name.split(".")[0]
    divided = split_memory(sequences, test, options, task=task, source=path)
    told = (*notes, *divided.notes)
    return dataset(source, "fasta", divided.splits, options, told, [path, other], divided.left_out)
