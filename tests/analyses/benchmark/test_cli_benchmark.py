"""`interpret benchmark`, and what `interpret report` makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from motiflens.analyses.benchmark.plan import plan_named
from motiflens.analyses.cli.main import app
from motiflens.analyses.study import read_study
from motiflens.models import build, registry, save_run


def test_command(world: Path, tmp_path: Path) -> None:
    config = {
        "tasks": ["CTCF"],
        "channels": list("ACGT"),
        "data": {"source": str(world), "options": {"tf": "CTCF", "signals": []}},
    }
    for name in ("first", "second"):
        save_run(tmp_path / "runs" / name, build("tbinet", length=500, kernels=4, units=2, dense=4), config)
    out = tmp_path / "out"
    words = ["benchmark", "--out", str(out), "--models", f"{tmp_path}/runs/first,{tmp_path}/runs/second"]
    words += [
        "--methods",
        "attention,saliency,random,pwm",
        "--routes",
        "none",
        "--pairs",
        "none",
        "--windows",
        "5",
    ]
    done = CliRunner().invoke(app, [*words, "--data", str(world), "--tf", "CTCF", "--processes", "1"])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out / "benchmark.tsv", sep="\t")
    assert {"model", "method", "seed", "score", "value"} <= set(table.columns)
    assert {"first", "second"} == set(table["model"])
    study = read_study(out)
    assert len(study.findings) == 3
    assert study.findings[0] in done.output
    names = {file.stem for file, _ in study.figures}
    assert {"heat_auroc", "heat_deletion", "heat_randomised_weights", "curves_CTCF"} <= names
    assert {file.stem for file, _ in study.tables} == {"benchmark", "summary", "ranks", "overview", "differences"}
    ranks = pd.read_csv(out / "ranks.tsv", sep="\t")
    assert set(ranks["scope"]) == {"first", "second", "all models"}
    page = tmp_path / "page.html"
    assert CliRunner().invoke(app, ["report", str(out), "--out", str(page)]).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "Which interpretation should one believe?" in text
    assert text.count("data:image/svg+xml;base64") >= 4


def test_bad_input(tmp_path: Path) -> None:
    (tmp_path / "benchmark.tsv").write_text("mine")
    done = CliRunner().invoke(app, ["benchmark", "--out", str(tmp_path)])
    assert isinstance(done.exception, ValueError)
    assert "motiflens did not write it" in str(done.exception)


def test_help_names_all_that_full_covers() -> None:
    """Help imports none of it, so that it spells them out; here they are compared with the code."""
    plan = plan_named("full")
    text = CliRunner().invoke(app, ["benchmark", "--help"], env={"TERMINAL_WIDTH": "2000"}).output
    words = set(re.findall(r"\w+", text))
    assert {*plan.models, *plan.methods, *plan.routes, *plan.pairs, *plan.tfs} <= words


PLUGIN = """
from torch import nn
from motiflens.models import register


class Heads(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.profile, self.counts = nn.Conv1d(channels, outputs, 1), nn.Linear(channels, outputs)

    def forward(self, x):
        return {"profile": self.profile(x), "counts": self.counts(x.mean(-1))}


register("unchosen")(Heads)
register("counted", output="counts")(Heads)
"""


def test_a_module_of_several_outputs(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a choice is refused before any model is trained; it was a row after all of them, with exit 0."""
    file = tmp_path / "heads.py"
    file.write_text(PLUGIN)
    monkeypatch.setenv("MOTIFLENS_PLUGINS", str(file))
    registered, loaded = dict(registry._REGISTERED), set(registry._LOADED)
    words = [
        "benchmark",
        "--data",
        str(world),
        "--tf",
        "CTCF",
        "--methods",
        "saliency,random",
        "--routes",
        "none",
        "--pairs",
    ]
    words += ["none", "--seeds", "1", "--windows", "4", "--set", "epochs=1", "--set", "epoch_windows=100"]
    words += ["--processes", "1", "--no-shuffled-labels"]
    try:
        refused = CliRunner().invoke(app, [*words, "--models", "deepbind,unchosen", "--out", str(tmp_path / "a")])
        assert refused.exit_code == 1
        assert "unchosen: the model gives a dict of 'profile'" in str(refused.exception)
        assert not (tmp_path / "a" / "runs").exists()
        taken = CliRunner().invoke(app, [*words, "--models", "counted", "--out", str(tmp_path / "b")])
        assert taken.exit_code == 0, taken.exception
    finally:
        registry._REGISTERED.clear()
        registry._REGISTERED.update(registered)
        registry._LOADED.clear()
        registry._LOADED.update(loaded)
    table = pd.read_csv(tmp_path / "b" / "benchmark.tsv", sep="\t")
    assert {"saliency", "random", "(model)"} <= set(table["method"])
    assert not set(table["score"]) & {"failed", "timeout"}
