"""Sequences for scanning: FASTA read as a stream, cut into batches of bounded size."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from motiflens.models import types
from motiflens.models.data.fasta_records import fasta_records
from motiflens.models.types import Codes, Integers

Sequences: TypeAlias = types.Path | Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[str]

SEPARATOR = b"\n"
_CODE = np.full(256, 4, dtype=np.uint8)
for _i, _letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
    for _letter in _letters:
        _CODE[ord(_letter)] = _i
_ALLOWED = b"ABCDGHKMNRSTUVWXYabcdghkmnrstuvwxy*-."
_AS_N = bytes(letter if letter in _ALLOWED else ord("N") for letter in range(256))
_COMPLEMENT = bytes.maketrans(
    b"ACGTUMRWSYKVHDBNacgtumrwsykvhdbn", b"TGCAAKYWSRMBDHVNtgcaakywsrmbdhvn"
)  # case is kept, as FIMO keeps it


class Batch(NamedTuple):
    """Pieces of sequences laid end to end, one separator between them."""

    letters: NDArray[np.uint8]  # as in the file
    codes: Codes  # 0..3 = A, C, G, T; 4 = anything else
    piece_start: Integers  # P: where each piece starts in the batch
    piece_sequence: Integers  # P: index of its sequence
    piece_offset: Integers  # P: position of its first base in the sequence, 0-based
    piece_windows: Integers  # P: windows that start before this belong to the piece; later ones to the next


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

    def read(self, name: str, letters: bytes) -> bytes:
        """Count, and return the letters with N for foreign ones."""
        foreign = letters.translate(None, _ALLOWED)
        if not foreign:
            return letters
        self.letters.update(foreign.decode("latin-1"))
        self.sequences += 1
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
    for record in fasta_records(path, what="sequence file (FASTA)"):
        yield record.name, record.letters


def each_sequence(sequences: Sequences, foreign: ForeignLetters | None = None) -> Iterator[tuple[str, bytes]]:
    """Stream (name, letters) from a FASTA path, a mapping, pairs, or plain strings (named seq_1, ...).

    Letters that stand for no nucleotides become N, as FIMO reads them; `foreign` counts them.
    """
    counter = ForeignLetters() if foreign is None else foreign
    for name, letters in _raw(sequences):
        yield name, counter.read(name, letters)


def _raw(sequences: Sequences) -> Iterator[tuple[str, bytes]]:
    if isinstance(sequences, (str, os.PathLike)):
        yield from read_fasta(sequences)
        return
    items: Iterable[Any] = sequences.items() if isinstance(sequences, Mapping) else sequences
    for number, item in enumerate(items, start=1):
        name, letters = (f"seq_{number}", item) if isinstance(item, str) else item
        yield name, letters.encode("ascii", "replace")


def batches(
    sequences: Iterable[tuple[str, bytes]], *, size: int, overlap: int, names: list[str]
) -> Iterator[Batch]:
    """Cut sequences into batches of about `size` bases.

    Parameters
    ----------
    sequences
        (name, letters).
    size
        Bases per batch; a longer sequence is cut into pieces.
    overlap
        Bases that a piece shares with the next one: the widest motif's width - 1, so that every window lies
        whole in the piece in which it starts.
    names
        Receives the sequences' names, in order.
    """
    pieces: list[tuple[bytes, int, int, int]] = []  # letters, sequence, offset, windows
    filled = 0
    for name, letters in sequences:
        index = len(names)
        names.append(name)
        for offset in range(0, max(len(letters), 1), size):
            last = offset + size >= len(letters)
            end = len(letters) if last else min(offset + size + overlap, len(letters))
            pieces.append((letters[offset:end], index, offset, end - offset if last else size))
            filled += end - offset + 1
            if filled >= size:
                yield _batch(pieces)
                pieces, filled = [], 0
    if pieces:
        yield _batch(pieces)


def _batch(pieces: list[tuple[bytes, int, int, int]]) -> Batch:
    letters = np.frombuffer(SEPARATOR.join(piece[0] for piece in pieces), dtype=np.uint8)
    lengths = np.array([len(piece[0]) for piece in pieces], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths + 1)[:-1]))
    rest = np.array([piece[1:] for piece in pieces], dtype=np.int64)
    return Batch(letters, _CODE[letters], starts, rest[:, 0], rest[:, 1], rest[:, 2])


def reverse_complement(letters: bytes) -> bytes:
    """Reverse complement of letters, IUPAC codes included; the case is kept.

    >>> reverse_complement(b"aaCGN")
    b'NCGtt'
    """
    return letters.translate(_COMPLEMENT)[::-1]
