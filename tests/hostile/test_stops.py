"""Ctrl-C: one line, what was there is there still, and the same command again ends equally."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.cli import progress_display
from motiflens.models import load
from motiflens.models.data.simulate import simulate
from motiflens.models.progress import Step

from .conftest import Ended, tree, words

TRAIN = "train --model tbinet --data WORLD --tf CTCF --seed 3 --set epochs=2 --set batch=16 --set kernels=4"
TRAIN += " --set units=3 --set dense=4 --set pool=10 --set kernel_size=5 --out out"
ATTRIBUTE = "attribute WORLD/run --only all --batch-size 1 --out out"
MOTIFS = "motifs WORLD/run --routes kernels --targets WORLD/m.meme --shuffles 5 --untrained 1 --out out"
STUDY = "study --models tbinet --data WORLD/a.seq --set epochs=2 --set batch=16 --set kernels=4 --set units=3"
STUDY += " --set dense=4 --set pool=10 --set kernel_size=5 --seeds 2 --no-controls --processes 1"
STUDY += " --accelerator cpu --out out"


@pytest.fixture(autouse=True)
def _ignored() -> Iterator[None]:
    """As in a shell's background jobs, Ctrl-C is ignored: every command must hear it nevertheless."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Press Ctrl-C at the n-th step of a stage, once."""

    def at(stage: str, number: int) -> None:
        plain, seen = progress_display.Lines.__call__, []

        def call(self: progress_display.Lines, step: Step) -> None:
            plain(self, step)
            if step.stage == stage and len(seen) < number:
                seen.append(step)
                if len(seen) == number:
                    os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(progress_display.Lines, "__call__", call)

    return at


def stopped(ended: Ended) -> None:
    assert ended.code == 130
    assert [line for line in ended.err.splitlines() if line[:2] != "  "] == ["interpret: interrupted"], ended


