"""Uniqueness of a user's genome, as ENCODE's "Duke uniqueness of 35 bp", in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from motiflens.models import types
from motiflens.models.data.genome import Genome
from motiflens.models.data.kmer_hashes import kmer_hashes
from motiflens.models.files import write_whole
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.real_path import real_path
from motiflens.models.types import Codes

_BLOCK = 1 << 24  # bases hashed at a time
_BYTES = 48  # of memory for each k-mer of a pass


def write_uniqueness(
    genome: Genome,
    out: types.Path,
    *,
    size: int = 35,
    most: int = 4,
    memory: float = 4e9,
    progress: Progress = silent,
) -> Path:
    """Write a bigWig of 1 / count of the `size`-mer that starts at each base, 0 where that is above `most`.

    Parameters
    ----------
    genome
        The genome; a k-mer and its reverse complement are the same, and one with an unknown base counts as 0.
    out
        The bigWig file.
    size, most
        Length of the k-mers, and the largest count that is not 0 (ENCODE: 35 and 4).
    memory
        Bytes to use, about; the k-mers are counted in as many passes over the genome as this needs (of hg38 at
        4 GB: 38), beside one byte a base on disk.
    progress
        Told of each pass.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    if not (1 <= size <= 1000 and 1 <= most <= 255 and memory >= 1):
        raise ValueError(
            f"size {size}, most {most}, memory {memory:g}: expected 1-1000, 1-255 and at least 1 byte"
        )
    total = int(genome.lengths.sum())
    passes = max(1, -(-total * _BYTES // int(memory)))
    with tempfile.TemporaryFile(dir=real_path(out).parent) as file:
        file.truncate(max(total, 1))
        counts = np.memmap(file, dtype=np.uint8, mode="r+", shape=(max(total, 1),))
        for number in range(passes):
            progress(Step("counting k-mers", number, passes, "passes"))
            _count(genome, counts, size, most, number, passes)
        progress(Step("counting k-mers", passes, passes, "passes"))
        _write(genome, counts, Path(out))
    return Path(out)


def _count(genome: Genome, counts: Codes, size: int, most: int, number: int, passes: int) -> None:
    """Count the k-mers whose hash is `number` modulo `passes`, into `counts` at their places."""
    keys, places = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for first, hashes, known in _blocks(genome, size):
        chosen = np.flatnonzero(known & (hashes % np.uint64(passes) == number))
        keys.append(hashes[chosen])
        places.append(chosen + first)
    every = np.concatenate(keys)
    order = np.argsort(every)
    ordered = every[order]
    edges = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    times = np.diff(edges, append=len(ordered))
    values = np.repeat(np.where(times > most, 0, times).astype(np.uint8), times)
    counts[np.concatenate(places)[order]] = values


def _blocks(genome: Genome, size: int) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.bool_]]]:
    """Yield the place of a block's first base in the whole genome, its k-mers' hashes, and which are known."""
    for number in range(len(genome.names)):
        codes = genome.chromosome(number)
        for begin in range(0, max(len(codes) - size + 1, 0), _BLOCK):
            part = cast("Codes", codes[begin : begin + _BLOCK + size - 1] & np.uint8(7))
            unknown = np.concatenate([[0], np.cumsum(part > 3)])
            yield int(genome.offsets[number]) + begin, kmer_hashes(part, size), unknown[size:] == unknown[:-size]


def _write(genome: Genome, counts: Codes, out: Path) -> None:
    import pyBigWig

    with write_whole(out) as part:
        file = pyBigWig.open(str(part), "w")
        file.addHeader([(name, int(size)) for name, size in zip(genome.names, genome.lengths, strict=True)])
        for number, name in enumerate(genome.names):
            first, length = int(genome.offsets[number]), int(genome.lengths[number])
            for begin in range(0, length, _BLOCK):
                block = np.asarray(counts[first + begin : first + min(begin + _BLOCK, length)])
                edges = np.flatnonzero(np.diff(block.astype(np.int16), prepend=-1))
                ends = np.append(edges[1:], len(block))
                kept = block[edges] > 0
                if kept.any():
                    file.addEntries(
                        [name] * int(kept.sum()),
                        (edges[kept] + begin).tolist(),
                        ends=(ends[kept] + begin).tolist(),
                        values=(1.0 / block[edges[kept]]).tolist(),
                    )
        file.close()
