"""The seam to processes and clusters: all parts, whatever works on them, and whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from motiflens.models.executor import Workers, crew

CODE = """
import os, signal, time
from pathlib import Path


def double(part):
    if part == 3:
        raise ValueError("three")
    return 2 * part


def die_once(part):
    folder, number = part
    marker = Path(folder) / f"{number}"
    if number == 2 and not marker.exists():
        marker.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def tidy(part):
    try:
        slow(part)
    finally:
        Path(part).write_text("tidied")


def slow(part):
    Path(part).write_text(str(os.getpid()))
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def parts_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A module that worker processes can import too."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "executor_parts.py").write_text(CODE)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), *sys.path, before]))
    sys.path.insert(0, str(folder))
    import executor_parts  # type: ignore[import-not-found]

    yield executor_parts
    sys.path.remove(str(folder))
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def cluster(parts_module: object, request: pytest.FixtureRequest) -> str:
    """The address of a Dask cluster whose workers can import the parts' module."""
    return str(request.getfixturevalue("dask_cluster").scheduler_address)


@pytest.mark.parametrize("kind", ["here", "processes", "dask"])
def test_every_part_is_done_and_an_error_is_its_own(
    kind: str, parts_module: object, request: pytest.FixtureRequest
) -> None:
    workers = {
        "here": lambda: Workers(),
        "processes": lambda: Workers(processes=2),
        "dask": lambda: Workers(dask=request.getfixturevalue("cluster")),
    }[kind]()
    found = {done.part: done for done in completed(parts_module.double, range(6), workers)}  # type: ignore[attr-defined]
    assert {part: done.made for part, done in found.items()} == {0: 0, 1: 2, 2: 4, 3: None, 4: 8, 5: 10}
    assert str(found[3].error) == "three"
    assert all(done.error is None for part, done in found.items() if part != 3)


def test_a_dead_process_costs_what_it_was_doing(parts_module: object, tmp_path: Path) -> None:
    parts = [(str(tmp_path), number) for number in range(6)]
    found = {done.part[1]: done for done in completed(parts_module.die_once, parts, Workers(processes=2))}  # type: ignore[attr-defined]
    lost = {number for number, done in found.items() if done.error is not None}
    assert 2 in lost
    assert len(lost) <= 2
    assert {number: done.made for number, done in found.items() if number not in lost} == {
        number: number for number in range(6) if number not in lost
    }


def test_workers_end_with_a_killed_parent(parts_module: object, tmp_path: Path) -> None:
    code = (
        "import sys, executor_parts; from motiflens.models.executor import Crew, Workers\n"
        "if __name__ == '__main__': list(Crew(Workers(processes=2)).completed(executor_parts.slow, sys.argv[1:]))"
    )
    (tmp_path / "main.py").write_text(code)
    files = [tmp_path / "a", tmp_path / "b"]
    parent = subprocess.Popen([sys.executable, str(tmp_path / "main.py"), *map(str, files)])
    assert _within(60, lambda: all(file.exists() and file.read_text() for file in files))
    children = [int(file.read_text()) for file in files]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert _within(30, lambda: not any(_alive(child) for child in children))


@pytest.mark.parametrize("whom", ["the parent alone", "all, as a terminal does"])
def test_ctrl_c_ends_workers_at_once(whom: str, parts_module: object, tmp_path: Path) -> None:
    code = (
        "import sys, executor_parts; from motiflens.models.executor import Workers, crew\n"
        "if __name__ == '__main__':\n"
        "    import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
        "    with crew(Workers(processes=2)) as team: list(team.completed(executor_parts.tidy, sys.argv[1:]))"
    )
    (tmp_path / "main.py").write_text(code)
    files = [tmp_path / "a", tmp_path / "b"]
    words = [sys.executable, str(tmp_path / "main.py"), *map(str, files)]
    parent = subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE, text=True)
    assert _within(60, lambda: all(file.exists() and file.read_text() for file in files))
    children = [int(file.read_text()) for file in files]
    if whom == "the parent alone":
        parent.send_signal(signal.SIGINT)
    else:
        os.killpg(parent.pid, signal.SIGINT)
    _, told = parent.communicate(timeout=60)
    assert not any(_alive(child) for child in children)
    assert told.count("Traceback") == 1, "its own, which the command line turns into a line; none of a worker"
    assert [file.read_text() for file in files] == ["tidied"] * 2, "a worker leaves its files as after Ctrl-C"


def completed(function: object, parts: object, workers: Workers) -> list[object]:
    with crew(workers) as team:
        return list(team.completed(function, parts))  # type: ignore[arg-type]


def _within(seconds: float, condition: object) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_bad_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiflens.models.executor._ANSWER", "1s")
    with pytest.raises(ValueError, match="processes is 0: expected at least 1"):
        Workers(processes=0)
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="no Dask scheduler answers at"):
        completed(abs, [1], Workers(dask="tcp://127.0.0.1:1"))
