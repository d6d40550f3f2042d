"""A full disk: at every writer one line that names the file; nothing is lost, and nothing half-written."""

from __future__ import annotations

import contextlib
import json
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.models import build, open_run, save_run
from motiflens.models.data.simulate import simulate
from motiflens.models.open_for_run import open_as_trained

from .conftest import MEME, Ended, tree, words
from .test_names import outputs

SMALL = "--set batch=16 --set kernels=4 --set dense=4 --set kernel_size=5 --set epochs=1"
TBINET = f"{SMALL} --set pool=10"
HERE = "--processes 1 --accelerator cpu --out out"
GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
VARIANTS = "variants WORLD/plain --genome WORLD/genome.fa --vcf WORLD/v.vcf --null 0 --out out.tsv"
HITS = f"hits WORLD/plain --motifs WORLD/m.meme {GENOME} --fdr 1 --out out.tsv"
MOTIFS = "motifs WORLD/run --routes kernels"
PREDICT = "predict WORLD/plain --genome WORLD/genome.fa"
ATTRIBUTE = "attribute WORLD/run --only all --batch-size 1 --out out"
IMPORT = "import weights.pt --architecture cnn_zeng --length 40 --set kernels=4 --set kernel_size=5 --set dense=4"
BENCHMARK = "--data tiny --tf CTCF --windows 3 --methods saliency --routes none --pairs none --seeds 1"
# What writes -> a line of it, and the most bytes that a file may have: less than its result needs.
WRITERS = {
    "simulate OUT": ("simulate out --preset tiny", 100_000),
    "train --out": (f"train --model tbinet --data WORLD --tf CTCF {TBINET} --set units=3 --out out", 2_000),
    "import --out": (f"{IMPORT} --set channels=4 --set outputs=1 --out out", 300),
    "evaluate --out": ("evaluate WORLD/run --no-controls --out out.tsv", 300),
    "evaluate --curves": ("evaluate WORLD/run --no-controls --curves out", 2_000),
    "predict --out": (f"{PREDICT} --out out.tsv", 300),
    "predict --out bed": (f"{PREDICT} --out out.bed", 300),
    "predict --out bw": (f"{PREDICT} --out out.bw", 300),
    "compare --out": ("compare WORLD/run WORLD/twin --split test --no-controls --out out", 2_000),
    "study --out": (
        f"study --models tbinet --data WORLD/a.seq {TBINET} --set units=3 --no-controls {HERE}",
        3_000,
    ),
    "sweep --out": (f"sweep --model tbinet --data WORLD/a.seq {TBINET} --grid units=2,3 {HERE}", 3_000),
    "transfer --out": (f"transfer --model cnn_zeng --data sets {SMALL} {HERE}", 3_000),
    "attribute --out": (ATTRIBUTE, 2_000),
    "attribute --export": (f"{ATTRIBUTE} --export bigwig", 6_000),
    "attribute --plot": (f"{ATTRIBUTE} --top 1", 10_000),
    "sanity --out": ("sanity WORLD/run --epochs 0 --windows 2 --out out.json", 300),
    "benchmark --out": (f"benchmark --models long {BENCHMARK} --no-shuffled-labels {HERE}", 300),
    "variants --out": (VARIANTS, 300),
    "variants --annotated": (f"{VARIANTS} --annotated out.vcf", 300),
    "variants --top": (f"{VARIANTS} --top 1", 2_000),
    "hits --out": (HITS, 300),
    "hits --bed-out": (f"{HITS} --bed-out out.bed", 900),
    "hits --counts": (f"{HITS} --counts counts.tsv", 900),
    "marginalize --out": (f"marginalize WORLD/plain --motif WORLD/m.meme -n 2 {GENOME} --out out.tsv", 300),
    "marginalize --figure": (
        f"marginalize WORLD/plain --pair ACGT TTAA --spacing 1:2 -n 2 {GENOME} --out out.tsv --figure out.png",
        2_000,
    ),
    "interactions --out": (
        f"interactions WORLD/plain --motifs two.meme --thresh 0.3 {GENOME} --out out.tsv",
        300,
    ),
    "motifs --out": (
        f"{MOTIFS} --targets WORLD/m.meme --shuffles 2 --untrained 0 --no-controls --out out",
        2_000,
    ),
    "report --out": ("report WORLD/run --out out.html", 300),
    "scan --out": ("scan --motifs WORLD/m.meme --sequences WORLD/s.fa --thresh 0.1 --out out.tsv", 300),
    "match --out": ("match WORLD/m.meme jaspar:2026 --thresh 1 --out out.tsv", 3_000),
    "chip --out": ("chip WORLD/run --out out", 2_000),
    "attention --out": ("attention WORLD/run --out out", 2_000),
    "importance --out": ("importance long --max 50 --repeats 1 --bootstrap 2 --out out", 2_000),
    "dnase --out": ("dnase long other --out out", 2_000),
    "kmers --out": ("kmers kegru --out out", 2_000),
    "data uniqueness --out": ("data uniqueness WORLD/genome.fa --size 8 --out out.bw", 300),
}
BEGUN = (
    "last.ckpt",
    "related.tsv",
    "related.tsv.json",
    "study.json",
    "plan.json",
)  # the same command goes on with them; none looks like a result


