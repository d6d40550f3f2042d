"""Windows of a user's own regions, and the commands that take them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.interpret import open_store
from motiflens.models import Run, build, open_dataset, open_run, save_run
from motiflens.models.data.one_hot import encode
from motiflens.models.data.options import Options
from motiflens.models.data.signal_ranges import signal_ranges
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.genome_source import genome_notes, open_genome_source
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


@pytest.mark.parametrize("command", ["predict", "attribute"])
@pytest.mark.parametrize("weak", [True, False])
def test_weak_signals_of_own_regions_are_told(tmp_path: Path, command: str, weak: bool) -> None:
    """DNase of 1 where the model knows 12: in `chip`, `evaluate` and `predict`, too, and in their own regions."""
    data = write_signals(tmp_path, height=1.0 if weak else 12.0)
    model = build("factornet", length=LENGTH, channels=5, kernel_size=5, pool=2)
    config = {
        "tasks": ["T"],
        "channels": ["A", "C", "G", "T", "dnase"],
        "meta": [],
        "data": {"source": str(data), "options": {"signals": ["dnase"], "tf": "T", "length": LENGTH}},
        "signal_ranges": {"dnase": {"mean": 1.0, "high": 12.0}},
    }
    save_run(tmp_path / "run", model, config)
    regions = ["--bed", str(data / "own.bed")]
    words = [command, str(tmp_path / "run"), *regions, "--cell-type", "c", "--out", str(tmp_path / "p.tsv")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert ("warning: the signal dnase reaches 1 here and 12" in result.stderr) == weak
    if command == "predict":
        for other in (
            ["evaluate", "--no-controls"],
            ["predict", "--split", "test", "--out", str(tmp_path / "q.tsv")],
        ):
            told = CliRunner().invoke(app, [other[0], str(tmp_path / "run"), *other[1:]], catch_exceptions=False)
            assert told.exit_code == 0, told.output
            assert ("warning: the signal dnase reaches" in told.stderr) == weak


@pytest.mark.parametrize("command", ["hits", "marginalize", "interactions", "variants", "motifs"])
def test_weak_signals_are_told_by_all(weak_run: Path, tmp_path: Path, command: str) -> None:
    """Four commands were silent; they read the same windows."""
    data, motifs = weak_run / "data", tmp_path / "m.meme"
    write_meme(motifs, [Motif("m", np.full((4, 4), 0.1) + 0.6 * np.eye(4)), Motif("n", np.eye(4)[[3, 0, 3, 0]])])
    with (data / "g.fa").open() as file:
        base = file.readlines()[1][1000]
    (tmp_path / "v.vcf").write_text(f"chr1\t1001\t.\t{base}\t{'CGTA'['ACGT'.index(base)]}\n")
    own = ["--bed", str(data / "own.bed"), "--cell-type", "c"]
    many = ["--bed", str(data / "p.narrowPeak"), "--cell-type", "c", "--thresh", "0.2"]
    given = {
        "hits": ["--motifs", str(motifs), *own],
        "interactions": ["--motifs", str(motifs), *many],
        "marginalize": ["--motif", "ACGT", *own],
        "variants": ["--vcf", str(tmp_path / "v.vcf"), "--data", str(data), "--cell-type", "c", "--null", "0"],
        "motifs": ["--routes", "kernels", "--targets", str(motifs), "--no-controls", "--untrained", "0"],
    }[command]
    words = [command, str(weak_run / "run"), *given, "--out", str(tmp_path / "o.tsv")]
    told = CliRunner().invoke(app, words, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert "warning: the signal dnase reaches 1 here and 12" in told.stderr


def test_describe_compares_signals_with_what_a_run_knows(weak_run: Path) -> None:
    words = [
        "data",
        "describe",
        str(weak_run / "data"),
        "--tf",
        "T",
        "--signals",
        "dnase",
        "--length",
        str(LENGTH),
    ]
    told = CliRunner().invoke(app, [*words, "--run", str(weak_run / "run"), "--json"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    line = "warning: the signal dnase reaches 1 here and 12 where the model was trained"
    assert any(note.startswith(line) for note in json.loads(told.stdout)["notes"])
    scaled = CliRunner().invoke(app, [*words, "--run", str(weak_run / "run"), "--scale-signals", "--json"])
    assert (
        "the signal dnase is multiplied by 12, to reach what the model knows" in json.loads(scaled.stdout)["notes"]
    )
    alone = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert not any("the signal dnase" in note for note in json.loads(alone.stdout)["notes"])


def test_sanity_tells_of_weak_signals(weak_run: Path) -> None:
    words = ["sanity", str(weak_run / "run"), "--method", "saliency", "--windows", "3", "--epochs", "0"]
    told = CliRunner().invoke(app, words, catch_exceptions=False)
    assert told.exit_code in (0, 3), told.output
    assert "warning: the signal dnase reaches 1 here and 12" in told.stderr


def test_signals_of_own_regions_are_scaled(weak_run: Path, folder: Path) -> None:
    """By the factor of the data's windows, as in a split: `--scale-signals` did nothing here."""
    run, data = open_run(weak_run / "run"), weak_run / "data"
    (data / "one.bed").write_text("chr2\t900\t950\tb\n")
    wanted = Options(scale_signals=True)
    weak = open_regions(run, Regions(bed=data / "own.bed", cell_type="c"))
    own = open_regions(run, Regions(bed=data / "own.bed", cell_type="c", options=wanted))
    alone = open_regions(run, Regions(bed=data / "one.bed", cell_type="c", options=wanted))
    every = np.arange(2)
    np.testing.assert_allclose(own.windows.signals(every), 12 * weak.windows.signals(every), rtol=1e-5)
    np.testing.assert_array_equal(alone.windows.signals(np.arange(1)), own.windows.signals(every[1:]))
    assert own.notes == ("the signal dnase is multiplied by 12, to reach what the model knows",)
    assert own.hash != weak.hash
    assert "--scale-signals multiplies it by about 12" in weak.notes[0]
    plain = open_run(folder / "run")
    with pytest.raises(ValueError, match=r"reads no signals that --scale-signals could multiply: leave it out"):
        open_regions(plain, Regions(fasta=folder / "s.fa", options=wanted))


