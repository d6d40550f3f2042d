from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def interpret(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_simulate_writes_a_folder_and_says_where(tmp_path: Path) -> None:
    done = interpret("simulate", str(tmp_path / "sim"), "--preset", "tiny", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert "preset tiny, seed 3" in done.stdout
    assert (tmp_path / "sim" / "dataset.toml").is_file()
    assert (tmp_path / "sim" / "truth" / "sites.bed").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["sim"]  # nothing temporary is left

    again = interpret("simulate", str(tmp_path / "sim"), "--preset", "tiny")
    assert again.returncode == 2
    assert "not an empty folder" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "huge"], "no preset 'huge': choose one of small, paper"),
        (["--seed", "-1"], "--seed is -1"),
        (["--distance", "40-60"], "distance is '40-60': expected FIRST:LAST"),
        (["--distance", "5:140"], "distance is 140: expected at least 2 and at most 139"),
    ],
)
def test_bad_options_are_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    done = interpret("simulate", str(tmp_path / "sim"), *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "sim").exists()


def test_the_distance_of_partners_is_written_out(tmp_path: Path) -> None:
    done = interpret("simulate", str(tmp_path / "sim"), "--preset", "tiny", "--distance", "40:60", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["distance"] == [40, 60]
    record = json.loads((tmp_path / "sim" / "truth" / "simulation.json").read_text(encoding="utf-8"))
    assert record["pair"]["gap_bp"] == [40, 60]
