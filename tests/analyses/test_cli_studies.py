"""The commands of studies as a user calls them: files that are fixed, and one line for bad input."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from motiflens.analyses.cli.main import main
from motiflens.analyses.study import read_study

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "outputs.md"


def interpret(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line here; its exit code."""
    monkeypatch.setattr(sys, "argv", ["interpret", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def whole(out: Path, kind: str) -> None:
    """Check what every study leaves."""
    for suffix in (".svg", ".png", ".tsv"):
        assert any(out.glob(f"*{suffix}")), suffix
    made_by = json.loads((out / "provenance.json").read_text())
    assert {"command", "versions", "seed", "data", "runs", "parameters"} <= set(made_by)
    study = read_study(out)
    assert study.kind == kind
    assert study.findings
    for file, caption in study.figures:
        assert file.is_file()
        assert file.with_suffix(".png").is_file()
        assert len(caption) > 60, file
    explained = set(re.findall(r"`([^`]+)`", PAGE.read_text(encoding="utf-8")))
    for file, caption in study.tables:
        table = pd.read_csv(file, sep="\t")
        assert len(table)
        assert caption, file
        assert set(table.columns) - explained == set(), (
            f"columns of {file.name} that docs/outputs.md does not name"
        )
        assert file.name in explained, f"docs/outputs.md does not name {file.name}"


def test_chip_warns_of_signals_of_another_size(
    small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(small_world.signals, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    known = {"dnase": {"mean": 300.0, "high": 3600.0, "low": 0.0}}
    (run / "config.json").write_text(json.dumps({**config, "signal_ranges": known}))
    quick = ("--look", "saliency", "--untrained", "0", "--peaks", "0", "--maximum", "30")
    for more, line in (
        ((), "warning: the signal dnase reaches "),
        (("--scale-signals",), "the signal dnase is multiplied by "),
    ):
        assert interpret(monkeypatch, "chip", str(run), "--out", str(tmp_path / "out"), *quick, *more) == 0
        told = capsys.readouterr().err.splitlines()
        assert sum(each.startswith(line) for each in told) == 1, told


def test_chip(small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "chip"
    arguments = ("--data", str(small_world.data), "--maximum", "60", "--peaks", "12", "--paper", "--seed", "3")
    assert interpret(monkeypatch, "chip", str(small_world.signals), "--out", str(out), *arguments) == 0
    whole(out, "chip")
    chip = pd.read_csv(out / "chip.tsv", sep="\t")
    assert set(chip["target"]) == {"X|one", "X|two"}
    assert set(chip["look"]) == {"attention", "saliency"}
    assert {"observed", "excess", "other_windows", "circular_shift", "position_mean", "untrained"} <= set(
        chip["quantity"]
    )
    whole_table = pd.read_csv(out / "correlations.tsv", sep="\t")
    assert set(whole_table["strand"]) == {"+", "-", "mean"}
    assert set(whole_table["at"]) == {"positions", "bp"}
    assert set(whole_table["statistic"]) == {"pearson", "spearman"}
    paper = pd.read_csv(out / "paper.tsv", sep="\t")
    assert paper.set_index("measure").loc["best_channel", "circular"].all()
    captions = {file.stem: caption for file, caption in read_study(out).figures}
    assert {"nulls", "distribution", "strands", "pooled", "lags", "shift", "slid", "tracks", "paper"} == set(
        captions
    )
    assert "CIRCULAR" in captions["paper"]
    assert json.loads((out / "provenance.json").read_text())["parameters"]["seed"] == 3


def test_chip_of_a_model_that_sees(small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "chip"
    arguments = ("--data", str(small_world.data), "--maximum", "80", "--peaks", "15")
    assert interpret(monkeypatch, "chip", str(small_world.seeing), "--out", str(out), *arguments) == 0
    chip = pd.read_csv(out / "chip.tsv", sep="\t").set_index(["target", "look", "quantity"])
    for target in ("X|one", "X|two"):
        assert chip.loc[(target, "attention", "excess"), "low"] > 0.3
        untrained = chip.loc[(target, "attention", "untrained_excess")]
        assert abs(untrained["mean"]) < 0.15
    shift = pd.read_csv(out / "shift.tsv", sep="\t").set_index(["target", "model", "measure"])
    assert shift.loc[("X|one", "trained", "mass"), "slope"] > 0.9


@pytest.mark.parametrize("command", ["attention", "importance"])
def test_several_runs_of_a_folder(
    small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    out = tmp_path / command
    runs = small_world.signals.parent if command == "importance" else small_world.signals
    arguments = ["--data", str(small_world.data), "--maximum", "40", "--seed", "1"]
    if command == "importance":
        arguments += ["--repeats", "1", "--bootstrap", "5", "--no-single-features"]
    assert interpret(monkeypatch, command, str(runs), "--out", str(out), *arguments) == 0
    whole(out, command)


def test_dnase(small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "dnase"
    runs = (str(small_world.signals), str(small_world.none))
    arguments = ("--data", str(small_world.data), "--matched", "--seed", "1")
    assert interpret(monkeypatch, "dnase", *runs, "--out", str(out), *arguments) == 0
    whole(out, "dnase")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chip", "NONE"], "has no attention"),
        (["chip", "nosuch"], "is no run folder and holds none"),
        (["chip", "SEEING", "--data", "BARE"], "has no fold change for X|one"),
        (["chip", "SEEING", "--maximum", "2"], "--maximum is 2: expected at least 3"),
        (["chip", "SEEING", "--data", "THREE"], "has 3 bound windows in 1 places, too few"),
        (["chip", "SEEING", "SIGNALS", "--split", "nosuch"], "has no split 'nosuch'"),
        (["chip", "SEEING", "OTHER"], "give runs of the same data"),
        (["attention", "NONE"], "has no attention"),
        (
            ["attention", "SEEING", "--threshold", "1.5"],
            "--threshold is 1.5: expected more than 0 and less than 1",
        ),
        (["importance", "SEEING", "--repeats", "0"], "--repeats is 0: expected at least 1"),
        (["importance", "SEEING", "--data", "THREE"], "too few to measure"),
        (["importance", "SEEING", "OTHER"], "give runs of the same data"),
        (["attention", "SEEING", "OTHER"], "give runs of the same data"),
        (["dnase", "SEEING", "OTHER"], "give runs of the same data"),
        (["dnase", "SIGNALS", "SEEING"], "different windows"),
        (["kmers", "SEEING"], "embeds no k-mers: give a run of kegru"),
    ],
)
def test_bad_input_is_one_line(
    small_world: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    known = {"NONE": small_world.none, "SEEING": small_world.seeing, "SIGNALS": small_world.signals}
    data = str(small_world.data)
    for word in ("BARE", "THREE", "OTHER"):
        if word in arguments:
            known[word] = _variant(small_world, tmp_path, word)
    words = [str(known.get(word, word)) for word in arguments]
    if "--data" not in words and "OTHER" not in arguments:
        words += ["--data", data]
    code = interpret(monkeypatch, *words, "--out", str(tmp_path / "out"))
    error = capsys.readouterr().err
    assert code == 2
    last = error.strip().splitlines()[-1]
    assert last.startswith("interpret: ")
    assert message in last
    assert not (tmp_path / "out").exists()


@pytest.mark.realdata
def test_studies_of_a_published_model(
    shared: Path, small_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeepGRN's own weights of NANOG, on windows of 1,002 bp that they have never seen."""
    run = tmp_path / "nanog"
    assert (
        interpret(monkeypatch, "import", str(shared / "weights/deepgrn/NANOG_single.h5"), "--out", str(run)) == 0
    )
    data = ("--data", str(small_world.data), "--tf", "X", "--maximum", "10")
    few = {"chip": ("--look", "attention", "--peaks", "0", "--untrained", "0")}
    few["importance"] = ("--repeats", "1", "--bootstrap", "5")
    for command, more in few.items():
        out = tmp_path / command
        assert interpret(monkeypatch, command, str(run), "--out", str(out), *data, *more) == 0
        whole(out, command)


def _variant(small_world: Any, folder: Path, word: str) -> Path:
    """Data without fold change, data whose test chromosome has one peak, or a run of other data."""
    data = folder / word
    data.mkdir()
    for file in small_world.data.iterdir():
        if file.suffix != ".toml" and "peaks" not in file.name:
            (data / file.name).symlink_to(file)
    toml = (small_world.data / "dataset.toml").read_text()
    for cell in ("one", "two"):
        lines = (small_world.data / f"peaks.{cell}.narrowPeak").read_text().splitlines()
        if word == "THREE":
            lines = [line for line in lines if not line.startswith("chr3")] + [lines[-1]]
        (data / f"peaks.{cell}.narrowPeak").write_text("\n".join(lines) + "\n")
        if word == "BARE":
            toml = toml.replace(f'fold_change = "fold.{cell}.bw"\n', "")
    (data / "dataset.toml").write_text(toml if word != "OTHER" else toml.replace("small world", "another"))
    return small_world.module.seeing_run(data, folder / "run") if word == "OTHER" else data
