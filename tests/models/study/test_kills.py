"""Four ENCODE sets, four kinds of model, two seeds: killed, resumed and distributed, to one table."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from motiflens.models.executor import Workers
from motiflens.models.study import read_plan, study

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
WINDOWS = 60  # from each end of each file (test files hold bound ones first, then unbound ones)
MEMBERS = 32
PLAN = """
data = "{data}"
seeds = 2
metric = "auroc"
controls = []
[[models]]
name = "tbinet"
set = {{kernels = 4, kernel_size = 8, pool = 4, units = 4, dense = 4, epochs = 2, batch = 20}}
[[models]]
name = "deepbind"
set = {{kernels = 4, kernel_size = 8, epochs = 2, batch = 20}}
[[models]]
name = "gkm_svm"
set = {{most = 20, word = 6, informative = 4, mismatches = 2}}
[[models]]
name = "kmer_logistic"
"""


@pytest.fixture(scope="module")
def plan(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan on the first windows of each set."""
    pytest.importorskip("gkmsvm")
    folder = tmp_path_factory.mktemp("encode")
    (folder / "sets").mkdir()
    for path in sorted((shared / "data" / "encode").glob("*.seq.gz")):
        with gzip.open(path, "rt") as file:
            header, *lines = file.readlines()
        kept = "".join([header, *lines[:WINDOWS], *lines[-WINDOWS:]])
        (folder / "sets" / path.name.removesuffix(".gz")).write_text(kept)
    (folder / "plan.toml").write_text(PLAN.format(data=folder / "sets"))
    return folder / "plan.toml"


@pytest.fixture(scope="module")
def whole(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What an uninterrupted study in this process writes."""
    out = tmp_path_factory.mktemp("whole")
    study(read_plan(plan), out)
    table = results(out)
    counts = table[table["metric"] == "auroc"].groupby(["set", "model", "split"]).size()
    assert counts.shape == (4 * 4 * 2,)
    assert (counts == 2).all()
    assert (table.loc[table["metric"] == "auroc", "value"] != "").all(), "both classes are in every split"
    return table


def results(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "results.tsv", sep="\t", keep_default_na=False).drop(columns="seconds")


def finished(out: Path) -> int:
    return len(list(out.glob("runs/*/*/*/metrics.json")))


def until(condition: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 300
    while not condition() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def test_killed_twice_with_two_processes(plan: Path, whole: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", "study", str(plan), "--out", str(out)]
    command += ["--processes", "2"]
    at = []
    for least in (MEMBERS // 4, MEMBERS // 2):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda least=least: finished(out) >= least, running)  # type: ignore[misc]
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL, "it came to its end before it was killed"
        at.append(finished(out))
    assert at[0] < at[1] <= MEMBERS
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    pd.testing.assert_frame_equal(results(out), whole)


def test_a_cluster_that_loses_a_worker(plan: Path, whole: pd.DataFrame, tmp_path: Path, dask_cluster: Any) -> None:
    killed: list[int] = []

    def kill(step: Any) -> None:
        if step.stage == "training" and step.done >= MEMBERS // 4 and not killed:
            killed.append(next(iter(dask_cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    workers = Workers(dask=dask_cluster.scheduler_address)
    study(read_plan(plan), tmp_path / "out", workers=workers, progress=kill)
    assert killed
    pd.testing.assert_frame_equal(results(tmp_path / "out"), whole)
