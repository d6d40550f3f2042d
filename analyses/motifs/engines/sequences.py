"""Sequences for scanning: FASTA read as a stream, cut into batches of bounded size."""

from __future__ import annotations

import os
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
    for record in fasta_records(path, what="sequence file (FASTA)", allowed=_ALLOWED):
        yield record.name, record.letters


def each_sequence(sequences: Sequences) -> Iterator[tuple[str, bytes]]:
    """Stream (name, letters) from a FASTA path, a mapping, pairs, or plain strings (named seq_1, ...)."""
    if isinstance(sequences, (str, os.PathLike)):
        yield from read_fasta(sequences)
        return
    items: Iterable[Any] = sequences.items() if isinstance(sequences, Mapping) else sequences
    for number, item in enumerate(items, start=1):
        name, letters = (f"seq_{number}", item) if isinstance(item, str) else item
        raw = letters.encode("ascii", "replace")
        bad = raw.translate(None, _ALLOWED)
        if bad:
            raise ValueError(f"sequence {name}: {chr(bad[0])!r} is no nucleotide letter")
        yield name, raw


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
