"""What surrounds a command and is no option of it: variables, streams, folders that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import MEME

COMMAND = [sys.executable, "-m", "motiflens.analyses.cli.main"]
SCAN = [*COMMAND, "scan", "--motifs", "m.meme", "--sequences", "é.fa", "--thresh", "0.01", "--out"]
# Name -> variables to set, and to take away.
HARMLESS = {
    "language": ({"LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii"}, ()),
    "no home": ({"TMPDIR": "/nonexistent", "COLUMNS": "1", "TERM": "dumb"}, ("HOME", "XDG_CACHE_HOME")),
    "numbers": ({"OMP_NUM_THREADS": "0", "PYTHONWARNINGS": "error", "NO_COLOR": "1"}, ()),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("m.meme").write_text(MEME)
    Path("é.fa").write_text(">a\nACGTACGTTGACTCATTTACGTACGTACGGT\n>b\nTTTTGACTCAGGACGTAACCGGTTAA\n")
    return tmp_path


def _run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, **options)  # type: ignore[call-overload, no-any-return]


def test_harmless_surroundings_change_no_byte(place: Path) -> None:
    plain = _run([*SCAN, "plain.tsv"])
    assert plain.returncode == 0, plain.stderr
    for name, (more, less) in HARMLESS.items():
        environment = {key: value for key, value in os.environ.items() if key not in less} | more
        result = _run([*SCAN, f"{name}.tsv"], env=environment)
        assert result.returncode == 0, (name, result.stderr)
        assert Path(f"{name}.tsv").read_bytes() == Path("plain.tsv").read_bytes(), name


def test_a_cache_that_cannot_be_made(place: Path) -> None:
    environment = {**os.environ, "MOTIFLENS_CACHE": str(place / "m.meme" / "cache")}
    for arguments in (["cache"], ["cache", "verify"]):
        result = _run([*COMMAND, *arguments], env=environment)
        assert result.returncode == 2, result.stderr
        lines = result.stderr.splitlines()
        assert len(lines) == 1, lines
        assert "set MOTIFLENS_CACHE to a folder that can be written to" in lines[0]
        assert "[Errno" not in lines[0]


def test_the_standard_output_is_closed(place: Path) -> None:
    closed = ["bash", "-c", 'exec "$@" >&-', "-", *SCAN, "-"]
    result = _run(closed)
    assert result.returncode == 2
    assert result.stderr == "interpret: --out -: the standard output is closed: name a file to write\n"


def test_whoever_reads_the_output_may_stop_at_once(place: Path) -> None:
    """`| head` and its kin end a command without a word."""
    result = _run(["bash", "-c", '"$@" | head -0; exit ${PIPESTATUS[0]}', "-", *SCAN, "-"])
    assert result.returncode in (0, 128 + 13)
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 1
