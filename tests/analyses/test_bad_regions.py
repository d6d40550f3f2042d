"""Bad BED, VCF and FASTA files through the commands: one line with file and place, or a counted, listed skip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.models import build, save_run

SIZE = 300
COMMANDS = ("predict", "attribute", "hits", "scan")
BED = {
    "chrom 1 against chr1": ("1\t5\t60\n", "says '1' where"),
    "other genome": ("scaffold9\t5\t60\n", "has the chromosome 'scaffold9', which is not in"),
    "past the end": ("chr1\t5\t301\n", "past the end of chr1 (300 bp"),
    "no bases": ("chr1\t60\t60\n", "not after its start 60"),
    "reversed": ("chr1\t60\t5\n", "not after its start 60"),
    "negative": ("chr1\t-5\t60\n", "starts at -5"),
    "no number": ("chr1\tx\t60\n", "has the start 'x'"),
    "columns": ("chr1 5 60\n", "tab-separated columns"),
    "empty": ("# nothing\n", "holds no interval"),
}
FASTA = {
    "no header": ("ACGT\n", "s.fa"),
    "empty": ("", "is empty"),
    "no sequence": (">a\n>b\nACGT\n", "has no sequence"),
    "twice": (">a\nACGT\n>a\nACGT\n", "both named 'a'"),
    "protein": (">a\nMELQ\n", "s.fa line"),
}
VCF = {
    "chrom 1 against chr1": ("1\t5\t.\tREF\tN\n", "says '1' where"),
    "other genome": ("scaffold9\t5\t.\tREF\tN\n", "has the chromosome 'scaffold9'"),
    "past the end": ("chr1\t301\t.\tA\tC\n", "past the end of chr1 (300 bp"),
    "mismatch": ("chr1\t5\t.\tWRONG\tN\n", "--mismatch skip"),
    "no bases": ("chr1\t5\t.\t\tC\n", "has the REF ''"),
    "empty allele": ("chr1\t5\t.\tREF\t\n", "empty ALT"),
    "only symbolic": ("chr1\t5\t.\tREF\t<DEL>\n", "holds no allele that can be scored (1 symbolic allele)"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome, a motif file and a run."""
    folder = tmp_path_factory.mktemp("bad")
    rng = np.random.default_rng(2)
    bases = ["".join(rng.choice(list("ACGT"), SIZE)) for _ in range(2)]
    (folder / "g.fa").write_text("".join(f">chr{i}\n{text}\n" for i, text in enumerate(bases, start=1)))
    write_meme(folder / "m.meme", [Motif("m", 0.97 * np.eye(4)[[0, 1, 2, 3]] + 0.0075)])
    save_run(folder / "run", build("cnn_zeng", length=40, kernels=4, kernel_size=5), {"tasks": ["T"]})
    return folder


def interpret(folder: Path, command: str, option: str, given: Path, out: Path, *more: object) -> tuple[int, str]:
    """Exit code, and what was said."""
    words: list[object] = [command] if command == "scan" else [command, folder / "run"]
    words += [option, given, "--out", out, *more]
    if command in ("scan", "hits"):
        words += ["--motifs", folder / "m.meme"]
    if option in ("--bed", "--vcf"):
        words += ["--genome", folder / "g.fa"]
    if command == "variants":
        words += ["--null", 0]
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output + str(result.exception or "")


def refused(folder: Path, command: str, option: str, given: Path, message: str) -> None:
    """One line that names the file, and nothing written."""
    out = given.parent / "out.tsv"
    before = sorted(given.parent.iterdir())
    code, told = interpret(folder, command, option, given, out)
    assert code != 0, told
    line = told.strip().splitlines()[-1]
    assert message in line
    assert given.name in line
    assert sorted(given.parent.iterdir()) == before


@pytest.mark.parametrize("kind", BED)
@pytest.mark.parametrize("command", COMMANDS)
def test_bad_bed(command: str, kind: str, folder: Path, tmp_path: Path) -> None:
    """The second line is bad, and the first is not written alone."""
    text, message = BED[kind]
    (tmp_path / "b.bed").write_text(("" if kind in ("empty", "columns") else "chr1\t5\t60\n") + text)
    refused(folder, command, "--bed", tmp_path / "b.bed", message)


