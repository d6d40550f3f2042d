"""The yeast genome, whole: predictions and occurrences by one process, by two and by two Dask workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, save_run

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
BASES, CHROMOSOMES = 12_157_105, 17


@pytest.fixture(scope="module")
def genome(shared: Path) -> Path:
    return shared / "data" / "yeast_fkh1" / "sacCer3.fa.gz"


def written(out: Path, *arguments: str) -> tuple[bytes, dict[str, Any]]:
    ended = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert ended.exit_code == 0, (ended.output, ended.exception)
    assert not Path(f"{out}.parts").exists()
    return out.read_bytes(), json.loads(Path(f"{out}.json").read_text())


def everyone(cluster: Any) -> list[tuple[str, str]]:
    return [("--processes", "2"), ("--dask", cluster.scheduler_address)]


def test_predict(genome: Path, tmp_path: Path, dask_cluster: Any) -> None:
    torch.manual_seed(0)
    model = build("cnn_zeng", length=100, outputs=1, kernels=4, kernel_size=8, dense=4)
    save_run(tmp_path / "run", model, {"tasks": ["FKH1"], "training": {"average_strands": True}})
    given = ["predict", str(tmp_path / "run"), "--genome", str(genome), "--bin", "100", "--step", "500"]
    given += ["--device", "cpu"]
    whole, record = written(tmp_path / "one.tsv", *given, "--processes", "1")
    lines = whole.decode().splitlines()
    assert record["predictions"] == len(lines) - 1
    assert BASES // 500 - 2 * CHROMOSOMES < record["predictions"] < BASES // 500 + 2 * CHROMOSOMES
    assert len({line.split("\t")[0] for line in lines[1:]}) == CHROMOSOMES
    for number, more in enumerate(everyone(dask_cluster)):
        assert written(tmp_path / f"{number}.tsv", *given, *more)[0] == whole


@pytest.mark.filterwarnings("ignore:jaspar.2026. FKH1 is taken as FKH1")
def test_scan(genome: Path, tmp_path: Path, dask_cluster: Any) -> None:
    given = ["scan", "--motifs", "jaspar:2026:FKH1", "--sequences", str(genome), "--thresh", "1e-5"]
    given += ["--threads", "1"]
    whole, record = written(tmp_path / "one.tsv", *given, "--processes", "1")
    assert record["bases"] == BASES
    assert record["sequences"] == CHROMOSOMES
    assert record["hits"] == len(whole.decode().splitlines()) - 1 > 100
    for number, more in enumerate(everyone(dask_cluster)):
        assert written(tmp_path / f"{number}.tsv", *given, *more)[0] == whole
