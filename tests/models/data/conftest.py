"""A tiny data set in the real file formats."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

SIZES = {"chrA": 14000, "chrB": 9000, "chrC": 8000, "chrM": 500}


@dataclass(frozen=True)
class Tiny:
    """The folder, and what is in it."""

    path: Path
    letters: dict[str, str]
    values: dict[str, dict[str, np.ndarray]]  # track -> chromosome -> values
    peaks: dict[str, list[tuple[str, int, int, int]]]  # experiment -> chromosome, start, end, summit


def write_fasta(path: Path, letters: dict[str, str], width: int = 61) -> None:
    lines = []
    for name, text in letters.items():
        lines += [f">{name} made for a test", *(text[i : i + width] for i in range(0, len(text), width))]
    data = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".bgz":
        from Bio.bgzf import BgzfWriter

        with BgzfWriter(str(path)) as file:
            file.write(data)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


def write_bigwig(path: Path, values: dict[str, np.ndarray], sizes: dict[str, int] | None = None) -> None:
    """Write values a base; runs of equal ones become one entry, NaN none at all."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(name, size) for name, size in (sizes or SIZES).items()])
        for name, array in values.items():
            edges = np.flatnonzero(np.diff(array, prepend=np.nan) != 0)
            ends = np.append(edges[1:], len(array))
            known = ~np.isnan(array[edges])
            if known.any():
                file.addEntries(
                    [name] * int(known.sum()),
                    edges[known].tolist(),
                    ends=ends[known].tolist(),
                    values=array[edges][known].astype(float).tolist(),
                )


def random_letters(rng: np.random.Generator) -> dict[str, str]:
    letters = {}
    for name, size in SIZES.items():
        text = rng.choice(list("ACGTacgt"), size=size)
        if name != "chrM":
            text[size // 2 : size // 2 + 300] = "N"
        letters[name] = "".join(text)
    return letters


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A folder with dataset.toml: two TFs in two cell types, all kinds of files."""
    rng = np.random.default_rng(11)
    path = tmp_path_factory.mktemp("tiny")
    letters = random_letters(rng)
    write_fasta(path / "genome.fa", letters)
    values: dict[str, dict[str, np.ndarray]] = {}
    for track in ("uniqueness", "extra", "dnase.one", "dnase.two", "fold.X.one", "fold.X.two", "fold.Y.one"):
        values[track] = {}
        for name in ("chrA", "chrB", "chrC"):  # none on chrM
            runs = np.repeat(rng.random(SIZES[name] // 3 + 1), rng.integers(1, 6, SIZES[name] // 3 + 1))
            array = np.resize(runs, SIZES[name]).astype(np.float32)
            array[100:200] = np.nan
            values[track][name] = array
        write_bigwig(path / f"{track}.bw", values[track])
    peaks: dict[str, list[tuple[str, int, int, int]]] = {}
    for experiment in ("X.one", "X.two", "Y.one"):
        peaks[experiment] = []
        for _ in range(16):
            name = str(rng.choice(["chrA", "chrB", "chrC"]))
            start = int(rng.integers(0, SIZES[name] - 400))
            end = start + int(rng.integers(60, 400))
            peaks[experiment].append((name, start, end, int(rng.integers(start, end))))
        (path / f"{experiment}.narrowPeak").write_text(
            "".join(
                f"{c}\t{s}\t{e}\tpeak{i}\t0\t.\t{i + 1}.5\t-1\t-1\t{m - s}\n"
                for i, (c, s, e, m) in enumerate(peaks[experiment])
            )
        )
    (path / "blacklist.bed").write_text("chrA\t1000\t1100\nchrB\t0\t30\n")
    (path / "cpg.bed").write_text("chrA\t0\t500\nchrC\t100\t101\n")
    (path / "genes.bed").write_text("chrB\t1000\t2500\tgene\t0\t+\n")
    (path / "expression.tsv").write_text("gene\tone\ttwo\tthree\ng1\t0\t3\t1\ng2\t7\t1\t0\ng3\t1\t1\t15\n")
    (path / "dataset.toml").write_text(
        """
name = "tiny"
[genome]
fasta = "genome.fa"
blacklist = "blacklist.bed"
[windows]
length = 300
bin = 100
stride = 50
labelling = "deepsea"
[splits]
valid = ["chrC"]
test = ["chrB"]
[signals]
extra = "extra.bw"
uniqueness = "uniqueness.bw"
[annotations]
cpg = "cpg.bed"
genes = "genes.bed"
[expression]
table = "expression.tsv"
components = 3
[[cell_types]]
name = "one"
accessibility = "dnase.one.bw"
[[cell_types]]
name = "two"
accessibility = "dnase.two.bw"
[[experiments]]
tf = "X"
cell_type = "one"
peaks = "X.one.narrowPeak"
fold_change = "fold.X.one.bw"
[[experiments]]
tf = "X"
cell_type = "two"
peaks = "X.two.narrowPeak"
fold_change = "fold.X.two.bw"
[[experiments]]
tf = "Y"
cell_type = "one"
peaks = "Y.one.narrowPeak"
fold_change = "fold.Y.one.bw"
"""
    )
    return Tiny(path, letters, values, peaks)