@pytest.mark.parametrize("command", COMMANDS)
def test_unsorted_bed(command: str, folder: Path, tmp_path: Path) -> None:
    """In any order, overlapping, at a chromosome's very ends: every interval counts."""
    rows = [("chr2", 100, 160), ("chr1", 250, 300), ("chr1", 0, 10), ("chr2", 90, 150), ("chr1", 299, 300)]
    (tmp_path / "b.bed").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    out, option = tmp_path / "o.tsv", ["--thresh", 0.01] if command == "scan" else []
    code, told = interpret(folder, command, "--bed", tmp_path / "b.bed", out, *option)
    assert code == 0, told
    if command == "predict":
        assert [tuple(row[:3]) for row in pd.read_csv(out, sep="\t").to_numpy().tolist()] == rows
    elif command == "attribute":
        assert "5 windows" in told
    elif command == "hits":
        assert "of 5 windows" in told
    else:
        assert "3 sequences (130 bp)" in told


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (command, kind)
        for command in COMMANDS
        for kind in FASTA
        if command != "scan" or kind in ("no header", "empty")
    ],
)
def test_bad_fasta(command: str, kind: str, folder: Path, tmp_path: Path) -> None:
    text, message = FASTA[kind]
    (tmp_path / "s.fa").write_text(text)
    option = "--sequences" if command == "scan" else "--fasta"
    refused(folder, command, option, tmp_path / "s.fa", message)


def test_foreign_letters_are_counted(folder: Path, tmp_path: Path) -> None:
    """`scan` reads them as N, as FIMO does, and says how many."""
    (tmp_path / "s.fa").write_text(">a\nMELQ\n")
    code, told = interpret(folder, "scan", "--sequences", tmp_path / "s.fa", tmp_path / "o.tsv")
    assert code == 0, told
    assert "letters of 1 sequences are read as N" in told


def bases_at(folder: Path, chrom: int, position: int) -> str:
    """The genome's base at a 1-based position."""
    return (folder / "g.fa").read_text().split()[2 * chrom - 1][position - 1]


@pytest.mark.parametrize("kind", VCF)
def test_bad_vcf(kind: str, folder: Path, tmp_path: Path) -> None:
    text, message = VCF[kind]
    base = bases_at(folder, 1, 5)
    wrong = "ACGT".replace(base, "")[0]
    (tmp_path / "v.vcf").write_text(text.replace("REF", base).replace("WRONG", wrong))
    refused(folder, "variants", "--vcf", tmp_path / "v.vcf", message)


def test_skipped_alleles_are_counted_and_listed(folder: Path, tmp_path: Path) -> None:
    """Unsorted records are scored in the file's order; what cannot be is counted on the terminal and in a file."""
    base, other = bases_at(folder, 1, 5), bases_at(folder, 2, 100)
    wrong = "ACGT".replace(base, "")[0]
    rows = [("chr2", 100, other, f"{other}T"), ("chr1", 5, base, f"<DEL>,{wrong},*"), ("chr1", 5, wrong, base)]
    rows.append(("chr2", 100, other, f"{other}]chr1:9]"))
    (tmp_path / "v.vcf").write_text("".join(f"{c}\t{at}\t.\t{ref}\t{alt}\n" for c, at, ref, alt in rows))
    out = tmp_path / "o.tsv"
    code, told = interpret(folder, "variants", "--vcf", tmp_path / "v.vcf", out, "--mismatch", "skip")
    assert code == 0, told
    table = pd.read_csv(out, sep="\t")
    assert table[["chrom", "pos"]].to_numpy().tolist() == [["chr2", 100], ["chr1", 5]]
    listed = pd.read_csv(f"{out}.skipped.tsv", sep="\t")
    assert listed["reason"].tolist() == [
        "symbolic allele",
        "overlapping deletion (*)",
        "REF is not what the genome has",
        "breakend",
    ]
    record = json.loads(Path(f"{out}.json").read_text())
    assert record["scored"] + sum(record["skipped"].values()) == 6
    for reason in listed["reason"]:
        assert reason in told
