"""What an output may be called: the same rule for every command that writes, before any work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from motiflens.analyses.cli.main import app

from .conftest import Ended, tree

VARIANTS = "variants WORLD/plain --vcf WORLD/v.vcf --genome WORLD/genome.fa"
GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
# Command -> a line that ends before the name of what it writes.
FILES = {
    "data uniqueness --out": "data uniqueness WORLD/genome.fa --size 8 --out",
    "evaluate --out": "evaluate WORLD/run --out",
    "predict --out": "predict WORLD/run --out",
    "variants --out": f"{VARIANTS} --out",
    "variants --annotated": f"{VARIANTS} --out o.tsv --annotated",
    "hits --out": f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out",
    "hits --bed-out": f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --bed-out",
    "hits --counts": f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --out o.tsv --counts",
    "marginalize --out": f"marginalize WORLD/plain --motif WORLD/m.meme {GENOME} --out",
    "marginalize --figure": f"marginalize WORLD/plain --pair ACGT TTAA {GENOME} --out o.tsv --figure",
    "interactions --out": f"interactions WORLD/plain --motifs WORLD/m.meme {GENOME} --out",
    "scan --out": "scan --motifs WORLD/m.meme --sequences WORLD/s.fa --out",
    "match --out": "match WORLD/m.meme WORLD/m.meme --out",
    "report --out": "report WORLD/run --out",
    "sanity --out": "sanity WORLD/run --out",
}
FOLDERS = {
    "simulate OUT": "simulate",
    "train --out": "train --model tbinet --data WORLD/a.seq --out",
    "compare --out": "compare WORLD/run WORLD/twin --out",
    "study --out": "study --models tbinet --data WORLD/a.seq --out",
    "sweep --out": "sweep --model tbinet --data WORLD/a.seq --grid units=1,2 --out",
    "transfer --out": "transfer --data WORLD --out",
    "import --out": "import WORLD/deepbind.txt --out",
    "benchmark --out": "benchmark --data WORLD --models tbinet --out",
    "evaluate --curves": "evaluate WORLD/run --curves",
    "attribute --out": "attribute WORLD/run --out",
    "chip --out": "chip WORLD/run --out",
    "attention --out": "attention WORLD/run --out",
    "importance --out": "importance WORLD/run --out",
    "dnase --out": "dnase WORLD/run WORLD/run --out",
    "kmers --out": "kmers WORLD/run --out",
    "motifs --out": "motifs WORLD/run --out",
}
WITHOUT_RECORD = ("report --out", "sanity --out")
LINES = {**FILES, **FOLDERS}
NAMES = ("", " ", "\t \n", "nul\0", "x" * 256, "ä" * 128, ".", "..", "/", "./", "notes", "/dev/null")
OF_FILES = ("new.tsv/", "x" * 252, "below/new/")


def outputs() -> set[str]:
    """Every option, or argument, that names what is written."""
    named = set()
    commands = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    commands |= {f"data {name}": one for name, one in commands.pop("data").commands.items()}
    for name, command in commands.items():
        for parameter in command.params:
            named_out = parameter.name in ("out", "bed_out", "counts", "figure", "annotated", "curves")
            if named_out and not getattr(parameter, "is_flag", False):
                spelt = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.opts[0].upper()
                named.add(f"{name} {spelt}")
    return named


def test_all_are_listed() -> None:
    assert outputs() == set(LINES)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        *((line, name) for line in LINES for name in NAMES),
        *((line, name) for line in FILES for name in OF_FILES if line not in WITHOUT_RECORD or name[0] != "x"),
    ],
)
def test_a_name(line: str, name: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    before = tree(tmp_path), tree(world)
    ended = interpret(*LINES[line].replace("WORLD", str(world)).split(), name)
    lines = [each for each in ended.err.splitlines() if not each.startswith("  ")]  # else stages that take long
    assert (ended.code, len(lines)) == (2, 1), ended
    assert any(words in lines[0] for words in ("empty", "null byte", name.rstrip("/")[:200] or "/")), ended
    assert (tree(tmp_path), tree(world)) == before
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


@pytest.mark.parametrize("word", ["--data", "--genome", "--tf", "--model", "--set"])
def test_an_empty_word_is_none(word: str, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """An empty `--data` was the built-in data."""
    ended = interpret("train", "--model", "tbinet", "--out", "out", word, "")
    assert ended.code == 2
    assert f"'{word}'" in ended.err
    assert "it is empty" in ended.err
    assert not list(tmp_path.iterdir())


def test_an_input_is_no_folder(world: Path, interpret: Callable[..., Ended]) -> None:
    ended = interpret("scan", "--motifs", f"{world}/m.meme/", "--sequences", f"{world}/s.fa", "--out", "o.tsv")
    assert ended.code == 2
    assert "m.meme/ ends with /: name a file" in ended.err


# A file of another's, by each name that a command writes -> the command.
OTHERS = (
    *(("train --out", name) for name in ("model.safetensors", "metrics.json", "log.csv", "last.ckpt")),
    *(("import --out", name) for name in ("model.safetensors", "config.json")),
    *(("study --out", name) for name in ("study.json", "results.tsv", "models.svg", "pairs/a_b.svg")),
    *(("benchmark --out", name) for name in ("plan.json", "benchmark.tsv", "motifs.svg", "provenance.json")),
    *(("sweep --out", name) for name in ("sweep.tsv", "sweep.tsv.json")),
    *(("transfer --out", name) for name in ("transfer.tsv", "related.tsv", "transfer.tsv.json")),
    *(("attribute --out", name) for name in ("attributions.h5", "scores.bw", "top_01.png", "sequences.npz")),
    *(("simulate OUT", name) for name in ("genome.fa", "mine.txt")),
)


@pytest.mark.parametrize(("line", "name"), OTHERS)
def test_anothers_file(line: str, name: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "out" / name).write_text("mine")
    before = tree(tmp_path)
    ended = interpret(*LINES[line].replace("WORLD", str(world)).split(), "out")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended
    assert "out" in ended.err
    assert tree(tmp_path) == before


def test_what_is_imported_is_kept(world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    weights = tmp_path / "mine" / "model.safetensors"
    weights.parent.mkdir()
    weights.write_bytes((world / "plain" / "model.safetensors").read_bytes())
    before = tree(tmp_path)
    ended = interpret("import", weights, "--architecture", "tbinet", "--out", "mine")
    assert (ended.code, "choose another folder" in ended.err) == (2, True), ended
    assert tree(tmp_path) == before


def test_the_working_folder(world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """One that is empty, but for a log that the shell has just made, may be written into; ours again, too."""
    (tmp_path / "log.txt").touch()
    for _ in range(2):
        assert interpret("evaluate", world / "run", "--curves", ".", "--no-controls").code == 0
    assert (tmp_path / "provenance.json").is_file()


@pytest.mark.parametrize("data", ["WORLD --tf CTCF", "WORLD/a.seq"])
def test_resume_replaces_no_run(data: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """One that no training made, such as an imported one, has no state to go on with: it was trained over."""
    shutil.copytree(world / "run", tmp_path / "run")
    before = tree(tmp_path)
    line = f"train --model tbinet --data {data} --set epochs=1 --out run --resume"
    ended = interpret(*line.replace("WORLD", str(world)).split())
    assert (ended.code, "run holds a run that no training made" in ended.err) == (2, True), ended
    assert tree(tmp_path) == before
