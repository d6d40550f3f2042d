"""Predictions of a split, a BED file and a genome: values, order, blacklist, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, open_run, save_run
from motiflens.models.data import open_dataset
from motiflens.models.data.one_hot import encode, one_hot
from motiflens.models.data.simulate import simulate
from motiflens.models.data.windows import ArrayWindows
from motiflens.models.genome_source import genome_tiles, open_genome_source
from motiflens.models.predict import (
    Chunk,
    PredictOptions,
    predict_bed,
    predict_bins,
    predict_windows,
    write_predictions,
)
from motiflens.models.provenance import file_hash
from motiflens.models.run import Run

LENGTH, BIN = 60, 20
SIZES = {"chr1": 1010, "chr2": 333}


@pytest.fixture
def genome(tmp_path: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    found = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in SIZES.items()}
    found["chr1"] = found["chr1"][:400] + "N" * 100 + found["chr1"][500:]
    (tmp_path / "genome.fa").write_text("".join(f">{name}\n{text}\n" for name, text in found.items()))
    return found


@pytest.fixture
def run(tmp_path: Path) -> Run:
    torch.manual_seed(0)
    model = build("cnn_zeng", length=LENGTH, outputs=1, kernels=8, kernel_size=6, dense=4)
    return open_run(save_run(tmp_path / "run", model, {"tasks": ["CTCF"], "training": {"average_strands": False}}))


def expected(run: Run, genome: dict[str, str], chrom: str, start: int) -> float:
    """One bin at a time, from the text: an independent slow reference."""
    first = start - (LENGTH - BIN) // 2
    text = "".join(genome[chrom][i] if 0 <= i < len(genome[chrom]) else "N" for i in range(first, first + LENGTH))
    with torch.no_grad():
        return float(run.model(torch.from_numpy(one_hot(encode(text)))[None]).sigmoid())


def test_genome(run: Run, genome: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiflens.models.genome_source.CHUNK", 7)
    (tmp_path / "black.bed").write_text("chr1\t205\t230\n")
    genome_source = open_genome_source(
        run, genome=tmp_path / "genome.fa", blacklist=tmp_path / "black.bed", bin_size=BIN
    )
    chunks = list(predict_bins(run, genome_source, genome_tiles(genome_source, BIN), PredictOptions(batch_size=5)))
    table = pd.concat([chunk.table for chunk in chunks], ignore_index=True)
    p = np.concatenate([chunk.probabilities for chunk in chunks])[:, 0]
    kept = [s for s in range(0, 1010 - BIN + 1, BIN) if not 400 <= s < 500]
    assert table[table["chrom"] == "chr1"]["start"].tolist() == kept
    assert table[table["chrom"] == "chr2"]["start"].tolist() == list(range(0, 333 - BIN + 1, BIN))
    for row, value in zip(table.itertuples(), p, strict=True):
        black = row.chrom == "chr1" and row.start < 230 and row.end > 205
        wanted = 0.0 if black else expected(run, genome, row.chrom, row.start)
        assert value == pytest.approx(wanted, abs=1e-6)
    assert (p == 0).sum() == 2


def test_genome_of_some_chromosomes(run: Run, genome: dict[str, str], tmp_path: Path) -> None:
    genome_source = open_genome_source(run, genome=tmp_path / "genome.fa", bin_size=BIN)
    found = list(genome_tiles(genome_source, 50, ("chr2",)))
    assert np.concatenate([bins for _, bins in found]).tolist() == list(range(0, 333 - BIN + 1, 50))
    with pytest.raises(ValueError, match="chr9"):
        list(genome_tiles(genome_source, 50, ("chr9",)))


def test_bigwig(run: Run, genome: dict[str, str], tmp_path: Path) -> None:
    """Bins of 20 bp every 10 bp: each stands for its middle 10 bp."""
    genome_source = open_genome_source(run, genome=tmp_path / "genome.fa", bin_size=BIN)
    chunks = predict_bins(run, genome_source, genome_tiles(genome_source, 10))
    total = write_predictions(tmp_path / "out.bw", chunks, run.tasks, sizes=SIZES, step=10)
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:
        assert file.chroms() == SIZES
        intervals = file.intervals("chr2")
        assert len(intervals) == 32
        assert total == len(file.intervals("chr1")) + 32
        for start, end, value in intervals:
            assert end - start == 10
            assert value == pytest.approx(expected(run, genome, "chr2", start - 5), abs=1e-6)


def test_bed(run: Run, genome: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in.bed").write_text("chr2\t100\t120\nchr1\t11\t40\nchr2\t0\t2\n")
    genome_source = open_genome_source(run, genome=tmp_path / "genome.fa", bin_size=BIN)
    total = write_predictions(
        tmp_path / "out.bed", predict_bed(run, genome_source, tmp_path / "in.bed"), run.tasks
    )
    assert total == 3
    lines = [line.split("\t") for line in (tmp_path / "out.bed").read_text().splitlines()]
    assert [line[:4] for line in lines] == [
        ["chr2", "100", "120", "CTCF"],
        ["chr1", "11", "40", "CTCF"],
        ["chr2", "0", "2", "CTCF"],
    ]
    for line, (chrom, middle) in zip(lines, (("chr2", 110), ("chr1", 25), ("chr2", 1)), strict=True):
        value = expected(run, genome, chrom, middle - BIN // 2)
        assert float(line[6]) == pytest.approx(value, abs=1e-5)
        assert int(line[4]) == round(1000 * float(line[6]))


def test_windows_to_tsv(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    windows = ArrayWindows(rng.integers(0, 4, (10, LENGTH)).astype(np.uint8), np.zeros(10))
    write_predictions(tmp_path / "out.tsv", predict_windows(run, windows, PredictOptions(batch_size=3)), run.tasks)
    table = pd.read_csv(tmp_path / "out.tsv", sep="\t")
    assert table.columns.tolist() == ["name", "CTCF"]
    assert table["name"].tolist() == list(range(10))
    with torch.no_grad():
        p = run.model(torch.from_numpy(one_hot(windows.codes(np.arange(10))))).sigmoid().numpy()
    np.testing.assert_allclose(table["CTCF"], p[:, 0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("odd", ["", "a name", 'a "name"', "a probability"])
def test_rows_are_those_of_pandas(odd: str, tmp_path: Path) -> None:
    """Rows written at once have pandas' bytes, quotes and missing numbers included."""
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.random((50, 2)), 10.0 ** -rng.integers(0, 40, (50, 2))]).astype(np.float32)
    p[:4] = [[0, 1], [0.5, 1e-5], [0.1234565, 0.00012345678], [1e-4, 123456.7]]
    names = np.array(["chr1", "chrX"], dtype=object)[rng.integers(0, 2, 100)]
    if "name" in odd:
        names[60] = odd
    if "probability" in odd:
        p[60, 0] = np.nan
    table = pd.DataFrame({"chrom": names, "start": np.arange(100), "end": np.arange(100) + 20})
    chunks = (Chunk(table.iloc[first : first + 30], p[first : first + 30]) for first in range(0, 100, 30))
    assert write_predictions(tmp_path / "out.tsv", chunks, ("a", "b")) == 100
    whole = pd.concat([table, pd.DataFrame(p, columns=["a", "b"])], axis=1)
    assert (tmp_path / "out.tsv").read_text() == whole.to_csv(sep="\t", index=False, float_format="%.6g")


