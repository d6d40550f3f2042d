"""Reading FASTA files."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from motiflens.models import types
from motiflens.models.data.fasta_records import fasta_records
from motiflens.models.data.sequence_text import sequence_codes
from motiflens.models.data.sequences import Sequences
from motiflens.models.types import Integers

# chr1:100-200, name::chr1:100-200(+) of bedtools, "range=chr1:101-200 … strand=-" of the UCSC browser; the name is
# looked for backwards from here, so that the time is linear in the header's length
_RANGE = re.compile(r":(\d{1,15})-(\d{1,15})(?!\d)(?:\(([+\-.])\))?")
_NAME = re.compile(r"[\w.|]")
_STRAND = re.compile(r"\bstrand=([+-])")
_REVERSED = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def read_fasta(
    path: types.Path, *, length: int | None = None, label: float = 1.0, variable: bool = False
) -> tuple[Sequences, tuple[str, ...]]:
    """Read sequences of one label, with their places if every header carries one.

    A place counts if it is as long as its sequence, either 0-based and half-open or 1-based and inclusive. A
    sequence of the minus strand is turned to the plus strand, so that its place is that of its first base.

    Parameters
    ----------
    path
        FASTA, plain or gzipped; lower case means soft-masked.
    length, variable
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
        See `fasta_records` and `sequence_codes`; also if a name occurs twice, or a record has no sequence.
    """
    records = list(fasta_records(path))
    names: dict[str, int] = {}
    for record in records:
        name = record.name
        if not record.letters:
            raise ValueError(f"{path} line {record.line}: {record.header[:60]!r} has no sequence")
        if name in names:
            raise ValueError(
                f"{path} lines {names[name]} and {record.line} are both named {name!r}: names must differ"
            )
        names[name] = record.line
    codes = sequence_codes(
        [(f"{path} line {record.line}", record.letters.decode("latin-1")) for record in records],
        length=length,
        variable=variable,
    )
    table = pd.DataFrame({"name": list(names)})
    labels = np.full(len(records), label, dtype=np.float32)
    places = [place_of(record.header, len(record.letters)) for record in records]
    known = [place for place in places if place is not None]
    size = np.array([len(record.letters) for record in records])
    notes = () if length is None else _length_notes(size, length)
    if len(known) < len(places):
        return Sequences(codes, labels, table), notes
    padded = variable and length is None
    trim = np.zeros(len(size), dtype=np.int64) if padded else (size - codes.shape[1]) // 2
    table["chrom"] = [place[0] for place in known]
    minus = np.array([place[2] == "-" for place in known])
    width = size if padded else codes.shape[1]
    first = np.where(minus, size - width - trim, trim)  # what was cut off before the first base
    table["start"] = np.array([place[1] for place in known], dtype=np.int64) + first
    table["end"] = table["start"] + width
    codes[minus] = (_REVERSED[codes[minus] & 7] | (codes[minus] & 8))[:, ::-1]
    notes = ("places taken from the headers", *notes)
    if minus.any():
        notes = (*notes, f"{int(minus.sum())} sequences of the minus strand turned to the plus strand")
    return Sequences(codes, labels, table), notes


def _length_notes(size: Integers, length: int) -> tuple[str, ...]:
    changes = ((size > length, "longer", "cut to their middle"), (size < length, "shorter", "filled up with N"))
    return tuple(
        f"{int(which.sum()):,} of {len(size):,} sequences are {kind} than {length} bp: {how}"
        for which, kind, how in changes
        if which.any()
    )


def place_of(header: str, size: int) -> tuple[str, int, str] | None:
    """Return chromosome, 0-based start and strand that a header gives, None if it gives none.

    >>> place_of("chr1:100-200", 100), place_of("a::chrX:101-200(-)", 100), place_of("chr1:1-7", 100)
    (('chr1', 100, '+'), ('chrX', 100, '-'), None)
    """
    for match in _RANGE.finditer(header):
        first = match.start()
        while first and _NAME.match(header[first - 1]):
            first -= 1
        if first == match.start():
            continue
        name, start, end = header[first : match.start()], int(match[1]), int(match[2])
        strand = _STRAND.search(header)
        sign = strand[1] if strand else (match[3] or "+")
        if end - start == size:
            return name, start, sign
        return (name, start - 1, sign) if end - start + 1 == size and start > 0 else None
    return None
