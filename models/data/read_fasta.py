"""Reading FASTA files."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.sequence_text import sequence_codes
from motiflens.models.data.sequences import Sequences
from motiflens.models.data.text import read_lines

# chr1:100-200, name::chr1:100-200(+) of bedtools, "range=chr1:101-200 … strand=-" of the UCSC browser
_PLACE = re.compile(r"([\w.|]+):(\d+)-(\d+)(?:\(([+\-.])\))?")
_STRAND = re.compile(r"\bstrand=([+-])")
_REVERSED = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def read_records(path: types.Path) -> list[tuple[int, str, str]]:
    """Return the line number of the header, the header without ``>``, and the letters of each record.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no FASTA file, or a record has no sequence.
    """
    records: list[tuple[int, str, list[str]]] = []
    for number, line in read_lines(path, "FASTA file"):
        if line.startswith(">"):
            records.append((number, line[1:].strip(), []))
        elif not records:
            raise ValueError(f"{path} line {number} does not begin with '>': expected a FASTA file")
        else:
            records[-1][2].append(line.strip())
    for number, header, parts in records:
        if not parts:
            raise ValueError(f"{path} line {number}: {header[:60]!r} has no sequence")
    return [(number, header, "".join(parts)) for number, header, parts in records]


def read_fasta(
    path: types.Path, *, length: int | None = None, label: float = 1.0
) -> tuple[Sequences, tuple[str, ...]]:
    """Read sequences of one label, with their places if every header carries one.

    A place counts if it is as long as its sequence, either 0-based and half-open or 1-based and inclusive. A
    sequence of the minus strand is turned to the plus strand, so that its place is that of its first base.

    Parameters
    ----------
    path
        FASTA, plain or gzipped; lower case means soft-masked.
    length
        See `sequence_codes`.
    label
        Of all of them.

    Returns
    -------
    sequences, notes
        The sequences, and what was decided, for people to read.

    Raises
    ------
    FileNotFoundError, ValueError
        See `read_records` and `sequence_codes`; also if a name occurs twice.
    """
    records = read_records(path)
    names: dict[str, int] = {}
    for number, header, _ in records:
        name = header.split()[0] if header else ""
        if not name:
            raise ValueError(f"{path} line {number} is a header without a name")
        if name in names:
            raise ValueError(f"{path} lines {names[name]} and {number} are both named {name!r}: names must differ")
        names[name] = number
    codes = sequence_codes([(f"{path} line {number}", text) for number, _, text in records], length=length)
    table = pd.DataFrame({"name": list(names)})
    labels = np.full(len(records), label, dtype=np.float32)
    places = [_place(header, len(text)) for _, header, text in records]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return Sequences(codes, labels, table), ()
    trim = np.array([(len(text) - codes.shape[1]) // 2 for _, _, text in records])
    table["chrom"] = [place[0] for place in known]
    minus = np.array([place[2] == "-" for place in known])
    size = np.array([len(text) for _, _, text in records])
    first = np.where(minus, size - codes.shape[1] - trim, trim)  # what was cut off before the first base
    table["start"] = np.array([place[1] for place in known], dtype=np.int64) + first
    table["end"] = table["start"] + codes.shape[1]
    codes[minus] = (_REVERSED[codes[minus] & 7] | (codes[minus] & 8))[:, ::-1]
    notes: tuple[str, ...] = ("places taken from the headers",)
    if minus.any():
        notes = (*notes, f"{int(minus.sum())} sequences of the minus strand turned to the plus strand")
    return Sequences(codes, labels, table), notes


def _place(header: str, size: int) -> tuple[str, int, str] | None:
    """Return chromosome, 0-based start and strand that a header gives, None if it gives none.

    >>> _place("chr1:100-200", 100), _place("a::chrX:101-200(-)", 100), _place("chr1:1-7", 100)
    (('chr1', 100, '+'), ('chrX', 100, '-'), None)
    """
    found = _PLACE.search(header)
    if found is None:
        return None
    start, end = int(found[2]), int(found[3])
    strand = _STRAND.search(header)
    sign = strand[1] if strand else (found[4] or "+")
    if end - start == size:
        return found[1], start, sign
    if end - start + 1 == size and start > 0:
        return found[1], start - 1, sign
    return None
