"""Where hits, variants, marginalisation, interactions and studies write: onto no input, device or other's file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended, tree

GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
VARIANTS = "variants WORLD/plain --genome WORLD/genome.fa --vcf VCF"
# Commands that write files, up to the name of one.
FILES = (
    f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out",
    f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --bed-out",
    f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --counts",
    f"interactions WORLD/plain --motifs WORLD/m.meme {GENOME} --out",
    f"marginalize WORLD/plain --motif WORLD/m.meme {GENOME} --out",
    f"marginalize WORLD/plain --pair ACGT TTAA {GENOME} --out o.tsv --figure",
    f"{VARIANTS} --out",
    f"{VARIANTS} --out o.tsv --annotated",
    "scan --motifs WORLD/m.meme --bed WORLD/peaks.narrowPeak --genome WORLD/genome.fa --out",
)
PLACES = (
    *("WORLD/genome.fa", "WORLD/m.meme", "WORLD/peaks.narrowPeak", "WORLD/plain/config.json"),
    *("WORLD/signal.bw", "/dev/null", "/dev/full", "pipe", "notes", "file/under.tsv", "link", "WORLD"),
)
FOLDERS = (
    "chip WORLD/run",
    "attention WORLD/run",
    "importance WORLD/run",
    "dnase WORLD/run WORLD/run",
    "kmers WORLD/run",
    f"motifs WORLD/plain {GENOME}",
)


@pytest.fixture
def place(tmp_path: Path, world: Path) -> Path:
    """A folder with what is another's, and a VCF file."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("notes", "file"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "link").symlink_to(world / "genome.fa")
    (tmp_path / "v.vcf").write_text("chr1\t500\t.\tN\tA\n")
    return tmp_path


def filled(line: str, world: Path, place: Path) -> list[str]:
    """Return the words of a line."""
    return line.replace("WORLD", str(world)).replace("VCF", str(place / "v.vcf")).split()


def refused(ended: Ended, *names: str) -> None:
    """Check for one line that holds one of some names, and code 2."""
    lines = [line for line in ended.err.splitlines() if not line.startswith("  ")]  # else stages that take long
    assert (ended.code, len(lines)) == (2, 1), ended
    assert any(name in lines[0] for name in names), ended.err


@pytest.mark.parametrize("overwrite", ["", "--overwrite"])
@pytest.mark.parametrize("out", PLACES)
@pytest.mark.parametrize("line", FILES)
def test_a_file(
    line: str, out: str, overwrite: str, world: Path, place: Path, interpret: Callable[..., Ended]
) -> None:
    unread = out.startswith("WORLD/") and line.startswith("scan") and out.split("/")[1] in ("plain", "signal.bw")
    if overwrite and (out == "notes" or unread):
        pytest.skip("asked for")
    before = tree(world), tree(place)
    (path,) = filled(out, world, place)
    refused(interpret(*filled(line, world, place), path, *overwrite.split()), path, "under.tsv")
    assert (tree(world), tree(place)) == before
    assert (place / "pipe").is_fifo()
    assert (place / "link").is_symlink()


@pytest.mark.parametrize("out", ["WORLD/run", "WORLD/plain", "WORLD", "notes", "/dev/null", "file/under", "full"])
@pytest.mark.parametrize("line", FOLDERS)
def test_a_folder(line: str, out: str, world: Path, place: Path, interpret: Callable[..., Ended]) -> None:
    if out.split("/")[-1] in ("run", "plain") and out not in line:
        pytest.skip("not read by this command")
    (place / "full").mkdir()
    for name in ("chip.tsv", "motifs.tsv", "nulls.png"):
        (place / "full" / name).write_text("mine")
    before = tree(world), tree(place)
    (path,) = filled(out, world, place)
    refused(interpret(*filled(line, world, place), "--out", path), path)
    assert (tree(world), tree(place)) == before


@pytest.mark.parametrize(
    "line",
    [
        f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --bed-out o.tsv",
        f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --counts o.tsv.json",
        f"marginalize WORLD/plain --pair ACGT TTAA {GENOME} --out o.png --figure ./o.png",
        f"{VARIANTS} --out o --annotated o.skipped.tsv",
    ],
)
def test_two_files_are_never_one(line: str, world: Path, place: Path, interpret: Callable[..., Ended]) -> None:
    refused(interpret(*filled(line, world, place)), "would be written twice")
    assert not (place / "o.tsv").exists()


def test_anothers_pictures_are_kept(world: Path, place: Path, interpret: Callable[..., Ended]) -> None:
    (place / "o.tsv.logos").mkdir()
    (place / "o.tsv.logos" / "chr1_500_N_A.png").write_text("mine")
    refused(interpret(*filled(f"{VARIANTS} --out o.tsv --top 1", world, place)), "chr1_500_N_A.png")


def test_our_own_files_are_replaced(world: Path, place: Path, interpret: Callable[..., Ended]) -> None:
    """Every file has its record, so that a second call may write it again."""
    (place / "v.vcf").write_text("chr1\t500\t.\tN\tA\nchr1\t600\t.\tN\t<DEL>\n")
    lines = (
        f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --fdr 1 --out h.tsv --bed-out h.bed --counts c.tsv",
        f"marginalize WORLD/plain --pair ACGT TTAA --spacing 1:2 -n 2 {GENOME} --out m.tsv --figure m.png",
        f"{VARIANTS} --null 0 --top 1 --annotated a.vcf --out v.tsv",
    )
    for _ in range(2):
        for line in lines:
            assert interpret(*filled(line, world, place)).code == 0
    for name in ("h.tsv", "h.bed", "c.tsv", "m.tsv", "m.png", "v.tsv", "a.vcf", "v.tsv.skipped.tsv"):
        assert (place / f"{name}.json").is_file(), name
    (place / "v.vcf").write_text("chr1\t500\t.\tN\tA\n")
    assert interpret(*filled(lines[2], world, place)).code == 0
    assert not (place / "v.tsv.skipped.tsv").exists(), "a list of an earlier call would be wrong"
