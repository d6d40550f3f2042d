"""`interpret scan` and `interpret match` as a user runs them."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app, main
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme

SITE = "TGGCCACCAGGGGGCGCTA"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["interpret", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def files(tmp_path: Path, rng: np.random.Generator) -> Path:
    write_meme(tmp_path / "m.meme", jaspar(ids=["MA0139.1", "MA0148.5"]))
    flank = "".join(rng.choice(list("ACGT"), 50))
    (tmp_path / "s.fa").write_text(f">one\n{flank}{SITE}{flank}\n>two\n{flank}\n")
    return tmp_path


def test_scan(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "hits.tsv"
    given = ("scan", "--motifs", files / "m.meme", "--sequences", files / "s.fa")
    assert run(monkeypatch, *given, "--out", out) == 0
    table = pd.read_csv(out, sep="\t")
    assert table.iloc[0][
        ["motif_id", "sequence_name", "start", "stop", "strand", "matched_sequence"]
    ].tolist() == [
        "MA0139.1",
        "one",
        51,
        69,
        "+",
        SITE,
    ]
    record = json.loads(Path(f"{out}.json").read_text())
    assert record["hits"] == len(table)
    assert (record["sequences"], record["bases"], record["motifs"]) == (2, 169, 2)
    assert record["command"].startswith("interpret scan")
    assert f"{len(table)} hits of 2 motifs" in capsys.readouterr().out
    for background in ("sequences", files / "bg.txt"):
        (files / "bg.txt").write_text("A 0.3\nC 0.2\nG 0.2\nT 0.3\n")
        assert run(monkeypatch, *given, "--background", background, "--thresh", 1e-3, "--out", out) == 0
        assert len(pd.read_csv(out, sep="\t")) >= 1


@pytest.mark.parametrize("engine", ["ours", "meme"])
def test_scan_of_regions(
    engine: str, files: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """Places are the genome's: whole chromosomes give the same, and overlapping intervals count once."""
    if engine == "meme":
        pytest.importorskip("pymemesuite")
    text = "".join(rng.choice(list("ACGT"), 3000))
    for at, site in ((500, SITE), (700, SITE), (2900, SITE.translate(str.maketrans("ACGT", "TGCA"))[::-1])):
        text = text[:at] + site + text[at + len(site) :]
    (files / "g.fa").write_text(f">chrA\nACGT\n>chr2\n{text}\n")
    (files / "r.bed").write_text("chr2\t2800\t3000\tb\nchr2\t400\t600\ta\nchr2\t495\t640\tc\n")
    given = ("scan", "--motifs", files / "m.meme", "--engine", engine)
    own = (*given, "--bed", files / "r.bed", "--genome", files / "g.fa")
    assert run(monkeypatch, *own, "--out", files / "h.bed") == 0
    assert run(monkeypatch, *own, "--out", files / "h.tsv") == 0
    assert run(monkeypatch, *given, "--sequences", files / "g.fa", "--out", files / "whole.tsv") == 0
    table, whole = (pd.read_csv(files / name, sep="\t") for name in ("h.tsv", "whole.tsv"))
    inside = whole[(whole["start"] > 2800) | ((whole["start"] > 400) & (whole["stop"] <= 640))]
    key = ["motif_id", "sequence_name", "start", "stop", "strand", "score", "p-value", "matched_sequence"]
    pd.testing.assert_frame_equal(
        table[key].sort_values(key, ignore_index=True), inside[key].sort_values(key, ignore_index=True)
    )
    bed = [line.split("\t") for line in (files / "h.bed").read_text().splitlines()]
    assert ["chr2", "500", "519", "MA0139.1_CTCF", "1000", "+"] in bed
    assert ["chr2", "2900", "2919", "MA0139.1_CTCF", "1000", "-"] in bed
    assert len(bed) == len(table)
    assert [int(row[1]) for row in bed] == sorted(int(row[1]) for row in bed)
    record = json.loads((files / "h.bed.json").read_text())
    assert (record["intervals"], record["regions"], record["bases"]) == (3, 2, 440)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--sequences", "s.fa", "--bed", "r.bed", "--genome", "g.fa"),
        ("--bed", "r.bed"),
        ("--sequences", "s.fa", "--genome", "g.fa"),
    ],
)
def test_what_is_scanned_is_named_once(
    words: tuple[str, ...], files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "scan", "--motifs", files / "m.meme", *words, "--out", files / "o.tsv") == 2
    assert "give either --sequences, or --bed with --genome" in capsys.readouterr().err


