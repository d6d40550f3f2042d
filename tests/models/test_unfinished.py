"""What a killed process left unfinished goes when the same is made again; what lives, or is another's, stays."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from motiflens.models.files import files_together, write_whole
from motiflens.models.folder_lock import folder_lock
from motiflens.models.unfinished import remove_unfinished, unfinished


def killed_in(work: Callable[[], None], folder: Path) -> None:
    """Fork a process, and kill it when what it works on is in the folder."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    try:
        for _ in range(1000):
            if list(folder.glob(".*.part/part/*")) + list(folder.glob(".*.part/written")):
                break
            time.sleep(0.01)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def together(out: Path) -> None:
    with files_together(out) as part:
        (part / "a").write_text("half")
        time.sleep(60)


def whole(out: Path) -> None:
    with write_whole(out) as part:
        part.with_name("written").write_text("half")
        time.sleep(60)


def again(out: Path, folder: bool) -> None:
    with files_together(out) if folder else write_whole(out) as part:
        (part / "a" if folder else part).write_text("whole")


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("name", ["out", "a b.tsv", "ä" * 120, "x*[y]"])
def test_the_same_again(name: str, folder: bool, tmp_path: Path) -> None:
    out = tmp_path / name
    for _ in range(2):
        killed_in(lambda: together(out) if folder else whole(out), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1, "the second one removed what the first one left"
    again(tmp_path / "another", folder)
    assert len(list(tmp_path.iterdir())) == 2, "another's is left alone"
    again(out, folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["another", name])
    assert (out / "a" if folder else out).read_text() == "whole"


def test_a_folder_that_is_locked(tmp_path: Path) -> None:
    killed_in(lambda: whole(tmp_path / "x"), tmp_path)
    with folder_lock(tmp_path):
        assert not list(tmp_path.glob(".*.part"))


def test_what_lives_stays(tmp_path: Path) -> None:
    with unfinished(tmp_path / "out") as first:
        first.write_text("half")
        with unfinished(tmp_path / "out") as second:
            assert first.exists()
            assert first.parent != second.parent
        assert remove_unfinished(tmp_path) == 0
    assert not list(tmp_path.iterdir())


def test_anothers_stays(tmp_path: Path) -> None:
    (tmp_path / ".out.abcdefgh.part").mkdir()
    (tmp_path / ".out.abcdefgh.part" / "mine").write_text("mine")
    (tmp_path / ".out.12345678.part").write_text("mine")
    (tmp_path / ".out.empty_00.part").mkdir()  # killed before it was locked
    assert remove_unfinished(tmp_path) == 1
    again(tmp_path / "out", False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.12345678.part", ".out.abcdefgh.part", "out"]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(38, "no locks")

    monkeypatch.setattr("motiflens.models.unfinished.fcntl.flock", refuse)
    with unfinished(tmp_path / "out"):
        assert remove_unfinished(tmp_path) == 0, "it may live"
    assert not list(tmp_path.iterdir())
