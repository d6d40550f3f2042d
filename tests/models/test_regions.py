"""Windows of a user's own regions, and the commands that take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.interpret import open_store
from motiflens.models import Run, build, open_run, save_run
from motiflens.models.data.one_hot import encode
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.regions import Regions, open_regions, split_windows

LENGTH = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome, regions on it, and a run."""
    folder = tmp_path_factory.mktemp("regions")
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("ACGT"), 500))
    (folder / "g.fa").write_text(f">chr1\n{text}\n")
    (folder / "p.bed").write_text("chr1\t100\t160\ta\nchr1\t0\t10\tb\nchr1\t490\t500\tc\n")
    (folder / "n.narrowPeak").write_text("chr1\t100\t160\ta\t0\t.\t5\t-1\t-1\t12\n")
    (folder / "s.fa").write_text(f">one\n{text[:LENGTH]}\n>two\n{text[100:160]}\n>three\nACGT\n")
    save_run(folder / "run", build("cnn_zeng", length=LENGTH, kernels=4, kernel_size=5), {"tasks": ["CTCF"]})
    return folder


@pytest.fixture
def run(folder: Path) -> Run:
    return open_run(folder / "run")


def letters(folder: Path) -> str:
    return (folder / "g.fa").read_text().split()[1]


def test_bed_windows_are_about_middles(run: Run, folder: Path) -> None:
    own = open_regions(run, Regions(bed=folder / "p.bed", genome=folder / "g.fa"))
    assert own.windows.table["start"].tolist() == [110, -15, 475]
    assert own.windows.table["name"].tolist() == ["a", "b", "c"]
    codes = own.windows.codes(np.arange(3))
    assert (codes[0] == encode(letters(folder)[110:150])).all()
    assert (codes[1][:15] == 4).all()
    assert np.isnan(own.windows.labels).all()


def test_summits_are_used_as_in_training(run: Run, folder: Path) -> None:
    own = open_regions(run, Regions(bed=folder / "n.narrowPeak", genome=folder / "g.fa"))
    assert own.windows.table["start"].tolist() == [112 - LENGTH // 2]


def test_sequences_are_cut_or_padded(run: Run, folder: Path) -> None:
    own = open_regions(run, Regions(fasta=folder / "s.fa"))
    codes = own.windows.codes(np.arange(3))
    assert (codes[1] == encode(letters(folder)[110:150])).all()
    assert (codes[2][:18] == 4).all()
    assert codes[2][18:22].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("locus", "starts"),
    [("chr1:100-110", [85]), ("chr1:100-140", [100]), ("chr1:100-141", [80, 120]), ("chr1:0-120", [0, 40, 80])],
)
def test_a_locus_is_covered(run: Run, folder: Path, locus: str, starts: list[int]) -> None:
    own = open_regions(run, Regions(locus=locus, genome=folder / "g.fa"))
    assert own.windows.table["start"].tolist() == starts


def test_all_splits(run: Run) -> None:
    parts = {
        name: ArrayWindows(np.zeros((n, LENGTH), np.uint8), np.zeros(n)) for name, n in (("train", 2), ("test", 3))
    }
    dataset = Dataset("x", "arrays", parts, hash="0")
    assert len(split_windows(dataset, "all")) == 5
    assert len(split_windows(dataset, "test")) == 3


def test_bad_regions(run: Run, folder: Path, tmp_path: Path) -> None:
    genome = folder / "g.fa"
    with pytest.raises(ValueError, match="either --bed or --locus"):
        Regions(bed=folder / "p.bed", locus="chr1:1-2")
    for locus, message in (
        ("chr1:5-5", "is no region"),
        ("1:5-9", "chr1"),
        ("chr1:5-501", "past the end of chr1"),
        ("nonsense", "is no region"),
    ):
        with pytest.raises(ValueError, match=message):
            open_regions(run, Regions(locus=locus, genome=genome))
    (tmp_path / "bad.bed").write_text("1\t5\t9\n")
    with pytest.raises(ValueError, match=r"bad\.bed"):
        open_regions(run, Regions(bed=tmp_path / "bad.bed", genome=genome))
    with pytest.raises(ValueError, match="no regions are named"):
        open_regions(run, Regions())
    save_run(
        tmp_path / "dnase", build("factornet", length=LENGTH, channels=5, kernel_size=5, pool=2), {"tasks": ["a"]}
    )
    with pytest.raises(ValueError, match="reads more than the sequence"):
        open_regions(open_run(tmp_path / "dnase"), Regions(fasta=folder / "s.fa"))


@pytest.mark.parametrize("option", [["--bed", "p.bed"], ["--fasta", "s.fa"], ["--locus", "chr1:0-120"]])
def test_commands(folder: Path, tmp_path: Path, option: list[str]) -> None:
    given = option[1] if option[0] == "--locus" else str(folder / option[1])
    own = [option[0], given, *([] if option[0] == "--fasta" else ["--genome", str(folder / "g.fa")])]
    out = tmp_path / "p.tsv"
    result = CliRunner().invoke(
        app, ["predict", str(folder / "run"), *own, "--out", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out, sep="\t")) == 3
    words = ["attribute", str(folder / "run"), *own, "--out", str(tmp_path / "att")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with open_store(tmp_path / "att" / "attributions.h5") as store:
        assert len(store) == 3
