"""The one reader of FASTA files, record by record, in memory bounded by the longest record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

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


def fasta_records(
    path: types.Path, *, what: str = "FASTA file", allowed: bytes | None = None
) -> Iterator[FastaRecord]:
    """Yield the records of a FASTA file, plain, gzipped or bgzipped.

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
    found = existing(path, what)
    start, header = 0, ""  # of the record that is being read
    parts: list[bytes] = []
    size = 0
    for number, text in _lines(found):
        if text[:1] == b">":
            if start:
                yield FastaRecord(start, header, b"".join(parts))
            start, parts, size = number, [], 0
            check_limit("HEADER", len(text.rstrip()), f"{found} line {number}: its header")
            header = text[1:].decode("utf-8", "replace").strip()
            if "\r" in header:
                raise ValueError(f"{found} line {number} has old Macintosh line ends: convert it with mac2unix")
            if not header:
                raise ValueError(f"{found} line {number} is a header without a name")
            continue
        letters = text.translate(None, _BLANK)
        if not letters or text[:1] == b";":
            continue
        if not start:
            raise ValueError(f"{found} is no FASTA: line {number} does not begin with '>' (expected a {what})")
        wrong = letters.translate(None, allowed) if allowed is not None else b""
        if wrong:
            raise ValueError(f"{found} line {number}: {chr(wrong[0])!r} is no nucleotide letter")
        size += len(letters)
        check_limit("RECORD", size, f"{found} line {start}: its sequence")
        parts.append(letters)
    if not start:
        raise ValueError(f"{found} holds no sequence: expected a {what}")
    yield FastaRecord(start, header, b"".join(parts))


def _lines(path: types.Path) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; a long line of letters in pieces, a header whole (up to its limit)."""
    most = limit("HEADER")
    with open_binary(path) as file:
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
