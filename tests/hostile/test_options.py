"""Numbers, names and places that make no sense: one line, code 2, nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended, tree

PREDICT = "predict WORLD/plain --genome WORLD/genome.fa --out out.bed"
SCAN = "scan --motifs WORLD/m.meme --sequences WORLD/s.fa --out out.tsv"
MATCH = "match WORLD/m.meme WORLD/m.meme --out out.tsv"
ATTRIBUTE = "attribute WORLD/run --out out"
TRAIN = "train --model tbinet --data WORLD --out out"
MOTIFS = "motifs WORLD/run --routes kernels --targets WORLD/m.meme --out out"

# Options that hold a number -> those of NUMBERS that they may have.
NUMERIC = {
    f"{PREDICT} --step": {"1e2"},
    f"{PREDICT} --bin": {"1e2"},
    f"{PREDICT} --batch-size": set(),
    f"{SCAN} --thresh": {"0"},
    f"{SCAN} --threads": set(),
    f"{MATCH} --thresh": {"0"},
    f"{ATTRIBUTE} --top": {"0"},
    f"{ATTRIBUTE} --top 1 --width": set(),
    f"{ATTRIBUTE} --batch-size": set(),
    f"{ATTRIBUTE} --max": set(),
    f"{MOTIFS} --width": set(),
    f"{MOTIFS} --shuffles": {"0"},
    f"{MOTIFS} --flat-dnase": {"0", "inf", "1e99"},
    "data describe WORLD --length": set(),
    "data describe WORLD/s.fa --ratio": set(),
    "data describe WORLD/peaks.narrowPeak --genome WORLD/genome.fa --offset": {"0"},
    "simulate out --seed": {"0"},
    "evaluate WORLD/run --rows": {"0"},
    **{
        f"{TRAIN} --set {key}=": set()
        for key in (
            *("epochs", "patience", "batch", "epoch_windows", "valid_windows", "kernels", "kernel_size"),
            *("pool", "units", "dense"),
        )
    },
    f"{TRAIN} --set rate=": {"0"},  # the weights stay
    f"{TRAIN} --set momentum=": {"0"},
    f"{TRAIN} --set signal_dropout=": {"0"},
    f"{TRAIN} --set clip=": {"0"},
    f"{TRAIN} --set decay=": {"0"},
    f"{TRAIN} --set epoch_windows=": {""},  # no limit
    f"{TRAIN} --devices": set(),
}
NUMBERS = ("0", "-1", "nan", "inf", "1e99", "text", "")

WORDS = {
    "predict WORLD/plain --split nowhere --out out.tsv": "nowhere",
    f"{PREDICT} --task nothing": "nothing",
    f"{PREDICT} --chromosomes chrQ": "chrQ",
    f"{PREDICT} --device abacus": "abacus",
    f"{PREDICT} --device cuda": "cuda",
    f"{SCAN} --engine fast": "fast",
    f"{SCAN} --background nowhere": "nowhere",
    f"{MATCH} --dist far": "far",
    f"{ATTRIBUTE} --method guess": "guess",
    f"{ATTRIBUTE} --baseline guess": "guess",
    f"{ATTRIBUTE} --only some": "some",
    f"{ATTRIBUTE} --image bmp": "bmp",
    f"{ATTRIBUTE} --export csv": "csv",
    f"{ATTRIBUTE} --plot chr1": "chr1",
    f"{ATTRIBUTE} --plot chr3:9-1": "chr3:9-1",
    f"{ATTRIBUTE} --plot chrQ:1-9": "chrQ",
    f"{ATTRIBUTE} --task nothing": "nothing",
    f"{ATTRIBUTE} --cell-type nothing": "nothing",
    f"{ATTRIBUTE} --set nothing=1": "nothing",
    f"{ATTRIBUTE} --set nothing": "nothing",
    f"{ATTRIBUTE} --precision float8": "float8",
    f"{TRAIN} --preset huge": "huge",
    f"{TRAIN} --set epoch=3": "did you mean 'epochs'",
    f"{TRAIN} --set optimizer=best": "best",
    f"{TRAIN} --set epochs": "epochs",
    f"{TRAIN} --tf CTFC --signals none": "did you mean 'CTCF'",
    f"{TRAIN} --accelerator tpux": "tpux",
    f"{TRAIN} --precision 8": "8",
    f"{TRAIN} --init-from nowhere": "nowhere",
    "train --model tbinett --data WORLD --out out": "did you mean 'tbinet'",
    "train --model tbinet --data nowhere --out out": "nowhere",
    "evaluate nowhere": "nowhere",
    "evaluate WORLD": "WORLD",
    "evaluate WORLD/run --split nowhere": "nowhere",
    "compare WORLD/run": "two",
    "compare WORLD/run nowhere": "nowhere",
    "compare WORLD/run WORLD/plain --metric beauty --no-controls": "beauty",
    "sweep --model tbinet --data WORLD --out out --grid units": "units",
    "sweep --model tbinet --data WORLD --out out --grid units=1,,2": "units",
    "sweep --model tbinet --data WORLD --out out --grid kernels=4,0": "kernels",
    "transfer --data WORLD/run --out out": "WORLD/run",
    "transfer --data WORLD --out out --metric beauty": "beauty",
    "sanity WORLD/run --method guess": "guess",
    "sanity WORLD/run --task nothing": "nothing",
    "motifs --model tbinett --out out": "did you mean 'tbinet'",
    f"{MOTIFS} --routes roads": "roads",
    f"{MOTIFS} --kernel-threshold most": "most",
    f"{MOTIFS} --scaling none": "none",
    "motifs WORLD/run --targets jaspar:1999 --out out": "1999",
    "report nowhere": "nowhere",
    "report WORLD": "WORLD",
    "simulate out --preset huge": "huge",
    "simulate WORLD": "WORLD",
    "import nowhere --out out": "nowhere",
    "import WORLD/m.meme --out out": "m.meme",
    "import WORLD/m.meme --kind tbinet --out out": "tbinet",
    "--plugin nowhere.py train --model mine --data WORLD --out out": "nowhere.py",
    "--plugin WORLD/m.meme.py train --model mine --data WORLD --out out": "m.meme.py",
    "data describe WORLD --tf nothing": "nothing",
    "data describe WORLD --labelling none": "none",
    "data describe WORLD --signals nothing": "nothing",
    "data describe WORLD/s.fa --negatives nothing": "nothing",
    "data describe WORLD/s.fa --columns 1:2": "columns",
}
OUTPUTS = {
    "predict": "predict WORLD/plain --genome WORLD/genome.fa --out OUT",
    "predict bed": "predict WORLD/plain --genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak --out OUT",
    "scan": "scan --motifs WORLD/m.meme --sequences WORLD/s.fa --background WORLD/bfile --out OUT",
    "match": "match WORLD/m.meme WORLD/m.meme --out OUT",
    "evaluate": "evaluate WORLD/run --no-controls --out OUT",
    "uniqueness": "data uniqueness WORLD/genome.fa --size 8 --out OUT",
    "sanity": "sanity WORLD/run --epochs 0 --windows 2 --out OUT",
}
PLACES = (
    *(
        "WORLD/genome.fa",
        "WORLD/m.meme",
        "WORLD/s.fa",
        "WORLD/peaks.narrowPeak",
        "WORLD/bfile",
        "WORLD/dataset.toml",
    ),
    *(
        "WORLD/run/config.json",
        "WORLD/plain/model.safetensors",
        "WORLD",
        "/dev/null",
        "/dev/full",
        "pipe",
        "notes",
    ),
    *("file/under.tsv", "link", "loop", "WORLD/../WORLDNAME/genome.fa"),
)


def filled(line: str, world: Path, **more: str) -> list[str]:
    """Return the words of a line, with the world's place in it."""
    for name, value in {"WORLDNAME": world.name, "WORLD": str(world), **more}.items():
        line = line.replace(name, value)
    return line.split()


