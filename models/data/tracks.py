"""A bigWig as windows: each chromosome is unpacked once, when first needed, into runs of equal values."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyBigWig
from numpy.typing import NDArray

from motiflens.models import types
from motiflens.models.cache import cache_folder
from motiflens.models.cache_file import intact, seal
from motiflens.models.data.chromosomes import check_lengths
from motiflens.models.data.genome import Genome
from motiflens.models.data.hashing import content_hash
from motiflens.models.data.numba_gather import gather_dense, gather_runs
from motiflens.models.data.text import existing
from motiflens.models.files import write_whole
from motiflens.models.reading import reading
from motiflens.models.types import Floats, Integers

_FORMAT = 1  # of the cache
_BLOCK = 1 << 24  # bases unpacked at a time: 64 MB
_DAMAGED = "{} is a damaged or truncated bigWig file: copy or make it again"


_KNOWN: dict[str, int] = {}


def _known_bases(genome: Genome) -> int:
    """Count a genome's known bases, once."""
    if genome.hash not in _KNOWN:
        numbers = range(len(genome.names))
        _KNOWN[genome.hash] = sum(int(((genome.chromosome(i) & np.uint8(7)) < 4).sum()) for i in numbers)
    return _KNOWN[genome.hash]


class Track:
    """A per-base signal over a genome.

    A chromosome's values are kept in the user's cache, memory-mapped: as runs of equal values (8 bytes each)
    or, where most neighbouring bases differ, one float32 a base. So the memory used is that of the windows
    read, and values are exactly the file's. Unpacking costs about two seconds per 100 Mb, once. No file handle
    is held, so that a track may be used in forked and spawned workers.

    Parameters
    ----------
    path
        The bigWig file. Bases without a value, and NaN, are 0.
    genome
        The genome whose chromosome numbers `read` takes.
    to_1x
        Multiply values so that their mean over the genome's known bases is 1, as deepTools' RPGC does.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no bigWig, or one of another genome.
    """

    def __init__(self, path: types.Path, genome: Genome, *, to_1x: bool = False) -> None:
        self.path = existing(path, "bigWig")
        self.names, self.lengths = genome.names, genome.lengths
        self.hash = content_hash(self.path)
        self._open: dict[int, Floats | tuple[NDArray[np.int32], Floats]] = {}
        with _bigwig(self.path) as file:
            self.sizes = {name: int(size) for name, size in (file.chroms() or {}).items()}
        self._genome: Genome | None = genome
        self.scale = np.float32(1.0)
        check_lengths(self.sizes, self.path, dict(zip(genome.names, genome.lengths, strict=True)), genome.path)

        if to_1x:
            if not self.depth > 0:
                raise ValueError(f"{self.path} holds no positive signal: it cannot be brought to 1x coverage")
            self.scale = np.float32(1.0 / self.depth)

    @property
    def depth(self) -> float:
        """Mean of the file's values over the genome's known bases, times `scale`."""
        if self._genome is None:
            raise ValueError(f"the depth of {self.path} is known where it was opened only")
        return _total(self.path) / max(_known_bases(self._genome), 1) * float(self.scale)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": {}, "_genome": None}  # the arrays are mapped again where they are used

    def read(self, chrom: Integers, starts: Integers, length: int, *, strand: str = "+") -> Floats:
        """Return the values of windows, (n, length) float32; past an end of a chromosome they are 0.

        Parameters
        ----------
        chrom
            (n,) numbers of the chromosomes in the genome.
        starts
            (n,) 0-based first base of each window; may be negative.
        length
            Base pairs per window.
        strand
            ``-`` returns the values in the order of the reverse complement.
        """
        chrom, starts = np.asarray(chrom, dtype=np.int64), np.asarray(starts, dtype=np.int64)
        out = np.zeros((len(starts), length), dtype=np.float32)
        for number in np.unique(chrom).tolist():
            rows = np.flatnonzero(chrom == number)
            whole = len(rows) == len(out)
            part = out if whole else np.empty((len(rows), length), dtype=np.float32)
            self._fill(number, starts[rows], part)
            if not whole:
                out[rows] = part
        if self.scale != 1:
            out *= self.scale
        return out[:, ::-1] if strand == "-" else out

    def _fill(self, number: int, starts: Integers, out: Floats) -> None:
        if number not in self._open:
            self._open[number] = self._unpacked(number)
        values = self._open[number]
        if isinstance(values, tuple):
            gather_runs(values[0], values[1], int(self.lengths[number]), starts, out)
        else:
            gather_dense(values, starts, out)

    def _unpacked(self, number: int) -> Floats | tuple[NDArray[np.int32], Floats]:
        name = self.names[number]
        if name not in self.sizes:
            return np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.float32)
        path = cache_folder("tracks", f"{self.hash}-{_FORMAT}") / f"{list(self.sizes).index(name)}.npy"
        if not intact(path):
            array = self._unpack(name)
            with write_whole(path) as part, part.open("wb") as file:
                np.save(file, array)
            seal(path)
        with reading(path, "signal in the cache", "run 'interpret cache verify'"):
            stored = np.load(path, mmap_mode="r")
        if stored.ndim == 1:
            return np.asarray(stored)
        return np.asarray(stored[0]), np.asarray(stored[1]).view(np.float32)

    def _unpack(self, name: str) -> NDArray[np.int32] | Floats:
        """Return runs, (2, n) int32: starts, and the bits of the values; or the values, (size,) float32."""
        size = self.sizes[name]
        starts, values = [], []
        last = np.float32(np.nan)
        with _bigwig(self.path) as file:
            for first in range(0, size, _BLOCK):
                block = np.asarray(file.values(name, first, min(first + _BLOCK, size), numpy=True))
                block = np.nan_to_num(block, nan=0.0, posinf=np.inf, neginf=-np.inf)
                if not np.isfinite(block).all():
                    raise ValueError(f"{self.path} has infinite values on {name}: expected finite ones")
                new = np.flatnonzero(np.diff(block, prepend=last) != 0)
                starts.append((new + first).astype(np.int32))
                values.append(block[new].astype(np.float32))
                last = block[-1]
        runs = np.stack([np.concatenate(starts), np.concatenate(values).view(np.int32)])
        if runs.shape[1] * 2 < size:
            return runs
        return np.repeat(runs[1].view(np.float32), np.diff(runs[0], append=size))


