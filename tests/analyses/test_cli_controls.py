"""`interpret evaluate` and `compare` set each model beside a single matrix and 6-mers, and warn where it loses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, save_run
from motiflens.models.data import open_dataset

NAMES = ("the best single JASPAR matrix", "logistic regression on 6-mers")


@pytest.fixture
def runs(tmp_path: Path, write_set: Callable[..., None]) -> list[str]:
    """Two models that nobody trained, and a set whose bound windows hold TGACTCA."""
    write_set(tmp_path, "AP1", 120, 0)
    source = tmp_path / "AP1.AC.seq"
    dataset = open_dataset(source)
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = build("deepbind", length=40, kernels=2, kernel_size=6)
        data = {"source": str(source), "hash": dataset.hash, "options": {}}
        config = {"tasks": list(dataset.example.tasks), "channels": list("ACGT"), "meta": [], "data": data}
        made.append(str(save_run(tmp_path / f"run{seed}", model, config)))
    return made


def test_controls_stand_beside_every_model(runs: list[str], tmp_path: Path) -> None:
    evaluated = [CliRunner().invoke(app, ["evaluate", run, "--device", "cpu"]) for run in runs]
    out = tmp_path / "out"
    compared = CliRunner().invoke(app, ["compare", *runs, "--out", str(out)])
    for run, result in (*((run, result) for run, result in zip(runs, evaluated, strict=True)), ("", compared)):
        assert result.exit_code == 0, result.output
        for name in NAMES:
            assert sum(line.startswith(f"{name}\t") for line in result.stdout.splitlines()) == 1
            for lost in (run,) if run else runs:
                prefix = "warning: " if run else f"warning: {lost}, "
                assert any(
                    line.startswith(f"{prefix}AP1: auroc") and f"below that of {name}" in line
                    for line in result.stderr.splitlines()
                )
    table = pd.read_csv(out / "controls.tsv", sep="\t").set_index("control")
    assert set(table.index) == {"pwm", "kmer_logistic"}
    assert (table["auroc"] > 0.9).all()
    silent = CliRunner().invoke(app, ["evaluate", runs[0], "--device", "cpu", "--no-controls"])
    assert not any(name in silent.output for name in NAMES)
