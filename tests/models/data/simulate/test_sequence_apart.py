"""A cell type that another process sequences: the same bytes, and nothing missing where that process fails."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest

from motiflens.models.data.simulate import simulate
from motiflens.models.progress import Step

APART = importlib.import_module("motiflens.models.data.simulate.sequence_apart")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Two cores, and tiny genomes are worth a process; the processes that were started."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(APART, "_LEAST", 0)
    processes: list[subprocess.Popen[bytes]] = []
    begin = subprocess.Popen

    def note(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        processes.append(begin(*arguments, **options))  # type: ignore[call-overload]
        return processes[-1]

    monkeypatch.setattr(APART.subprocess, "Popen", note)
    return processes


def test_two_processes_write_the_same_bytes(
    tiny: Path, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    steps: list[Step] = []
    found = contents(simulate(tmp_path / "apart", preset="tiny", progress=steps.append))
    assert [process.returncode for process in started] == [0]
    assert found == contents(tiny)  # made by one: a genome this small has no other process
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert not any("hepatic" in step.note for step in steps)  # this process sequenced the first cell type alone


def test_what_the_process_leaves_undone_is_done_here(
    tiny: Path, tmp_path: Path, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(APART, "_CODE", "raise SystemExit(1)")
    assert contents(simulate(tmp_path / "apart", preset="tiny")) == contents(tiny)
    assert [process.returncode for process in started] == [1]


def test_the_process_ends_with_the_command(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(APART, "_CODE", "import sys, time; sys.stdin.buffer.read(); time.sleep(600)")

    def stop(step: Step) -> None:
        if "ChIP" in step.note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "apart", preset="tiny", progress=stop)
    assert started[0].returncode != 0
    assert not any(tmp_path.iterdir())
