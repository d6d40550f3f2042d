"""A small world of every kind of file, and how a command is run in it."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pyBigWig
import pytest
import scipy.io
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app, main
from motiflens.models import build, open_dataset, save_run

SIZES = {"chr1": 4000, "chr2": 2500, "chr3": 2500}
TOML = """
name = "tiny"
[genome]
fasta = "genome.fa"
[windows]
length = 200
bin = 100
stride = 100
labelling = "deepsea"
[splits]
valid = ["chr2"]
test = ["chr3"]
[[cell_types]]
name = "GM"
accessibility = "signal.bw"
[[experiments]]
tf = "CTCF"
cell_type = "GM"
peaks = "peaks.narrowPeak"
fold_change = "signal.bw"
"""
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF one
letter-probability matrix: alength= 4 w= 4 nsites= 20
0.97 0.01 0.01 0.01
0.01 0.97 0.01 0.01
0.01 0.01 0.97 0.01
0.01 0.01 0.01 0.97
"""
SEQ = "FoldID\tEventID\tseq\tBound\n"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, a run, sequences and motifs; nothing in it may change."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(0)
    text = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in SIZES.items()}
    (folder / "genome.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in text.items()))
    (folder / "dataset.toml").write_text(TOML)
    with pyBigWig.open(str(folder / "signal.bw"), "w") as file:
        file.addHeader(list(SIZES.items()))
        for name, size in SIZES.items():
            file.addEntries(name, 0, values=rng.random(size).tolist(), span=1, step=1)
    lines = [f"{name}\t{at}\t{at + 150}\t.\t0\t.\t5\t5\t5\t75" for name in SIZES for at in (400, 900, 1300)]
    (folder / "peaks.narrowPeak").write_text("\n".join(lines) + "\n")
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (30, 200))]
    (folder / "s.fa").write_text("".join(f">s{i}\n{row}\n" for i, row in enumerate(rows)))
    (folder / "a.seq").write_text(SEQ + "".join(f"A\ts{i}\t{row}\t1\n" for i, row in enumerate(rows)))
    (folder / "m.meme").write_text(MEME)
    (folder / "v.vcf").write_text("chr1\t500\t.\tN\tA\n")
    (folder / "deepbind.txt").write_text("# deepbind 0.1\n")
    (folder / "bfile").write_text("A 0.3\nC 0.2\nG 0.2\nT 0.3\n")
    torch.manual_seed(0)
    for name, channels, options in (
        ("run", 5, {"tf": "CTCF", "signals": ["dnase"]}),
        ("plain", 4, {"signals": []}),
    ):
        windows = open_dataset(folder, tf="CTCF", signals=("dnase",) if channels == 5 else ())["test"]
        model = build("tbinet", length=200, channels=channels, kernels=4, kernel_size=5, pool=10, units=3, dense=4)
        data = {"source": str(folder), "options": {**options, "tf": "CTCF"}}
        config = {"tasks": list(windows.tasks), "channels": list(windows.channels), "meta": [], "data": data}
        save_run(folder / name, model, config)
    shutil.copytree(folder / "run", folder / "twin")
    return folder


@pytest.fixture(scope="session")
def contents() -> dict[str, bytes]:
    """What a file may hold that it should not: name -> bytes."""
    gz = gzip.compress(b">a\n" + b"ACGT" * 1000 + b"\n")
    return {
        "empty": b"",
        "newlines": b"\n\n\n",
        "junk": bytes(np.random.default_rng(1).integers(0, 256, 3000, dtype=np.uint8)),
        "zeros": bytes(3000),
        "text": b"hello, this is no such file\n" * 3,
        "utf-16": "MOTIF one\n".encode("utf-16"),
        "cut gzip": gz[: len(gz) // 2],
        "damaged gzip": gz[:40] + b"\x00\xff" * 8 + gz[56:],
        "gzip of nothing": gzip.compress(b""),
        "list": b"[]",
        "null": b"null",
        "deep": b"[" * 20_000,
        "html": b"<html><body>404 Not Found</body></html>\n",
        "one byte": b"\x89",
        "hdf5 head": b"\x89HDF\r\n\x1a\n" + bytes(600),
        "zip head": b"PK\x03\x04" + bytes(600),
        "long line": b"A" * 200_000,
    }


def words(line: str, world: Path) -> list[str]:
    """Return the words of a line, in which WORLD is the world's folder."""
    return line.replace("WORLD", str(world)).split()


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of each file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def interpret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Run the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOTIFLENS_DEBUG", raising=False)
    monkeypatch.setenv("MOTIFLENS_PLUGINS", "")  # --plugin writes it: what a case names must not outlive it

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["interpret", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        return Ended(int(stop.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def good_files(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of binary kinds that are whole: ending -> file."""
    folder = tmp_path_factory.mktemp("binary")
    x = np.zeros((20, 4, 200), dtype=np.float32)
    x[:, 0] = 1
    y = (np.arange(20) % 2).astype(np.float32)
    np.savez(folder / "a.npz", X=x, y=y)
    with h5py.File(folder / "a.h5", "w") as file:
        file["X"], file["y"] = x, y
    scipy.io.savemat(folder / "a.mat", {"trainxdata": x.astype(np.uint8), "traindata": y[:, None]})
    weights = (world / "plain" / "model.safetensors").read_bytes()
    (folder / "a.safetensors").write_bytes(weights)
    return {path.suffix[1:]: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def found_motifs(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `interpret motifs` leaves."""
    out = tmp_path_factory.mktemp("found") / "motifs"
    words = (
        f"motifs {world}/run --routes kernels --targets {world}/m.meme --shuffles 2 --untrained 0 --no-controls"
    )
    assert CliRunner().invoke(app, [*words.split(), "--out", str(out)]).exit_code == 0
    return out
