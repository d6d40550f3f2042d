"""Values equal pyBigWig's at random windows, on both strands and across the ends of chromosomes."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from motiflens.models.data.genome import open_genome
from motiflens.models.data.tracks import Track

from .conftest import SIZES, Tiny, write_bigwig
from .test_genome import windows


def reference(file: pyBigWig.pyBigWig, name: str, start: int, length: int) -> np.ndarray:
    out = np.zeros(length, dtype=np.float32)
    size = SIZES[name]
    first, last = max(start, 0), min(start + length, size)
    if last > first and name in file.chroms():
        out[first - start : last - start] = np.nan_to_num(file.values(name, first, last, numpy=True))
    return out


@pytest.mark.parametrize("track", ["uniqueness", "dense"])
@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("length", [1, 101, 1000])
def test_windows_equal_pybigwig(tiny: Tiny, tmp_path: Path, track: str, strand: str, length: int) -> None:
    genome = open_genome(tiny.path / "genome.fa")
    path = tiny.path / f"{track}.bw"
    if track == "dense":  # a new value at every base, kept as one float a base
        path = tmp_path / "dense.bw"
        rng = np.random.default_rng(5)
        write_bigwig(path, {name: rng.normal(size=size).astype(np.float32) for name, size in SIZES.items()})
    found = Track(path, genome)
    chrom, start = windows(genome, np.random.default_rng(length), 200, length)
    values = found.read(chrom, start, length, strand=strand)
    with pyBigWig.open(str(path)) as file:
        for i in range(len(start)):
            expected = reference(file, genome.names[chrom[i]], int(start[i]), length)
            np.testing.assert_array_equal(values[i], expected[::-1] if strand == "-" else expected)


@pytest.mark.parametrize("block", [64, 1000, 1 << 24])
def test_unpacking_in_blocks(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    rng = np.random.default_rng(block)
    runs = np.repeat(rng.integers(0, 3, 4000), 6)[: SIZES["chrA"]].astype(np.float32)
    write_bigwig(tmp_path / "a.bw", {"chrA": runs})
    monkeypatch.setattr("motiflens.models.data.tracks._BLOCK", block)
    genome = open_genome(tiny.path / "genome.fa")
    values = Track(tmp_path / "a.bw", genome).read(np.array([0]), np.array([0]), SIZES["chrA"])
    np.testing.assert_array_equal(values[0], runs)


def test_missing_values_and_nan_are_zero(tiny: Tiny) -> None:
    track = Track(tiny.path / "uniqueness.bw", open_genome(tiny.path / "genome.fa"))
    assert (track.read(np.array([0]), np.array([100]), 100) == 0).all()  # NaN when written
    assert (track.read(np.array([3]), np.array([0]), 100) == 0).all()  # chrM has no entry


def test_a_track_can_be_sent_to_a_worker(tiny: Tiny) -> None:
    track = Track(tiny.path / "uniqueness.bw", open_genome(tiny.path / "genome.fa"))
    before = track.read(np.array([0]), np.array([300]), 50)
    assert len(pickle.dumps(track)) < 5000
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(track)).read(np.array([0]), np.array([300]), 50), before
    )


def test_other_names_and_lengths_are_told(tiny: Tiny, tmp_path: Path) -> None:
    genome = open_genome(tiny.path / "genome.fa")
    write_bigwig(tmp_path / "long.bw", {"chrA": np.ones(9)}, {"chrA": 7000})
    with pytest.raises(ValueError, match=r"long\.bw says that chrA has 7000 bp, .*genome\.fa 14000 bp"):
        Track(tmp_path / "long.bw", genome)
    write_bigwig(tmp_path / "plain.bw", {"A": np.ones(9)}, {"A": 14000, "chrB": 9000})
    with pytest.raises(ValueError, match=r"plain\.bw says 'A' where .*genome\.fa says 'chrA'"):
        Track(tmp_path / "plain.bw", genome)
    write_bigwig(tmp_path / "mito.bw", {"MT": np.ones(9)}, {"MT": 500, "chrB": 9000})
    with pytest.raises(ValueError, match=r"mito\.bw says 'MT' where .*genome\.fa says 'chrM'"):
        Track(tmp_path / "mito.bw", genome)
    write_bigwig(tmp_path / "other.bw", {"scaffold9": np.ones(9)}, {"scaffold9": 600})
    with pytest.raises(ValueError, match=r"other\.bw has the chromosome 'scaffold9', which is not in .*\.fa"):
        Track(tmp_path / "other.bw", genome)


def test_infinite_values_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    values = np.ones(50, dtype=np.float32)
    values[7] = np.inf
    write_bigwig(tmp_path / "inf.bw", {"chrA": values})
    track = Track(tmp_path / "inf.bw", open_genome(tiny.path / "genome.fa"))
    with pytest.raises(ValueError, match="infinite values on chrA"):
        track.read(np.array([0]), np.array([0]), 10)


def test_truncated_files_never_crash(tiny: Tiny, tmp_path: Path) -> None:
    """libBigWig itself does: so the cuts are tried in a process of their own."""
    code = """
import sys, numpy as np
from pathlib import Path
from motiflens.models.data.genome import open_genome
from motiflens.models.data.tracks import Track
genome = open_genome(sys.argv[1])
whole, path, told = Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]), 0
for size in [*range(4, 400, 12), *range(400, len(whole), len(whole) // 60)]:
    path.write_bytes(whole[:size])
    try:
        Track(path, genome).read(np.arange(3), np.zeros(3, dtype=np.int64), 500)
    except ValueError as error:
        assert "is a damaged or truncated bigWig file" in str(error), error
        told += 1
    else:
        assert size > len(whole) // 2
print(told)
"""
    words = [sys.executable, "-c", code, str(tiny.path / "genome.fa"), str(tiny.path / "extra.bw")]
    done = subprocess.run([*words, str(tmp_path / "cut.bw")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60