def test_whole_genomes_are_compared_with_what_the_model_knows(weak_run: Path, tmp_path: Path) -> None:
    """By windows evenly over the genome: nothing was said, and nothing scaled, of whole genomes and BED files."""
    words = [
        "predict",
        str(weak_run / "run"),
        "--data",
        str(weak_run / "data"),
        "--cell-type",
        "c",
        "--step",
        "50",
    ]
    words += ["--device", "cpu", "--processes", "1", "--out"]
    weak = CliRunner().invoke(app, [*words, str(tmp_path / "weak.tsv")], catch_exceptions=False)
    assert "the signal dnase reaches 1 here and 12 where" in weak.stderr
    assert "--scale-signals multiplies it by about 12" in weak.stderr
    scaled = [*words, str(tmp_path / "scaled.tsv"), "--scale-signals"]
    told = CliRunner().invoke(app, scaled, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert "the signal dnase is multiplied by 12" in told.stderr
    assert "warning" not in told.stderr
    tables = [pd.read_csv(tmp_path / f"{name}.tsv", sep="\t") for name in ("weak", "scaled")]
    assert not tables[0].iloc[:, 3].equals(tables[1].iloc[:, 3])
    own = ["--bed", str(weak_run / "data" / "own.bed"), str(tmp_path / "own.tsv"), "--scale-signals"]
    own = CliRunner().invoke(app, [*words[:-1], *own[:2], "--out", *own[2:]], catch_exceptions=False)
    assert own.exit_code == 0, own.output
    assert "the signal dnase is multiplied by 12" in own.stderr


def test_closed_chromatin_and_repeats_of_the_models_own_data_are_no_fault(tmp_path: Path) -> None:
    """Regions of closed chromatin "reach 0.02": `--scale-signals multiplies it by 50`, which it then did not."""
    data = write_signals(tmp_path, height=1.0, uneven=True)
    dataset = open_dataset(data, tf="T", signals=("dnase",), length=LENGTH)
    known = {name: found._asdict() for name, found in signal_ranges(dataset.example).items()}
    config = {
        "tasks": ["T"],
        "channels": ["A", "C", "G", "T", "dnase"],
        "meta": [],
        "data": {"source": str(data), "options": {"signals": ["dnase"], "tf": "T", "length": LENGTH}},
        "signal_ranges": known,
    }
    run = open_run(
        save_run(tmp_path / "run", build("factornet", length=LENGTH, channels=5, kernel_size=5, pool=2), config)
    )
    (data / "closed.bed").write_text("chr1\t5760\t5800\ta\nchr2\t5780\t5800\tb\n")
    for wanted in (Options(), Options(scale_signals=True)):
        closed = open_regions(run, Regions(bed=data / "closed.bed", cell_type="c", options=wanted))
        assert closed.windows.signals(np.arange(2)).max() < 0.05
        assert closed.notes == ()
    assert genome_notes(run, open_genome_source(run, cell_type="c"), data) == ()  # nor what is highest anywhere


def test_a_weak_cell_type_is_told_whatever_the_others_are(weak_run: Path) -> None:
    """That another cell type's windows are as the model knows them silenced the warning of this one's."""
    data = weak_run / "data"
    with pyBigWig.open(str(data / "strong.bw"), "w") as track:
        track.addHeader([("chr1", 6000), ("chr2", 6000)])
        for name in ("chr1", "chr2"):
            track.addEntries([name], [0], ends=[6000], values=[12.0])
    with (data / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write('[[cell_types]]\nname = "strong"\naccessibility = "strong.bw"\n')
        file.write('[[experiments]]\ntf = "T"\ncell_type = "strong"\npeaks = "p.narrowPeak"\n')
    run = open_run(weak_run / "run")
    (told,) = genome_notes(run, open_genome_source(run, data, cell_type="c"), data)
    assert "the signal dnase reaches 1 here and 12 where" in told
    assert genome_notes(run, open_genome_source(run, data, cell_type="strong"), data) == ()


@pytest.fixture
def weak_run(tmp_path: Path) -> Path:
    """A run that knows DNase of 12, and data with DNase of 1."""
    data = write_signals(tmp_path, height=1.0)
    config = {
        "tasks": ["T"],
        "channels": ["A", "C", "G", "T", "dnase"],
        "meta": [],
        "data": {"source": str(data), "options": {"signals": ["dnase"], "tf": "T", "length": LENGTH}},
        "signal_ranges": {"dnase": {"mean": 1.0, "high": 12.0}},
    }
    torch.manual_seed(0)
    save_run(tmp_path / "run", build("factornet", length=LENGTH, channels=5, kernel_size=5, pool=2), config)
    return tmp_path


def write_signals(where: Path, *, height: float, uneven: bool = False) -> Path:
    """A folder of data with one cell type, whose DNase is the same everywhere but, if `uneven`, off all peaks."""
    rng = np.random.default_rng(1)
    data = where / "data"
    data.mkdir()
    chroms = {"chr1": 6000, "chr2": 6000}
    letters = "".join(f">{name}\n{''.join(rng.choice(list('ACGT'), size))}\n" for name, size in chroms.items())
    (data / "g.fa").write_text(letters)
    peaks = [
        f"{name}\t{at}\t{at + 100}\tp\t0\t.\t5\t-1\t-1\t50\n" for name in chroms for at in range(500, 5500, 500)
    ]
    (data / "p.narrowPeak").write_text("".join(peaks))
    (data / "own.bed").write_text("chr1\t600\t700\ta\nchr2\t900\t950\tb\n")
    with pyBigWig.open(str(data / "d.bw"), "w") as track:
        track.addHeader(list(chroms.items()))
        for name, size in chroms.items():
            ends = [5600, 5700, 5720, size] if uneven else [size]
            values = [height, 0.02 * height, 40 * height, 0.02 * height] if uneven else [height]
            track.addEntries([name] * len(ends), [0, *ends[:-1]], ends=ends, values=values)
    (data / "dataset.toml").write_text(
        f"""
[genome]
fasta = "g.fa"
[windows]
length = {LENGTH}
bin = 20
stride = 20
[splits]
valid = ["chr1:first 100"]
test = ["chr2"]
[[cell_types]]
name = "c"
accessibility = "d.bw"
[[experiments]]
tf = "T"
cell_type = "c"
peaks = "p.narrowPeak"
"""
    )
    return data