def said(ended: Ended, *names: str) -> None:
    """Check for one line that holds one of some names, and code 2."""
    lines = [line for line in ended.err.splitlines() if not line.startswith("  ")]  # else stages that take long
    assert (ended.code, len(lines)) == (2, 1), ended
    assert any(name in lines[0] for name in names), ended.err


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("line", NUMERIC)
def test_a_number_out_of_range(
    line: str, number: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    if number in NUMERIC[line]:
        pytest.skip("it makes sense")
    words = filled(line, world)
    words = [*words[:-1], words[-1] + number] if line.endswith("=") else [*words, number]
    option = words[-1].split("=")[0] if line.endswith("=") else words[-2]
    before = tree(world)
    said(interpret(*words), option, option.strip("-").replace("-", "_"), number or "''")
    assert tree(world) == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", WORDS)
def test_a_word_that_is_none(line: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    before = tree(world)
    name = WORDS[line].replace("WORLD", str(world))
    said(interpret(*filled(line, world)), name)
    assert tree(world) == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("use", OUTPUTS)
def test_output_destroys_nothing(
    use: str, place: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    os.mkfifo("pipe")
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(world / "genome.fa")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = tree(world), tree(tmp_path)
    (out,) = filled(place, world)
    ended = interpret(*filled(OUTPUTS[use], world, OUT=out))
    said(ended, out, "under.tsv")
    assert (tree(world), tree(tmp_path)) == before
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    "command",
    [
        *("attribute WORLD/run", "motifs WORLD/run", "compare WORLD/run WORLD/twin"),
        "study --models tbinet --data WORLD/run",
        "sweep --model tbinet --data WORLD/run --grid units=2",
        "transfer --data WORLD/run",
    ],
)
@pytest.mark.parametrize("place", ["WORLD/run", "WORLD/plain", "notes", "/dev/null", "file/under", "loop"])
def test_a_folder_that_is_none(
    command: str, place: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = tree(world), tree(tmp_path)
    (out,) = filled(place, world)
    said(interpret(*filled(command, world), "--out", out), out)
    assert (tree(world), tree(tmp_path)) == before


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("attributions.h5", "attribute WORLD/run"),
        ("attributions.h5.parts", "attribute WORLD/run"),
        ("motifs.tsv", "motifs WORLD/run"),
        ("report.html", "motifs WORLD/run"),
        ("compare.tsv", "compare WORLD/run WORLD/twin"),
    ],
)
def test_anothers_file_in_the_folder(
    name: str, command: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    said(interpret(*filled(command, world), "--out", "out"), name)
    assert tree(tmp_path) == tree(tmp_path)
    assert (tmp_path / "out" / name).read_text() == "mine"
