"""Studies, runs and checks on one page, in the chapters that they belong to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import torch

from motiflens.analyses.figures.chip_lags import chip_lags
from motiflens.analyses.report import build_report
from motiflens.analyses.report.sections import chapters, shown_table
from motiflens.analyses.study import Study, StudyFigure, read_study, write_study
from motiflens.models import build, save_run
from motiflens.models.provenance import provenance


def _study(folder: Path, kind: str, name: str) -> Path:
    lags = pd.DataFrame({"target": "t", "look": "attention", "lag": [-10, 0, 10], "pearson": 0.1})
    lags = lags.assign(excess=0.2, low=0.1, high=0.3)
    figure = StudyFigure(name, chip_lags(lags), f"caption of {kind} <with> signs")
    made = provenance(seed=0)
    write_study(
        Study(kind, f"title of {kind}", [f"finding of {kind}"], [figure], {"lags": lags}, {}, made), folder
    )
    return folder


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    torch.manual_seed(0)
    run = tmp_path / "run"
    small = {"kernels": 2, "kernel_size": 5, "pool": 5, "units": 2, "dense": 2}
    save_run(run, build("tbinet", length=40, **small), {"tasks": ["CTCF"], "data": {"source": "sim"}})
    (run / "metrics.json").write_text(json.dumps({"valid": [{"task": "CTCF", "auprc": 0.5}]}))
    (run / "log.csv").write_text("epoch,train_loss,valid_auprc\n0,0.7,0.3\n1,0.5,0.6\n")
    checks = [{"check": "weights", "part": "output", "measure": "r", "value": 0.1, "limit": 0.5, "passed": True}]
    sanity = tmp_path / "sanity.json"
    sanity.write_text(json.dumps({"method": "saliency", "windows": 8, "checks": checks, "made_by": {}}))
    return [_study(tmp_path / "kmers", "kmers", "map"), _study(tmp_path / "chip", "chip", "nulls"), run, sanity]


def test_chapters(parts: list[Path]) -> None:
    found = {chapter.title: [section.kind for section in chapter.sections] for chapter in chapters(parts)}
    assert found == {
        "What the model is": ["run"],
        "What it looks at": ["chip"],
        "What it learned": ["kmers"],
        "How sure that is": ["nulls", "sanity"],
    }


def test_one_page_of_everything(parts: list[Path], folder: Path, tmp_path: Path) -> None:
    page = build_report([*parts, folder], tmp_path / "all.html").read_text()
    outside = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#]+)""", page)
    assert all(address.startswith("data:") for address in outside)
    for anchor in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{anchor}"' in page, anchor
    order = [page.index(f'<section id="{name}">') for name in ("is", "looks", "learned", "run0", "sure")]
    assert order == sorted(order)
    for text in (
        "finding of chip",
        "caption of chip &lt;with&gt; signs",
        "tbinet for windows of 40 bp",
        "lags.tsv",
    ):
        assert text in page
    assert '<ol class="contents">' in page


def test_motifs_alone_have_no_chapters(folder: Path, tmp_path: Path) -> None:
    page = build_report([folder], tmp_path / "one.html").read_text()
    assert 'class="contents"' not in page
    assert "Motifs learned by" in page


def test_studies_are_written_the_same_each_time(parts: list[Path], tmp_path: Path) -> None:
    again = _study(tmp_path / "again", "chip", "nulls")
    for name in ("nulls.svg", "nulls.png", "lags.tsv"):
        assert (again / name).read_bytes() == (parts[1] / name).read_bytes(), name
    assert read_study(again).findings == ("finding of chip",)


def test_long_tables_are_cut() -> None:
    shown = shown_table("x", "", pd.DataFrame({"a": range(100), "b": 0.123456}))
    assert (len(shown.rows), shown.more, shown.rows[0]) == (40, 60, ["0", "0.123"])


def test_bad_input_is_named(tmp_path: Path, parts: list[Path]) -> None:
    with pytest.raises(FileNotFoundError, match="holds no summary"):
        build_report([tmp_path], tmp_path / "x.html")
    (parts[1] / "study.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        build_report(parts[:2], tmp_path / "x.html")
    text = tmp_path / "notes.txt"
    text.write_text("no JSON")
    with pytest.raises(ValueError, match="is no JSON"):
        build_report([text], tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()
