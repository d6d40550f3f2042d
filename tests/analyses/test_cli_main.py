"""The border of the command line: one line for each failure, exit codes, ``--quiet``, ``--json``, spellings."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli import main as module
from motiflens.analyses.cli.failure import failure
from motiflens.analyses.cli.main import COMMANDS, PANELS, app, main
from motiflens.analyses.cli.model_names import MODEL_NAMES
from motiflens.analyses.cli.plain_help import ORDER
from motiflens.analyses.cli.shared_options import CHOICES
from motiflens.interpret.attribution.method_costs import costs

MEME = """MEME version 4

ALPHABET= ACGT

MOTIF one
letter-probability matrix: alength= 4 w= 4 nsites= 20
0.97 0.01 0.01 0.01
0.01 0.97 0.01 0.01
0.01 0.01 0.97 0.01
0.01 0.01 0.01 0.97
"""


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process and return the exit code."""
    monkeypatch.setattr(sys, "argv", ["interpret", *words])
    monkeypatch.delenv("MOTIFLENS_DEBUG", raising=False)
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with a motif and a sequence."""
    monkeypatch.chdir(tmp_path)
    Path("m.meme").write_text(MEME)
    Path("s.fa").write_text(">a\nTTTTACGTTTTTGGACGTTT\n")
    return tmp_path


SCAN = ("scan", "--motifs", "m.meme", "--sequences", "s.fa", "--thresh", "0.01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trai",), "Did you mean 'train'"),
        (("scan", "--motif", "m"), "--motifs"),
        (("scan",), "Missing option"),
        (("train", "--model", "tbinet", "--seed", "x"), "'--seed'"),
        (("attribute",), "name a run folder: interpret attribute RUN"),
        (("attribute", "a", "--model", "b"), "two runs"),
    ],
)
def test_a_mistyped_command_line_is_one_line(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    assert run(monkeypatch, *words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said.lower() in err.lower()


class SafetensorError(Exception):
    """Of a library's own kind."""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("a\nb"), 2, "a b"),
        (zlib.error("Error -3"), 2, "damaged or cut off"),
        (MemoryError("Unable to allocate 9 TiB"), 2, "too little memory"),
        (OSError(errno.ENOSPC, "No space left on device", "x.tsv"), 2, "the disk is full (writing x.tsv)"),
        (SafetensorError("I/O error: No space left on device"), 2, "the disk is full"),
        (OSError(errno.EFBIG, "File too large"), 2, "larger than the system allows"),
        (RuntimeError("shape\n[1]"), 1, "a fault of motiflens"),
        (RecursionError("maximum depth"), 1, "a fault of motiflens"),
        (AssertionError(), 1, "AssertionError"),
    ],
)
def test_failures(error: Exception, code: int, said: str) -> None:
    line, ended = failure(error)
    assert ended == code
    assert said in line
    assert "\n" not in line


