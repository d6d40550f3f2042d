"""A process compiles the engines once; what trains first does not import them before."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

module = importlib.import_module("motiflens.analyses.motifs.engines.compile_ahead")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(module, "_CODE", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()")
    commands: list[list[str]] = []
    popen = subprocess.Popen

    def start(command: list[str], **options: object) -> object:
        commands.append(command)
        return popen(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "Popen", start)
    return commands


def test_once_for_a_machine_and_version(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with module.compile_ahead():
            pass
    assert len(started) == 1
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    with module.compile_ahead():
        pass
    assert len(started) == 2


def test_neither_with_one_core_nor_after_a_failure(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CODE", "import time; time.sleep(60)")
    with pytest.raises(KeyError), module.compile_ahead():  # the process is ended at once
        raise KeyError("the block")
    monkeypatch.setattr(module, "cores", lambda: 1)
    with module.compile_ahead():
        pass
    assert len(started) == 1


def test_the_engines_are_imported_after_the_training() -> None:
    code = (
        "import sys, motiflens.analyses.motifs.model_motifs, motiflens.analyses.motifs.motif_files\n"
        "print([name for name in sys.modules if name.endswith(('scan_numba', 'match_numba', 'pvalues_numba'))])"
    )
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert made.stdout.strip() == "[]"
