"""The genome's bases equal pyfaidx's, wherever windows lie and however the file is packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyfaidx
import pytest

from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.one_hot import decode

from .conftest import SIZES, Tiny, random_letters, write_fasta


def reference(fasta: pyfaidx.Fasta, name: str, start: int, length: int, strand: str) -> str:
    """Read a window with pyfaidx, padding with N past the ends."""
    size = len(fasta[name])
    first, last = min(max(start, 0), size), max(min(start + length, size), 0)
    found = fasta[name][first:last] if last > first else None
    text = "N" * min(max(-start, 0), length) + (str(found) if found is not None else "")
    text = text.ljust(length, "N").upper()
    if strand == "-":
        return str(pyfaidx.Sequence(seq=text).reverse.complement)
    return text


def windows(genome: Genome, rng: np.random.Generator, count: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    chrom = rng.integers(0, len(genome.names), count)
    start = (rng.random(count) * (genome.lengths[chrom] + 2 * length)).astype(np.int64) - length - 3
    return chrom, start


@pytest.mark.parametrize("ending", [".fa", ".fa.gz", ".fa.bgz"])
@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("length", [1, 101, 1000])
def test_windows_equal_pyfaidx(tmp_path: Path, tiny: Tiny, ending: str, strand: str, length: int) -> None:
    write_fasta(tmp_path / f"genome{ending}", tiny.letters)
    genome = open_genome(tmp_path / f"genome{ending}")
    plain = pyfaidx.Fasta(str(tiny.path / "genome.fa"), as_raw=True)
    chrom, start = windows(genome, np.random.default_rng(length), 200, length)
    codes = genome.read(chrom, start, length, strand=strand)
    for i in range(len(start)):
        name = genome.names[chrom[i]]
        assert decode(codes[i]) == reference(plain, name, int(start[i]), length, strand)


def test_lower_case_is_masked(tiny: Tiny) -> None:
    genome = open_genome(tiny.path / "genome.fa")
    masked = genome.masked(np.array([1]), np.array([-5]), 50)[0]
    assert masked.tolist() == [False] * 5 + [letter.islower() for letter in tiny.letters["chrB"][:45]]


def test_blocks_of_any_size_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = random_letters(np.random.default_rng(3))
    found = []
    for block in (1 << 24, 1000, 17):
        path = tmp_path / f"{block}.fa"
        write_fasta(path, {**letters, f"chr{block}": "ACGT"}, width=50)
        monkeypatch.setattr("motiflens.models.data.genome._BLOCK", block)
        genome = open_genome(path)
        assert genome.names == (*SIZES, f"chr{block}")
        found.append(genome.data.tobytes())
    assert found[0] == found[1] == found[2]


def test_the_cache_is_keyed_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a.fa"
    path.write_text(">one\nACGT\n")
    first = open_genome(path)
    path.write_text(">one\nACGA\n")
    second = open_genome(path)
    assert first.hash != second.hash
    assert decode(second.read(np.array([0]), np.array([0]), 4)[0]) == "ACGA"


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    from motiflens.models.cache import cache_folder

    path = tmp_path / "a.fa"
    path.write_text(">one\nACGTTTGCA\n")
    digest = open_genome(path).hash
    bases = next(cache_folder("genomes").glob(f"{digest}*")) / "bases.u8"
    bases.write_bytes(b"\x00")
    assert decode(open_genome(path).read(np.array([0]), np.array([0]), 9)[0]) == "ACGTTTGCA"


def test_memory_is_that_of_the_windows(tiny: Tiny) -> None:
    genome = open_genome(tiny.path / "genome.fa")
    base = genome.data
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
