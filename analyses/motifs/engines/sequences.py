"""Sequences for scanning: FASTA read as a stream, mappings, pairs or plain strings."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from motiflens.models import types
from motiflens.models.data.fasta_records import fasta_pieces, fasta_records

Sequences: TypeAlias = types.Path | Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[str]

_FASTA = "sequence file (FASTA)"
CODE = np.full(256, 4, dtype=np.uint8)  # of a letter: 0..3 = A, C, G, T; 4 = anything else
for _i, _letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
    for _letter in _letters:
        CODE[ord(_letter)] = _i
_ALLOWED = b"ABCDGHKMNRSTUVWXYabcdghkmnrstuvwxy*-."
_AS_N = bytes(letter if letter in _ALLOWED else ord("N") for letter in range(256))
_COMPLEMENT = bytes.maketrans(
    b"ACGTUMRWSYKVHDBNacgtumrwsykvhdbn", b"TGCAAKYWSRMBDHVNtgcaakywsrmbdhvn"
)  # case is kept, as FIMO keeps it


class ForeignLetters:
    """Counts the letters that are no nucleotides and are read as N.

    Attributes
    ----------
    letters
        How often each was seen.
    sequences
        Sequences that hold any.
    first
        Name of the first of them.

    Examples
    --------
    >>> foreign = ForeignLetters()
    >>> list(each_sequence({"a": "ACGT", "b": "AC1E1"}, foreign)), foreign.told
    ([('a', b'ACGT'), ('b', b'ACNNN')], "3 letters of 1 sequences are read as N: '1' (2), 'E' (1); first in b")
    """

    def __init__(self) -> None:
        self.letters: Counter[str] = Counter()
        self.sequences = 0
        self.first = ""
        self._counted = False  # whether the sequence that is being read is

    def read(self, name: str, letters: bytes, *, new: bool = True) -> bytes:
        """Count, and return the letters with N for foreign ones; `new` letters begin another sequence."""
        self._counted = self._counted and not new
        foreign = letters.translate(None, _ALLOWED)
        if not foreign:
            return letters
        self.letters.update(foreign.decode("latin-1"))
        self.sequences += not self._counted
        self._counted = True
        self.first = self.first or name
        return letters.translate(_AS_N)

    @property
    def told(self) -> str:
        """What was seen, in one line; empty where nothing was."""
        if not self.letters:
            return ""
        shown = ", ".join(f"{letter!r} ({count:,})" for letter, count in self.letters.most_common(5))
        more = ", …" if len(self.letters) > 5 else ""
        return (
            f"{self.letters.total():,} letters of {self.sequences:,} sequences are read as N: {shown}{more}; "
            f"first in {self.first}"
        )


def read_fasta(path: types.Path) -> Iterator[tuple[str, bytes]]:
    """Stream (name, letters) from a FASTA file, plain or gzip/bgzip.

    The name is the header's first word; letters are as in the file. Names may repeat and sequences may be empty.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no FASTA file, with the line.
    """
    for record in fasta_records(path, what=_FASTA):
        yield record.name, record.letters


def each_sequence(sequences: Sequences, foreign: ForeignLetters | None = None) -> Iterator[tuple[str, bytes]]:
    """Stream (name, letters) from a FASTA path, a mapping, pairs, or plain strings (named seq_1, ...).

    Letters that stand for no nucleotides become N, as FIMO reads them; `foreign` counts them.
    """
    counter = ForeignLetters() if foreign is None else foreign
    for name, letters in _raw(sequences):
        yield name, counter.read(name, letters)


def each_piece(sequences: Sequences, foreign: ForeignLetters | None = None) -> Iterator[tuple[str, bool, bytes]]:
    """Stream sequences as `each_sequence` does, long ones of a FASTA file in pieces.

    Yields
    ------
    name, new, letters
        `new` begins a sequence; what follows it without is the same sequence's.
    """
    counter = ForeignLetters() if foreign is None else foreign
    if isinstance(sequences, (str, os.PathLike)):
        for piece in fasta_pieces(sequences, what=_FASTA):
            name = piece.header.split(None, 1)[0]
            yield name, piece.new, counter.read(name, piece.letters, new=piece.new)
        return
    for name, letters in _raw(sequences):
        yield name, True, counter.read(name, letters)


def _raw(sequences: Sequences) -> Iterator[tuple[str, bytes]]:
    if isinstance(sequences, (str, os.PathLike)):
        yield from read_fasta(sequences)
        return
    items: Iterable[Any] = sequences.items() if isinstance(sequences, Mapping) else sequences
    for number, item in enumerate(items, start=1):
        name, letters = (f"seq_{number}", item) if isinstance(item, str) else item
        yield name, letters.encode("ascii", "replace")


def reverse_complement(letters: bytes) -> bytes:
    """Reverse complement of letters, IUPAC codes included; the case is kept.

    >>> reverse_complement(b"aaCGN")
    b'NCGtt'
    """
    return letters.translate(_COMPLEMENT)[::-1]
