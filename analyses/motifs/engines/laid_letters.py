"""Sequences laid out on disk for scanning: memory grows neither with their number nor with their length."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motiflens.analyses.motifs.engines.sequences import CODE, ForeignLetters, Sequences, each_piece
from motiflens.models.files import write_json
from motiflens.models.types import Codes, Integers

SEPARATOR = b"\n"
_ENDINGS = (".letters", ".starts", ".pieces", ".names", ".ends")


class BatchPlace(NamedTuple):
    """Where a batch lies."""

    begin: int  # of its letters
    end: int
    first: int  # of its pieces
    stop: int


class Batch(NamedTuple):
    """Pieces of sequences laid end to end, one separator between them."""

    letters: NDArray[np.uint8]  # as in the file
    codes: Codes  # 0..3 = A, C, G, T; 4 = anything else
    piece_start: Integers  # P: where each piece starts in the batch
    piece_windows: Integers  # P: windows that start before this belong to the piece; later ones to the next


@dataclass(frozen=True)
class LaidLetters:
    """What was laid out.

    Attributes
    ----------
    stem
        Of its files: letters (one byte each, batch after batch), where pieces start among them, each piece's
        sequence, offset in it and windows, and the sequences' names.
    sequences, bases
        How many; bases of all sequences.
    valid
        Letters A, C, G, T, those that pieces share counted twice.
    foreign
        See `ForeignLetters.told`.
    batches
        Where they lie.
    """

    stem: str
    sequences: int
    bases: int
    valid: int
    foreign: str
    batches: tuple[BatchPlace, ...]

    @property
    def letters(self) -> NDArray[np.uint8]:
        """The letters of all pieces, mapped from disk."""
        return np.memmap(f"{self.stem}.letters", np.uint8, "r").view(np.ndarray)

    @property
    def starts(self) -> Integers:
        """Where pieces start among all letters, (P,), mapped from disk."""
        return np.memmap(f"{self.stem}.starts", np.int64, "r")

    @property
    def pieces(self) -> Integers:
        """Sequence, offset in it, and windows of pieces, (P, 3), mapped from disk."""
        return np.memmap(f"{self.stem}.pieces", np.int64, "r").reshape(-1, 3)

    def names(self, sequences: Integers) -> NDArray[np.object_]:
        """Return the names of sequences by their numbers, (n,)."""
        some, inverse = np.unique(sequences, return_inverse=True)
        ends = np.memmap(f"{self.stem}.ends", np.int64, "r")
        begins = np.where(some > 0, ends[some - 1], 0)
        named = np.full(len(some), "", dtype=object)
        if ends[-1] == 0:  # nothing has a name, and an empty file cannot be mapped
            return named[inverse]
        with (
            Path(f"{self.stem}.names").open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):
            for i, (begin, end) in enumerate(zip(begins.tolist(), ends[some].tolist(), strict=True)):
                named[i] = text[begin:end].decode("utf-8", "surrogatepass")
        return named[inverse]


def lay_out(sequences: Sequences, stem: Path, *, size: int, overlap: int) -> LaidLetters:
    """Write sequences as batches of about `size` bases.

    Parameters
    ----------
    sequences
        See `scan`.
    stem
        Of the files. What lies there whole already is taken.
    size
        Bases of a batch; a longer sequence is cut into pieces.
    overlap
        Bases that a piece shares with the next one: the widest motif's width - 1, so that every window lies
        whole in the piece in which it starts.

    Raises
    ------
    ValueError
        If there are no sequences, or the file is none of sequences.
    """
    record = Path(f"{stem}.json")
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        return LaidLetters(**{**known, "batches": tuple(BatchPlace(*place) for place in known["batches"])})
    foreign = ForeignLetters()
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(Path(f"{stem}{ending}").open("wb")) for ending in _ENDINGS]
            writer = _Writer(files, size, overlap)
            for name, new, letters in each_piece(sequences, foreign):
                if new:
                    writer.begin(name)
                writer.add(letters)
            writer.finish()
        if not writer.sequences:
            raise ValueError("there are no sequences to scan")
    except BaseException:  # what is not whole is of no use to a second run
        for ending in _ENDINGS:
            Path(f"{stem}{ending}").unlink(missing_ok=True)
        raise
    laid = LaidLetters(
        str(stem), writer.sequences, writer.bases, writer.valid, foreign.told, tuple(writer.batches)
    )
    write_json(record, asdict(laid))  # last: with it the others are whole
    return laid


class _Writer:
    """Cuts sequences into pieces, and pieces into batches."""

    def __init__(self, files: Sequence[IO[bytes]], size: int, overlap: int) -> None:
        self.letters, self.starts, self.pieces, self.names, self.ends = files
        self.size, self.overlap = size, overlap
        self.sequences = self.bases = self.valid = 0
        self.batches: list[BatchPlace] = []
        self._rest = bytearray()  # of the sequence, from `_offset` on
        self._offset = 0
        self._batch: list[tuple[bytes, int, int, int]] = []  # letters, sequence, offset, windows
        self._filled = self._laid = self._cut = self._named = 0

    def begin(self, name: str) -> None:
        """Begin the next sequence."""
        self._end()
        self.sequences += 1
        self._offset = 0
        self._named += self.names.write(name.encode("utf-8", "surrogatepass"))
        self.ends.write(self._named.to_bytes(8, "little"))

    def add(self, letters: bytes) -> None:
        """Add letters of the sequence."""
        self._rest += letters
        while len(self._rest) >= self.size + max(self.overlap, 1):
            self._piece(self.size)

    def finish(self) -> None:
        """Write what is left."""
        self._end()
        if self._batch:
            self._flush()

    def _end(self) -> None:
        if not self.sequences:
            return
        while len(self._rest) > self.size:
            self._piece(self.size)
        self._piece(len(self._rest))

    def _piece(self, windows: int) -> None:
        letters = bytes(self._rest[: self.size + self.overlap])
        self._batch.append((letters, self.sequences - 1, self._offset, windows))
        del self._rest[:windows]
        self._offset += windows
        self.bases += windows
        self._filled += len(letters) + 1
        if self._filled >= self.size:
            self._flush()

    def _flush(self) -> None:
        letters = SEPARATOR.join(piece[0] for piece in self._batch)
        lengths = np.array([len(piece[0]) for piece in self._batch], dtype=np.int64)
        starts = self._laid + np.concatenate(([0], np.cumsum(lengths + 1)[:-1]))
        self.letters.write(letters)
        self.starts.write(starts.astype("<i8").tobytes())
        self.pieces.write(np.array([piece[1:] for piece in self._batch], dtype="<i8").tobytes())
        self.valid += int(np.count_nonzero(CODE[np.frombuffer(letters, dtype=np.uint8)] < 4))
        end, stop = self._laid + len(letters), self._cut + len(self._batch)
        self.batches.append(BatchPlace(self._laid, end, self._cut, stop))
        self._laid, self._cut, self._batch, self._filled = end, stop, [], 0


def read_batches(stem: str, places: tuple[BatchPlace, ...]) -> Iterator[Batch]:
    """Yield some batches of a layout, one in memory at a time."""
    for begin, end, first, stop in places:
        letters = np.fromfile(f"{stem}.letters", np.uint8, end - begin, offset=begin)
        starts = np.fromfile(f"{stem}.starts", np.int64, stop - first, offset=8 * first)
        pieces = np.fromfile(f"{stem}.pieces", np.int64, 3 * (stop - first), offset=24 * first)
        yield Batch(letters, CODE[letters], starts - begin, pieces.reshape(-1, 3)[:, 2])