def test_match(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "m.tsv"
    for distance in ("ed", "pearson"):
        assert run(monkeypatch, "match", files / "m.meme", "jaspar:2026", "--dist", distance, "--out", out) == 0
        best = pd.read_csv(out, sep="\t").groupby("Query_ID")["Target_ID"].first()
        assert best.to_dict() == {"MA0139.1": "MA0139.2", "MA0148.5": "MA0148.5"}
    assert run(monkeypatch, "match", files / "m.meme", files / "m.meme", "--thresh", 1, "--out", out) == 0
    assert len(pd.read_csv(out, sep="\t")) == 4
    printed = capsys.readouterr()
    assert "2 of 2 queries among 1,019 targets" in printed.out
    assert "fewer than 50 targets" in printed.err
    assert json.loads(Path(f"{out}.json").read_text())["targets"] == 2


def test_match_of_several_databases_and_a_flat_query(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several databases are one; a flat matrix that 'matches' at q < .05 is named."""
    flat = Motif("flat", np.full((8, 4), 0.25))
    write_meme(files / "q.meme", [*jaspar(ids=["MA0139.1"]), flat])
    out = files / "m.tsv"
    given = ("match", files / "q.meme", "jaspar:2016", files / "m.meme", "jaspar:2026:MAX")
    assert run(monkeypatch, *given, "--out", out) == 0
    record = json.loads(Path(f"{out}.json").read_text())
    assert record["targets"] == 519 + 1 + 1  # MA0139.1 is in JASPAR 2016 as well
    assert record["low_information"] == ["flat"]
    printed = capsys.readouterr().err
    assert printed.count("too little information") == 1
    assert "note: 1 of 2 queries hold too little information" in printed
    assert f"(flat): {out}.json names them" in printed


def test_a_factor_by_another_name_is_told_of_in_a_line(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Warnings of our own are notes of the command, and nothing else of Python's."""
    given = ("scan", "--motifs", "jaspar:2026:NRSF", "--sequences", files / "s.fa", "--out", files / "o.tsv")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run(monkeypatch, *given) == 0
        printed = capsys.readouterr().err
        assert printed.count("NRSF") == 1
        assert "note: jaspar:2026: NRSF is taken as REST (MA0138.3)\n" in printed
        assert "UserWarning" not in printed
        assert run(monkeypatch, *given, "--overwrite", "--quiet") == 0
        assert capsys.readouterr().err == ""


def test_backgrounds_of_scan(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_meme(files / "m.meme", jaspar(ids=["MA0139.1"]), background=[0.4, 0.1, 0.1, 0.4])
    given = ("scan", "--motifs", files / "m.meme", "--sequences", files / "s.fa", "--out", files / "h.tsv")
    for name, wanted in (("motifs", 0.4), ("--motif--", 0.4), ("nrdb", 0.274552), ("uniform", 0.25)):
        assert run(monkeypatch, *given, "--background", name, "--overwrite") == 0
        record = json.loads((files / "h.tsv.json").read_text())
        assert record["background"][0] == pytest.approx(wanted, abs=1e-6)
        assert record["background_source"] == name
    wide = {"COLUMNS": "2000", "TERMINAL_WIDTH": "2000"}
    told = CliRunner().invoke(app, ["scan", "--help"], env=wide).stdout
    for name in ("uniform (our default)", "nrdb (FIMO's default)", "FIMO's --bfile --motif--"):
        assert name in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--motifs": "none.meme"}, "no such file"),
        ({"--sequences": "none.fa"}, "none.fa does not exist"),
        ({"--sequences": "m.meme"}, "is no FASTA"),
        ({"--motifs": "s.fa"}, "line 2: a sequence, no matrix"),
        ({"--motifs": "jaspar:1999"}, "not installed"),
        ({"--motifs": "jaspar:2026:martians"}, "expected identifiers (MA0139.1), all, a taxon (cnidaria"),
        ({"--background": "none.txt"}, "neither a file nor uniform, nrdb"),
        ({"--thresh": "2"}, "--thresh is 2"),
        ({"--engine": "fast"}, "engine 'fast'"),
    ],
)
def test_bad_input_gives_one_line(
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(files)
    options = {"--motifs": "m.meme", "--sequences": "s.fa", "--out": "hits.tsv"} | change
    assert run(monkeypatch, "scan", *(part for pair in options.items() for part in pair)) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (files / "hits.tsv").exists()


def test_ctrl_c_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupted command says so, and ends with the shell's code for it."""

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("motiflens.analyses.motifs.scan_command.scan_command", interrupted)
    monkeypatch.setattr("sys.argv", ["interpret", "scan", "--motifs", "m", "--sequences", "s", "--out", "o"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert capsys.readouterr().err.strip() == "interpret: interrupted"