def test_streams_and_writes_whole(tmp_path: Path) -> None:
    """Chunks are written as they come, and nothing is left if one fails."""

    def chunks() -> Iterator[Chunk]:
        table = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [20]})
        yield Chunk(table, np.array([[0.5]], dtype=np.float32))
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_predictions(tmp_path / "out.bed", chunks(), ("a",))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("out.bed", {}, "a bed file holds one task: choose one of a, b"),
        ("out.tsv", {"task": "c"}, "no task 'c'"),
        ("out.x", {"format": "wig"}, "format 'wig' is unknown"),
        ("out.bw", {"task": "a"}, "needs the chromosomes' lengths"),
    ],
)
def test_refusals(tmp_path: Path, name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_predictions(tmp_path / name, iter(()), ("a", "b"), **options)  # type: ignore[arg-type]


def test_bigwig_refuses_overlaps(run: Run, genome: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in.bed").write_text("chr1\t100\t120\nchr1\t110\t140\n")
    genome_source = open_genome_source(run, genome=tmp_path / "genome.fa", bin_size=BIN)
    with pytest.raises(ValueError, match="do not overlap"):
        write_predictions(
            tmp_path / "out.bw", predict_bed(run, genome_source, tmp_path / "in.bed"), run.tasks, sizes=SIZES
        )
    assert not (tmp_path / "out.bw").exists()


def test_needs_a_genome(run: Run) -> None:
    with pytest.raises(ValueError, match="a genome is needed"):
        open_genome_source(run)


def test_imported_runs_name_what_they_read(tmp_path: Path) -> None:
    """A run without a record of data gets its signals by its channels' names, and a TF by its task's."""
    folder = tmp_path / "sim"
    simulate(folder, preset="tiny")
    for channels, meta in ((["dnase"], 0), (["dnase", "uniqueness"], 14)):
        model = build("deepgrn", length=300, channels=4 + len(channels), meta=meta, kernels=4, units=2, dense=4)
        config = {"tasks": ["EGR1"], "channels": [*"ACGT", *channels]}
        run = open_run(save_run(tmp_path / channels[-1], model, config))
        with pytest.raises(ValueError, match="choose one with --cell-type"):
            open_genome_source(run, folder)
        genome_source = open_genome_source(run, folder, cell_type="hepatic")
        assert list(genome_source.features.signals) == channels
        starts = np.array([200, 400])
        chunk = next(predict_bins(run, genome_source, iter([(np.zeros(2, dtype=np.int64), starts)])))
        assert chunk.probabilities.shape == (2, 1)
    model = build("deepgrn", length=300, channels=5, meta=3, kernels=4, units=2, dense=4)
    other = open_run(save_run(tmp_path / "other", model, {"channels": [*"ACGT", "dnase"]}))
    with pytest.raises(ValueError, match=r"takes 3 further features, .* have 14 \(expression1"):
        open_genome_source(other, folder, cell_type="hepatic")


def test_command(genome: dict[str, str], run: Run, tmp_path: Path) -> None:
    """A genome's prediction has its provenance beside it."""
    out = tmp_path / "out.bw"
    arguments = [
        "predict",
        str(run.path),
        "--genome",
        str(tmp_path / "genome.fa"),
        "--bin",
        "20",
        "--out",
        str(out),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    made_by = json.loads((tmp_path / "out.bw.json").read_text())
    assert made_by["weights_hash"] == run.weights_hash
    assert made_by["data_hash"] == file_hash(tmp_path / "genome.fa")
    with pyBigWig.open(str(out)) as file:
        assert sum(len(file.intervals(name)) for name in SIZES) == made_by["predictions"]


def test_a_narrowpeak_is_scored_at_its_summit(run: Run, genome: dict[str, str], tmp_path: Path) -> None:
    """As in training; the middle was taken. A summit of -1 stands for none: then the middle it is."""
    rows = [(200, 300, 7), (500, 640, 139), (700, 760, -1)]
    lines = [f"chr1\t{start}\t{end}\tp\t0\t.\t1\t-1\t-1\t{summit}\n" for start, end, summit in rows]
    (tmp_path / "x.narrowPeak").write_text("".join(lines))
    (tmp_path / "x.bed").write_text("chr1\t200\t300\n")
    source = open_genome_source(run, genome=tmp_path / "genome.fa", bin_size=BIN)
    p = np.concatenate([chunk.probabilities for chunk in predict_bed(run, source, tmp_path / "x.narrowPeak")])[
        :, 0
    ]
    for value, middle in zip(p, (207, 639, 730), strict=True):
        assert value == pytest.approx(expected(run, genome, "chr1", middle - LENGTH // 2 + (LENGTH - BIN) // 2))
    dataset = open_dataset(tmp_path / "x.narrowPeak", genome=tmp_path / "genome.fa", length=LENGTH)
    trained = {int(row.start) for w in dataset.splits.values() for row in w.table.dropna().itertuples()}
    assert trained == {207 - LENGTH // 2, 639 - LENGTH // 2, 730 - LENGTH // 2}
    bed = next(predict_bed(run, source, tmp_path / "x.bed"))
    assert bed.probabilities[0, 0] == pytest.approx(expected(run, genome, "chr1", 250 - BIN // 2), abs=1e-6)