def _total(path: Path) -> float:
    """Return the sum of a bigWig's values over its bases, from its summary (Kent et al. 2010, table 5 and 7)."""
    with path.open("rb") as file:
        file.seek(44)
        (place,) = struct.unpack("<Q", file.read(8))
        file.seek(place)
        summary = file.read(40)
    if not place or len(summary) < 40:
        raise ValueError(f"{path} has no summary: make it again (bedGraphToBigWig or deepTools write one)")
    return float(struct.unpack("<Q4d", summary)[3])


class _bigwig:  # noqa: N801
    """An open bigWig, or one clear error, also for what goes wrong while it is read."""

    def __init__(self, path: Path) -> None:
        _check_header(path)
        self.path = path
        try:
            self.file = pyBigWig.open(str(path))
        except RuntimeError as error:
            raise ValueError(_DAMAGED.format(path)) from error

    def __enter__(self) -> pyBigWig.pyBigWig:
        return self.file

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        self.file.close()
        if isinstance(problem, RuntimeError):
            raise ValueError(_DAMAGED.format(self.path)) from problem


def _check_header(path: Path) -> None:
    """Check that what the header points to is there: libBigWig crashes on files that are cut off.

    See Kent et al. 2010 (doi:10.1093/bioinformatics/btq351), supplement, tables 5 to 15.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
        if head[:4] != b"\x26\xfc\x8f\x88":
            raise ValueError(f"{path} is no bigWig file: its first bytes are not a bigWig's")
        if len(head) < 64:
            raise ValueError(_DAMAGED.format(path))
        levels, tree, data, index = struct.unpack("<H3Q", head[6:32])
        zooms = file.read(24 * levels)
        if len(zooms) < 24 * levels or not 64 <= data <= size - 8:
            raise ValueError(_DAMAGED.format(path))
        parts = [(tree, 0x78CA8C91, 32), (index, 0x2468ACE0, 48)]
        parts += [(struct.unpack("<2I2Q", zooms[i : i + 24])[3], 0x2468ACE0, 48) for i in range(0, len(zooms), 24)]
        for place, magic, length in parts:
            file.seek(min(place, size))
            header = file.read(length)
            if len(header) < length or struct.unpack("<I", header[:4])[0] != magic:
                raise ValueError(_DAMAGED.format(path))
