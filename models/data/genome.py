"""A genome as one byte per base, memory-mapped from a cache that is made once per FASTA file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.cache_file import intact, seal
from motiflens.models.data.chromosomes import mismatch
from motiflens.models.data.hashing import content_hash
from motiflens.models.data.numba_gather import gather_bases
from motiflens.models.data.text import existing, open_binary
from motiflens.models.limits import check_limit
from motiflens.models.reading import read_json
from motiflens.models.types import Booleans, Codes, Integers
from motiflens.models.unfinished import unfinished

MASKED = 8  # bit set on soft-masked (lower-case) bases
_FORMAT = 1  # of the cache: raise it when the bytes change
_BAD = 255
_BLOCK = 1 << 20
UNKNOWN_LETTERS = "NRYSWKMBDHVX"  # IUPAC ambiguity codes, and X as some maskers write it


def letter_codes() -> Codes:
    """Return the table letter -> byte, (256,): code 0..4, plus `MASKED` in lower case; 255 is no base."""
    table = np.full(256, _BAD, dtype=np.uint8)
    for code, letters in enumerate(("A", "C", "G", "TU", UNKNOWN_LETTERS)):
        for letter in letters:
            table[ord(letter)] = code
            table[ord(letter.lower())] = code | MASKED
    return table


_TABLE = letter_codes().tobytes()
_BLANK = b" \t\r\n\v\f"


@dataclass(frozen=True)
class Genome:
    """A genome, read in windows.

    Memory: the bases stay on disk (one byte each, in the user's cache) and the operating system keeps in
    memory what is used; it may drop them again at any time.

    Attributes
    ----------
    path
        The FASTA file.
    names, lengths
        Chromosomes in the file's order.
    offsets
        Where each begins in `data`.
    data
        One byte per base: 0..3 = A, C, G, T, 4 = other; bit `MASKED` on soft-masked bases.
    hash
        SHA-256 of the FASTA file.
    """

    path: Path
    names: tuple[str, ...]
    lengths: Integers
    offsets: Integers
    data: Codes
    hash: str

    def number(self, name: str, file: types.Path) -> int:
        """Return a chromosome's number; `file` is what asks for it.

        Raises
        ------
        ValueError
            If there is no such chromosome; the message names both files.
        """
        if name not in self.names:
            raise ValueError(mismatch(name, file, self.names, self.path))
        return self.names.index(name)

    def numbers(self, names: Sequence[str], file: types.Path) -> Integers:
        """Return the numbers of many chromosomes. Errors as in `number`."""
        known = {name: self.number(name, file) for name in dict.fromkeys(names)}
        return np.fromiter((known[name] for name in names), dtype=np.int64, count=len(names))

    def read(self, chrom: Integers, starts: Integers, length: int, *, strand: str = "+") -> Codes:
        """Return the bases of windows, (n, length) uint8, 0..4; past an end of a chromosome they are N.

        Parameters
        ----------
        chrom
            (n,) numbers of the chromosomes.
        starts
            (n,) 0-based first base of each window; may be negative.
        length
            Base pairs per window.
        strand
            ``-`` reads the reverse complement of the same windows.
        """
        codes = self.raw(chrom, starts, length) & np.uint8(7)
        if strand == "-":
            return np.where(codes < 4, 3 - codes, codes)[:, ::-1]
        return codes

    def masked(self, chrom: Integers, starts: Integers, length: int) -> Booleans:
        """Return which bases of windows are soft-masked (lower case in the file), (n, length)."""
        return (self.raw(chrom, starts, length) & MASKED) > 0

    def chromosome(self, number: int) -> Codes:
        """Return one whole chromosome's bytes, (length,), soft-mask bit included; not copied."""
        first = int(self.offsets[number])
        return self.data[first : first + int(self.lengths[number])]

    def raw(self, chrom: Integers, starts: Integers, length: int) -> Codes:
        """Return the bytes of windows, (n, length): as `read`, with the soft-mask bit."""
        out = np.empty((len(starts), length), dtype=np.uint8)
        gather_bases(
            self.data,
            self.offsets,
            self.lengths,
            np.asarray(chrom, dtype=np.int64),
            np.asarray(starts, dtype=np.int64),
            out,
            4,
        )
        return out


def open_genome(path: types.Path) -> Genome:
    """Open a FASTA file (plain, bgzip or gzip) as a `Genome`.

    The first time, its bases are written to the user's cache, one byte each, under the file's SHA-256.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no FASTA file, is cut off, holds letters that are no bases, or names a chromosome twice.
    """
    fasta = existing(path, "genome FASTA")
    digest = content_hash(fasta)
    folder = cache_folder("genomes") / f"{digest}-{_FORMAT}"
    if not _complete(folder):
        _unpack(fasta, folder)
    index = read_json(folder / "index.json", "index of a genome in the cache", "run 'interpret cache verify'")
    lengths = np.array(index["lengths"], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    data = np.asarray(np.memmap(folder / "bases.u8", dtype=np.uint8, mode="r"))
    return Genome(fasta, tuple(index["names"]), lengths, offsets, data, digest)


def _complete(folder: Path) -> bool:
    return all(intact(folder / name) for name in ("index.json", "bases.u8"))


def _unpack(path: Path, folder: Path) -> None:
    with unfinished(folder) as part:
        part.mkdir()
        with (part / "bases.u8").open("wb") as out, open_binary(path) as file:
            names, lengths = _translate(path, file, out)
        (part / "index.json").write_text(json.dumps({"names": names, "lengths": lengths}), encoding="utf-8")
        for name in ("bases.u8", "index.json"):
            seal(part / name)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            part.rename(folder)
        except OSError:
            if not _complete(folder):  # else another process was faster
                raise


def _translate(path: Path, file: IO[bytes], out: IO[bytes]) -> tuple[list[str], list[int]]:
    """Write the bases of a FASTA file block by block: chromosomes are larger than memory should be."""
    names: dict[str, None] = {}  # in order; there may be a million
    last = ""
    lengths: list[int] = []
    rest = b""  # a header or comment that goes on in the next block
    at_start = True  # of a line
    block = file.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
    while block:
        block = rest + block
        rest = b""
        begin = 0
        for mark in _marks(block, at_start):
            if mark < begin:
                continue
            lengths = _write(path, block[begin:mark], last, lengths, out)
            end = block.find(b"\n", mark)
            if end < 0:
                rest, begin = block[mark:], len(block)
                check_limit("HEADER", len(rest), f"{path}: the header after {last or 'its start'}")
                break
            if block[mark : mark + 1] == b">":
                last = _name(path, block[mark + 1 : end], names)
                names[last] = None
                lengths.append(0)
            begin = end + 1
        lengths = _write(path, block[begin:], last, lengths, out)
        at_start = bool(rest) or block.endswith(b"\n")
        block = file.read(_BLOCK)
    _check(path, list(names), lengths, rest if rest.startswith(b">") else b"")
    return list(names), lengths


def _marks(block: bytes, at_start: bool) -> list[int]:
    """Return where lines begin that are headers (``>``) or comments (``;``); see `fasta_records`."""
    places = []
    for mark in (b">", b";"):
        at = block.find(mark)
        while at >= 0:
            if block[at - 1 : at] == b"\n" or (at == 0 and at_start):
                places.append(at)
            at = block.find(mark, at + 1)
    return sorted(places)


def _name(path: Path, header: bytes, names: Collection[str]) -> str:
    words = header.decode("utf-8", "replace").split()
    check_limit("HEADER", len(header), f"{path}: the header of {words[0][:60] if words else ''!r}")
    if not words:
        raise ValueError(f"{path} has a header without a name (sequence {len(names) + 1})")
    if words[0] in names:
        raise ValueError(f"{path} names the sequence {words[0]!r} twice: names must differ")
    return words[0]


def _write(path: Path, piece: bytes, name: str, lengths: list[int], out: IO[bytes]) -> list[int]:
    bases = piece.translate(_TABLE, _BLANK)
    if not bases:
        return lengths
    if not lengths:
        raise ValueError(f"{path} does not begin with '>': expected a FASTA file")
    wrong = bases.find(_BAD)
    if wrong >= 0:
        letter = chr(piece.translate(None, _BLANK)[wrong])
        raise ValueError(
            f"{path} sequence {name!r} base {lengths[-1] + wrong + 1} is {letter!r}: "
            "expected A, C, G, T, N or another IUPAC letter"
        )
    out.write(bases)
    lengths[-1] += len(bases)
    return lengths


def _check(path: Path, names: list[str], lengths: list[int], rest: bytes) -> None:
    if rest or (names and lengths[-1] == 0):
        if b"\r" in rest.rstrip(b"\r"):
            raise ValueError(f"{path} has old Macintosh line ends: convert it with mac2unix")
        last = names[-1] if not rest else rest[1:].decode("utf-8", "replace")
        raise ValueError(f"{path} ends after the header of {last!r}: its sequence is missing")
    if not names:
        raise ValueError(f"{path} holds no sequence: expected a FASTA file")
    if 0 in lengths:
        raise ValueError(f"{path} has no bases for the sequence {names[lengths.index(0)]!r}")