@pytest.mark.parametrize("number", [1, 2, 3])
def test_train_is_stopped(
    number: int,
    world: Path,
    interpret: Callable[..., Ended],
    press: Callable[[str, int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)
    press("training", number)
    stopped(interpret(*words(TRAIN, world)))
    assert interpret(*words(TRAIN, world), "--resume").code == 0
    assert interpret(*words(TRAIN.replace("--out out", "--out whole"), world)).code == 0
    for name, value in load(tmp_path / "whole").state_dict().items():
        np.testing.assert_array_equal(load(tmp_path / "out").state_dict()[name].numpy(), value.numpy())


@pytest.mark.parametrize("number", [1, 2, 4])
def test_attribute_is_stopped(
    number: int,
    world: Path,
    interpret: Callable[..., Ended],
    press: Callable[[str, int], None],
    tmp_path: Path,
) -> None:
    press("attributing", number)
    stopped(interpret(*words(ATTRIBUTE, world)))
    assert not (tmp_path / "out" / "attributions.h5").exists()
    assert interpret(*words(ATTRIBUTE, world)).code == 0
    assert interpret(*words(ATTRIBUTE.replace("--out out", "--out whole"), world)).code == 0
    with (
        h5py.File(tmp_path / "out" / "attributions.h5") as a,
        h5py.File(tmp_path / "whole" / "attributions.h5") as b,
    ):
        np.testing.assert_array_equal(a["scores"][:], b["scores"][:])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["attributions.h5"]


class Stages:
    """The stages that a command has told of, and at which of them Ctrl-C is pressed (0: at none)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []
        self.steps = False  # whether each step of a stage counts
        self.stop_at = 0

    def stopped_at_each(self, run: Callable[[], Ended]) -> int:
        """Run a command that has been heard once to its end, and stop it at each; return how often it was stopped.

        It may come to its end earlier, since what was done before it was stopped is not done again.
        """
        for number in range(1, len(self.seen) + 1):
            self.seen, self.stop_at = [], number
            ended = run()
            if ended.code == 0:
                return number - 1
            stopped(ended)
        self.stop_at = 0
        return number


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    """Listen to stages."""
    heard, plain = Stages(), progress_display.Lines.__call__

    def listen(self: progress_display.Lines, step: Step) -> None:
        plain(self, step)
        place = (step.stage, step.done if heard.steps else 0)
        if place not in heard.seen:
            heard.seen.append(place)
            if heard.stop_at == len(heard.seen):
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(progress_display.Lines, "__call__", listen)
    return heard


def test_motifs_are_stopped_at_each_stage(
    world: Path, interpret: Callable[..., Ended], stages: Stages, tmp_path: Path
) -> None:
    assert interpret(*words(MOTIFS.replace("--out out", "--out whole"), world)).code == 0
    assert len(stages.seen) >= 3, stages.seen

    def run() -> Ended:
        ended = interpret(*words(MOTIFS, world))
        assert not tree(tmp_path).keys() & {"out/motifs.tsv", "out/summary.json"}
        return ended

    assert stages.stopped_at_each(run) >= 3
    assert interpret(*words(MOTIFS, world)).code == 0
    whole = {
        name.removeprefix("whole/"): value for name, value in tree(tmp_path).items() if name.startswith("whole/")
    }
    again = {name.removeprefix("out/"): value for name, value in tree(tmp_path).items() if name.startswith("out/")}
    told = {"summary.json", "report.html"}  # they hold the command line
    assert {name: again[name] for name in again if name not in told} == {
        name: whole[name] for name in whole if name not in told
    }


def test_a_study_is_stopped_at_each_step(
    world: Path, interpret: Callable[..., Ended], stages: Stages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stages.steps = True
    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)
    assert interpret(*words(STUDY.replace("--out out", "--out whole"), world)).code == 0
    assert {"training", "testing"} <= {stage for stage, _ in stages.seen}
    assert stages.stopped_at_each(lambda: interpret(*words(STUDY, world))) >= 3
    stages.stop_at = 0
    assert interpret(*words(STUDY, world)).code == 0
    results = [pd.read_csv(tmp_path / name / "results.tsv", sep="\t") for name in ("out", "whole")]
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in results))
    assert not list(tmp_path.glob(".*.part"))


SIMULATE = "simulate out --preset tiny --seed 4 --grammar or"
PHASES = (
    *("background", "repeats", "genes and elements", "sites", "uniqueness", "genome and annotation", "truth"),
    *("DNase in lymphoid", "ChIP of CTCF in lymphoid", "DNase in hepatic", "ChIP of MAX in hepatic", ""),
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `simulate` writes when nobody stops it, and the phases that it tells of."""
    out, notes = tmp_path_factory.mktemp("simulated") / "out", []
    simulate(out, preset="tiny", seed=4, grammar="or", progress=lambda step: notes.append(step.note))
    assert {*PHASES} == {note for note in notes if "ChIP" not in note or note in PHASES}, (
        "each phase is in the list"
    )
    return tree(out)


@pytest.mark.parametrize("phase", PHASES)
def test_simulate_is_stopped_in_each_phase(
    phase: str,
    simulated: dict[str, str],
    interpret: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    plain, seen = progress_display.Lines.__call__, []

    def listen(self: progress_display.Lines, step: Step) -> None:
        plain(self, step)
        if step.note == phase and not seen:
            seen.append(step)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(progress_display.Lines, "__call__", listen)
    stopped(interpret(*SIMULATE.split()))
    assert seen
    assert not list(tmp_path.iterdir()), "neither the folder nor a part of it"
    if phase in PHASES[::4]:  # nothing is left, so that one is as another
        assert interpret(*SIMULATE.split()).code == 0
        assert tree(tmp_path / "out") == simulated


def test_a_process_of_simulate_is_stopped(simulated: dict[str, str], tmp_path: Path) -> None:
    """The signal comes while files are written, at a moment of nobody's choice."""
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", *SIMULATE.split()]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert within(200, lambda: any(tmp_path.glob(".out.*.part/part/dnase/*")))
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)
    stopped(Ended(process.returncode, out, told))
    assert not list(tmp_path.iterdir())
    assert subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE).returncode == 0
    assert tree(tmp_path / "out") == simulated


def test_a_study_of_two_processes_is_stopped(world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """As a terminal does: the signal reaches workers too, of which none says anything, or is left."""
    line = STUDY.replace("epochs=2", "epochs=40")
    command = words(line.replace("--processes 1", "--processes 2"), world)
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", *command]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    assert within(200, lambda: any(path.is_file() for path in tmp_path.glob("out/runs/**/*")))
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    stopped(Ended(process.returncode, "", told))
    assert within(20, lambda: not alive(process.pid)), "no process of it is left"
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith((".part", ".motiflens.lock"))]
    assert interpret(*words(line, world)).code == 0
    assert interpret(*words(line.replace("--out out", "--out whole"), world)).code == 0
    results = [pd.read_csv(tmp_path / name / "results.tsv", sep="\t") for name in ("out", "whole")]
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in results))


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def alive(group: int) -> bool:
    """Whether a process of the group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("name", ["empty/../empty", "link"])
def test_simulate_into_an_empty_folder(
    name: str, simulated: dict[str, str], interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    """By a way through itself all was left in `.empty.….part`; a link to it was refused at the end of the work."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert interpret(*SIMULATE.replace("out", name).split()).code == 0
    assert tree(tmp_path / "empty") == simulated
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "link"}
