"""The one reader of FASTA files: records whole, or in pieces in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple

from motiflens.models import types
from motiflens.models.data.text import existing, open_binary
from motiflens.models.limits import check_limit, limit

_MARK = b"\xef\xbb\xbf"  # a byte-order mark
_BLANK = b" \t\r\n\v\f"
_PIECE = 1 << 20  # letters of a line read at a time


class FastaRecord(NamedTuple):
    """One record."""

    line: int  # of its header, from 1
    header: str  # without '>'
    letters: bytes  # as in the file, without white space

    @property
    def name(self) -> str:
        """The header's first word."""
        return self.header.split(None, 1)[0]


class FastaPiece(NamedTuple):
    """Letters of a record."""

    line: int  # of its header, from 1
    header: str  # without '>'
    new: bool  # whether the record begins here
    letters: bytes  # as in the file, without white space


def fasta_records(
    path: types.Path, *, what: str = "FASTA file", allowed: bytes | None = None
) -> Iterator[FastaRecord]:
    """Yield the records of a FASTA file, plain, gzipped or bgzipped, each whole; see `fasta_pieces`.

    Raises
    ------
    FileNotFoundError, ValueError
        See `fasta_pieces`.
    """
    parts: list[FastaPiece] = []
    for piece in fasta_pieces(path, what=what, allowed=allowed):
        if piece.new and parts:
            yield _joined(parts)
            parts = []
        parts.append(piece)
    yield _joined(parts)


def _joined(parts: list[FastaPiece]) -> FastaRecord:
    return FastaRecord(parts[0].line, parts[0].header, b"".join(piece.letters for piece in parts))


def fasta_pieces(
    path: types.Path, *, what: str = "FASTA file", allowed: bytes | None = None
) -> Iterator[FastaPiece]:
    """Yield the records of a FASTA file, plain, gzipped or bgzipped, long ones in pieces of about 1 Mb.

    Taken as they are meant: a byte-order mark, Windows line ends, blank lines, white space within sequence lines,
    and lines that begin with ``;`` (comments of the old format). A record may have no letters.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for errors.
    allowed
        Letters that may stand in sequences; None for any, to be judged by the caller.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no FASTA file, holds no record, a header without a name or a letter that is not allowed, or
        exceeds the limits ``HEADER`` and ``RECORD``; the message names file and line.
    """
    place = existing(path, what)
    with open_binary(place) as file:
        yield from stream_pieces(file, str(place), what=what, allowed=allowed)


def stream_pieces(
    file: IO[bytes], where: str, *, what: str = "FASTA file", allowed: bytes | None = None, unnamed: bool = False
) -> Iterator[FastaPiece]:
    """Yield the records of FASTA that is open already, such as a text that was sent; see `fasta_pieces`.

    Parameters
    ----------
    file
        What is read.
    where
        What it is called in errors.
    what, allowed
        As in `fasta_pieces`.
    unnamed
        Whether a header may be without a name: the text after ``>`` is then empty.

    Raises
    ------
    ValueError
        See `fasta_pieces`.

    Examples
    --------
    >>> import io
    >>> pieces = stream_pieces(io.BytesIO(b">a first\\nAC gt\\n>b\\n"), "a text")
    >>> [(piece.header, piece.letters) for piece in pieces]
    [('a first', b'ACgt'), ('b', b'')]
    """
    start, header, new = 0, "", True  # of the record that is being read
    parts: list[bytes] = []
    size = held = 0  # letters of the record, and those of them in `parts`
    most, most_header = limit("RECORD"), limit("HEADER")
    for number, text in _lines(file):
        if text[:1] == b">":
            if start and (parts or new):
                yield FastaPiece(start, header, new, b"".join(parts))
            start, new, parts, size, held = number, True, [], 0, 0
            if len(text) > most_header:
                check_limit("HEADER", len(text.rstrip()), f"{where} line {number}: its header")
            header = _header(text, f"{where} line {number}", unnamed=unnamed)
            continue
        letters = text.translate(None, _BLANK)
        if not letters or text[:1] == b";":
            continue
        if not start:
            raise ValueError(f"{where} is no FASTA: line {number} does not begin with '>' (expected a {what})")
        wrong = letters.translate(None, allowed) if allowed is not None else b""
        if wrong:
            raise ValueError(f"{where} line {number}: {chr(wrong[0])!r} is no nucleotide letter")
        size += len(letters)
        held += len(letters)
        if size > most:
            check_limit("RECORD", size, f"{where} line {start}: its sequence")
        parts.append(letters)
        if held >= _PIECE:
            yield FastaPiece(start, header, new, b"".join(parts))
            new, parts, held = False, [], 0
    if not start:
        raise ValueError(f"{where} holds no sequence: expected a {what}")
    if parts or new:
        yield FastaPiece(start, header, new, b"".join(parts))


def _header(text: bytes, where: str, *, unnamed: bool) -> str:
    header = text[1:].decode("utf-8", "replace").strip()
    if "\r" in header:
        raise ValueError(f"{where} has old Macintosh line ends: convert it with mac2unix")
    if not header and not unnamed:
        raise ValueError(f"{where} is a header without a name")
    return header


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; a long line of letters in pieces, a header whole (up to its limit)."""
    most = limit("HEADER")
    number, piece = 1, file.readline(_PIECE)
    piece = piece.removeprefix(_MARK)
    while piece:
        kind = piece[:1]
        if kind == b">":
            while not piece.endswith(b"\n") and len(piece) <= most:
                more = file.readline(_PIECE)
                if not more:
                    break
                piece += more
        yield number, piece
        while not piece.endswith(b"\n"):
            piece = file.readline(_PIECE)
            if not piece:
                return
            yield number, (piece if kind not in (b">", b";") else b"")
        number, piece = number + 1, file.readline(_PIECE)