def test_all_that_write_are_here() -> None:
    assert outputs() <= set(WRITERS), "a new option that names a file needs a line here"


def kept(folder: Path) -> dict[str, str]:
    """Return the files that no command may change: to a run's measures others may be added."""
    for path in folder.rglob("metrics.json"):
        assert json.loads(path.read_text())
    return {name: value for name, value in tree(folder).items() if not name.endswith("metrics.json")}


@contextlib.contextmanager
def small_disk(most: int) -> Iterator[None]:
    """Let no file grow over so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def place(world: Path, tmp_path_factory: pytest.TempPathFactory, write_set: Callable[..., None]) -> Path:
    """What the world has not; and the caches are warm, so that the disk becomes full when a result is written."""
    folder = tmp_path_factory.mktemp("place")
    torch.manual_seed(0)
    save_run(folder / "kegru", build("kegru", length=40, k=3, dimension=8, units=4), {"tasks": ["t"]})
    sizes = {"kernels": 4, "kernel_size": 5, "dense": 4}
    torch.save(build("cnn_zeng", length=40, channels=4, outputs=1, **sizes).state_dict(), folder / "weights.pt")
    (folder / "two.meme").write_text(MEME + MEME[MEME.index("MOTIF one") :].replace("one", "two"))
    (folder / "sets").mkdir()
    write_set(folder / "sets", "one", 60, 0)
    write_set(folder / "sets", "two", 40, 1)
    tiny = simulate(folder / "tiny", preset="tiny")
    data = {"source": str(tiny), "options": {"tf": "CTCF", "signals": ["dnase"]}}
    for name in ("long", "other"):
        model = build("tbinet", length=500, channels=5, kernels=4, units=2, dense=4)
        save_run(folder / name, model, {"tasks": ["CTCF"], "channels": [*"ACGT", "dnase"], "data": data})
    for run in (world / "run", world / "plain", folder / "long"):
        opened = open_as_trained(open_run(run))
        windows = opened["test"]
        assert opened.hash
        for name in windows.tracks:
            windows.track(name, np.arange(len(windows)))
    return folder


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk(
    writer: str, world: Path, place: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    line, most = WRITERS[writer]
    for entry in place.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    if writer.startswith("compare"):
        for name in ("run", "twin"):
            interpret(*words(f"evaluate WORLD/{name} --no-controls", world))
    before = kept(world), kept(place)
    with small_disk(most):
        ended = interpret(*words(line, world))
    assert ended.code == 2, ended
    (told,) = (each for each in ended.err.splitlines() if each[:2] != "  " and "…" not in each)
    # numba's cache of a kernel that has just been compiled for the first time
    if "(writing" not in told or "(writing compiled code" in told:
        assert interpret(*words(line.replace("--out out", "--out first"), world)).code == 0
        for path in tmp_path.glob("first*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with small_disk(most):
            told = interpret(*words(line, world)).err
    assert re.search(
        r"(the disk is full|the file is larger than the system allows) \((writing \S*(out|metrics.json)|.*out.h5)",
        told,
    ), told
    assert (kept(world), kept(place)) == before
    left = [path for name in tmp_path.iterdir() if not name.is_symlink() for path in (name, *name.rglob("*"))]
    left = [path for path in left if path.parts[len(tmp_path.parts) :][1:2] != ("runs",)]  # trainings go on
    assert all(path.is_dir() or path.name.endswith(BEGUN) for path in left), f"like a result: {left}"


def test_a_study_goes_on(world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """A full disk is no failure of one training: it ends the study, which goes on later."""
    line = WRITERS["study --out"][0].replace("--processes 1", "--processes 1 --seeds 2")
    with small_disk(3_000):
        assert interpret(*words(line, world)).code == 2
    assert not list(tmp_path.rglob("failed.json"))
    assert interpret(*words(line, world)).code == 0
    assert interpret(*words(line.replace("--out out", "--out whole"), world)).code == 0
    results = [pd.read_csv(tmp_path / name / "results.tsv", sep="\t") for name in ("out", "whole")]
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in results))


def test_every_training_of_a_transfer_fails(
    place: Path, interpret: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was a KeyError of a table without columns."""

    def refuse(*_: object) -> None:
        raise ValueError("not today")

    monkeypatch.setattr("motiflens.models.study.member._train", refuse)
    (tmp_path / "sets").symlink_to(place / "sets")
    ended = interpret(*WRITERS["transfer --out"][0].split())
    assert (ended.code, "no run came to its end; the first: not today" in ended.err) == (2, True), ended
