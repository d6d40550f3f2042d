"""The model beside a single matrix and 6-mers, in the findings, the files and the words."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from motiflens.analyses.cli.motifs_table import show_motifs
from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.write_folder import write_folder
from motiflens.analyses.report.words import control_words
from motiflens.models.data.windows import Dataset


def test_a_model_that_loses_is_said_to(
    tmp_path: Path, planted: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """The planted model's outputs are drawn at random: one matrix ranks the windows far better."""
    train, _ = planted.windows(np.random.default_rng(1), 300)
    test, _ = planted.windows(np.random.default_rng(2), 200)
    dataset = Dataset("planted", "arrays", {"train": train, "test": test}, hash="1" * 64)
    options = MotifOptions(routes=("kernels",), untrained=0, shuffles=2)
    findings = find_motifs(planted.run(tmp_path), dataset, targets=jaspar()[:20], tf="CTCF", options=options)
    floor = findings.summary["controls"]
    assert (floor["tasks"], floor["metric"]) == (1, "auroc")
    assert floor["pwm"] > 0.95 > floor["model"]
    table = findings.floor.table.set_index("control")
    assert table.loc["pwm", "matrix"].startswith(("MA0139", "MA1929", "MA1930"))
    assert floor["warnings"][0].startswith("CTCF|cell: auroc")
    (words,) = control_words(findings.summary)
    assert "Warning: CTCF|cell" in words
    folder = write_folder(tmp_path / "out", findings)
    assert (folder / "controls.tsv").read_text().startswith("task\tcontrol\tmatrix\tpositives\tnegatives\tauroc")
    show_motifs(findings, Path("report.html"))
    assert words in capsys.readouterr().out
    fair = {**floor, "warnings": []}
    assert "Warning" not in control_words({**findings.summary, "controls": fair})[0]
    assert control_words({**findings.summary, "controls": None}) == []


def test_a_run_that_cannot_be_written(
    tmp_path: Path, planted: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, _ = planted.windows(np.random.default_rng(1), 60)
    dataset = Dataset("planted", "arrays", {"train": train, "test": train}, hash="1" * 64)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("controls.json: permission denied")

    monkeypatch.setattr("motiflens.analyses.motifs.model_floor.controls_of", refuse)
    options = MotifOptions(routes=("kernels",), untrained=0, shuffles=2)
    findings = find_motifs(planted.run(tmp_path), dataset, targets=jaspar()[:20], options=options)
    assert control_words(findings.summary) == ["Controls were not measured: controls.json: permission denied."]
