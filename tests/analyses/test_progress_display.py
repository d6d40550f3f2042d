"""What is shown while a command works."""

from __future__ import annotations

import io
import sys
import time

import pytest

from motiflens.analyses.cli import progress_display as module
from motiflens.analyses.cli.progress_display import Pace, progress_display
from motiflens.models.progress import Step


def test_elsewhere_than_on_a_terminal_a_line_a_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHILE", 0.05)
    with progress_display() as progress:
        for done in range(4):
            progress(Step("training", done, 3, note="epoch 1/2  loss 0.5"))
        time.sleep(0.2)
        progress(Step("training", 0, 3, note="epoch 2/2"))
        progress(Step("training", 3, 3, note="epoch 2/2  loss 0.4"))
        progress(Step("plotting", 0, 9))
        time.sleep(0.2)
        progress(Step("plotting", 9, 9))
        progress(Step("done at once", 9, 9))
    out, err = capsys.readouterr()
    assert err == "  training …\n  plotting …\n"
    assert [line.split("  ")[:2] for line in out.splitlines()] == [
        ["epoch 1/2", "loss 0.5"],
        ["epoch 2/2", "loss 0.4"],
    ]
    assert "windows/s" in out


def test_what_fails_at_once_shows_no_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display() as progress:
        progress(Step("opening the data"))
    assert capsys.readouterr() == ("", "")


def test_a_stage_that_takes_long_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHILE", 0.01)
    with progress_display() as progress:
        progress(Step("opening the data"))
        time.sleep(0.2)
    assert capsys.readouterr().err == "  opening the data …\n"


def test_no_speed_before_there_is_something_to_tell_it_by(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = Pace(Step("attributing", 5_000_000, 5_000_100))  # resumed: what was done before is no speed
    now += 0.01
    assert pace.goes_on(Step("attributing", 5_000_050, 5_000_100))
    assert pace.figures() == "", "a hundredth of a second tells nothing"
    now += 0.99
    assert pace.figures() == "50 windows/s  0:01 left"
    assert not pace.goes_on(Step("attributing", 3, 10)), "another pass"


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with progress_display() as progress:
        progress(Step("route kernels", 0, 40, note="[bold] is text"))
        progress(Step("route kernels", 20, 40, note="[bold] is text"))
        time.sleep(0.2)  # it is redrawn ten times a second
    assert "route kernels" in screen.getvalue()
    assert "20 of 40 windows" in screen.getvalue()
    assert "[bold] is text" in screen.getvalue()