def test_a_fault_names_a_log(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("motiflens.analyses.motifs.scan_command.scan_command", broken)
    assert run(monkeypatch, *SCAN, "--out", "o.tsv") == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    log = Path(err.split()[-1])
    assert 'raise KeyError("surprise")' in log.read_text()
    assert "motiflens" in log.read_text()
    log.unlink()


def test_json_quiet_and_the_standard_output(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *SCAN, "--out", "a.tsv", "--json") == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["hits"] == len(Path("a.tsv").read_text().splitlines()) - 1 > 0
    assert err == ""
    assert run(monkeypatch, *SCAN, "--out", "a.tsv", "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    assert run(monkeypatch, *SCAN, "--out", "-") == 0
    out, err = capfd.readouterr()
    assert out == Path("a.tsv").read_text()
    assert "hits of 1 motifs" in err
    assert sorted(path.name for path in here.iterdir()) == ["a.tsv", "a.tsv.json", "m.meme", "s.fa"]


def test_output_never_destroys(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    Path("notes").write_text("mine")
    for out in ("m.meme", "s.fa", "/dev/null", "notes", "."):
        assert run(monkeypatch, *SCAN, "--out", out) == 2, out
        assert capsys.readouterr().err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in here.iterdir()} == {**before, "notes": b"mine"}
    assert run(monkeypatch, *SCAN, "--out", "notes", "--overwrite") == 0
    assert run(monkeypatch, *SCAN, "--out", "notes") == 0, "now it is our own"


def test_other_spellings_are_hidden(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SCAN[:-2], "--threshold", "0.01", "--out", "o.tsv"]
    assert run(monkeypatch, *words) == 0
    assert json.loads(Path("o.tsv.json").read_text())["threshold"] == 0.01
    capsys.readouterr()
    assert run(monkeypatch, "scan", "--help") == 0
    shown = capsys.readouterr().out
    assert "--thresh" in shown
    assert "--threshold" not in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_panels_quiet_and_json(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    words = [name, "describe"] if name == "data" else [name]
    assert run(monkeypatch, *words, "--help") == 0
    shown = capsys.readouterr().out
    for option in ("--quiet", "--json"):
        assert option in shown
    panels = re.findall(r"^╭─ ([A-Z]\w+) ─", shown, flags=re.M)
    assert panels[-1] == "Output"
    assert [panel for panel in panels if panel in ORDER] == [panel for panel in ORDER if panel in panels]
    assert not re.search(r"<\w|list\[", shown), "types are words"


def test_numbers_show_their_range_and_choices_are_shown_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run(monkeypatch, "serve", "--help") == 0
    assert "INTEGER 0…65535" in capsys.readouterr().out
    assert run(monkeypatch, "scan", "--help") == 0
    shown = capsys.readouterr().out
    assert "NUMBER 0…1" in shown
    assert "INTEGER 1…4096" in shown
    assert "uniform|nrdb|motifs|sequences|FILE" in shown


def test_shown_choices_are_those_there_are() -> None:
    """Help imports nothing heavy, so that it spells them out; here they are compared with the code."""
    from typing import get_args

    from motiflens.analyses.attribute_run import Only
    from motiflens.analyses.interactions import METHODS
    from motiflens.models.data.folder_spec import LABELLINGS
    from motiflens.models.data.options import CONTROLS, NEGATIVES
    from motiflens.models.data.simulate.grammar import GRAMMARS
    from motiflens.models.data.vcf import MISMATCHES
    from motiflens.models.registry import _BUILT_IN

    assert list(MODEL_NAMES) == sorted(_BUILT_IN)
    for name, there_are in {
        "labelling": LABELLINGS,
        "control": CONTROLS,
        "negatives": (*NEGATIVES, "FILE"),
        "grammar": tuple(GRAMMARS),
        "mismatch": MISMATCHES,
        "interactions.method": METHODS,
        "attribute.only": get_args(Only),
    }.items():
        assert sorted(CHOICES[name].split("|")) == sorted(there_are), name


def test_commands_are_grouped_by_task(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    assert all(panel in shown for panel in PANELS)
    assert "…" not in shown.replace("COMMAND …", ""), "descriptions fit"
    assert "--install-completion" in shown


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("interpret tra", ["train", "transfer"]),
        ("interpret train --pre", ["--preset", "--precision"]),
        ("interpret evaluate run --split v", ["valid"]),
        ("interpret scan --engine me", ["meme", "memelite"]),
        ("interpret train --model deepg", ["deepgrn"]),
    ],
)
def test_completion(typed: str, offered: list[str], tmp_path: Path) -> None:
    words = typed.split()
    asked = {"_INTERPRET_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; sys.argv = ['interpret']; from motiflens.analyses.cli.main import main; main()"
    made = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert sorted(made.stdout.split()) == sorted(offered)


def test_completion_is_installed(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['interpret', '--install-completion', 'bash']; "
    code += "from motiflens.analyses.cli.main import main; main()"
    home = {"HOME": str(tmp_path), "SHELL": "/bin/bash", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    made = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **home}, capture_output=True, text=True, check=True
    )
    assert "completion installed" in made.stdout
    assert "complete_bash" in (tmp_path / ".bash_completions" / "interpret.sh").read_text()


def test_a_reader_that_goes_away(here: Path) -> None:
    words = [sys.executable, "-m", "motiflens.analyses.cli.main", *SCAN, "--out", "-"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate()
    assert process.returncode in (0, module.GONE)
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["attribute", "hits", "motifs", "sanity", "variants"])
def test_help_says_what_methods_cost(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "2000", "TERMINAL_WIDTH": "2000"})
    assert costs()[:60] in " ".join(result.output.replace("│", " ").split())
