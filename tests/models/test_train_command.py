"""`interpret train` as users run it: killed and resumed, on two processes, interrupted, with bad settings."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.models import load, open_run

SETTINGS = ["kernels=8", "kernel_size=8", "dense=8", "dropout=0.1", "epochs=4", "batch=25", "rate=1"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(400):
        text = "".join(rng.choice(list("ACGT"), 40))
        at = int(rng.integers(0, 33))
        rows.append(f"A\tseq_{i:05d}\t{text[:at]}TGACTCA{text[at + 7 :]}\t1\n")
    path = tmp_path_factory.mktemp("data") / "one.AC.seq"
    path.write_text("FoldID\tEventID\tseq\tBound\n" + "".join(rows))
    return path


def command(data: Path, out: Path, *more: str, settings: list[str] = SETTINGS) -> list[str]:
    program = str(Path(sys.executable).with_name("interpret"))
    chosen = [word for setting in settings for word in ("--set", setting)]
    start = [program, "train", "--model", "cnn_zeng", "--data", str(data), "--out", str(out)]
    return [*start, "--accelerator", "cpu", *chosen, *more]


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=240, env=ENVIRONMENT, check=False)


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted(data: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "epochs=10", "patience=10"]
    settings.remove("epochs=4")
    whole = run(command(data, tmp_path / "whole", settings=settings))
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        command(data, tmp_path / "cut", settings=settings), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 3/"):
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was still at work"
    done = len((tmp_path / "cut" / "log.csv").read_text().splitlines()) - 1
    assert 3 <= done < 10
    resumed = run(command(data, tmp_path / "cut", "--resume", settings=settings))
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 2/10" not in resumed.stdout, "finished epochs are not repeated"
    assert open_run(tmp_path / "cut").weights_hash == open_run(tmp_path / "whole").weights_hash


def agree(one: Path, two: Path) -> None:
    """Check that two runs have the same weights and the same log, up to rounding."""
    first, second = load(one).state_dict(), load(two).state_dict()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-3, atol=1e-5)
    columns = [
        [line.split(",")[:5] for line in (run / "log.csv").read_text().splitlines()[1:]] for run in (one, two)
    ]
    np.testing.assert_allclose(
        np.array(columns[0], dtype=float), np.array(columns[1], dtype=float), rtol=1e-3, atol=1e-5
    )


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(data: Path, tmp_path: Path) -> None:
    settings = [setting.replace("dropout=0.1", "dropout=0") for setting in SETTINGS]
    one = run(command(data, tmp_path / "one", settings=settings))
    two = run(command(data, tmp_path / "two", "--devices", "2", settings=settings))
    assert one.returncode == two.returncode == 0, two.stderr
    assert "Warning" not in two.stderr
    assert two.stdout.count("epoch 1/4") == 1, "one process speaks"
    agree(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
def test_two_nodes_take_the_steps_of_one(data: Path, tmp_path: Path) -> None:
    """Two launchers of torchrun, as on two machines, that find each other by address and port."""
    settings = [setting.replace("dropout=0.1", "dropout=0") for setting in SETTINGS]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    together = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", str(port)]
    train = command(data, tmp_path / "two", "--nodes", "2", settings=settings)
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *together, "--node-rank", str(rank), *train],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    said = [node.communicate(timeout=240) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said
    assert "epoch 1/4" in said[0][0]
    assert "epoch 1/4" not in said[1][0], "one process speaks"
    assert run(command(data, tmp_path / "one", settings=settings)).returncode == 0
    agree(tmp_path / "one", tmp_path / "two")


def test_ctrl_c_leaves_a_run(data: Path, tmp_path: Path) -> None:
    settings = [setting.replace("epochs=4", "epochs=1000") for setting in SETTINGS] + ["patience=1000"]
    process = subprocess.Popen(
        command(data, tmp_path / "run", settings=settings),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if line.startswith("epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 130
    assert "Traceback" not in errors
    assert open_run(tmp_path / "run").tasks == ("one",)


def test_unknown_setting_is_one_line(data: Path, tmp_path: Path) -> None:
    found = run(command(data, tmp_path / "run", settings=["kernel=3"]))
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith(
        "interpret: unknown setting 'kernel': did you mean 'kernels'? cnn_zeng has kernels"
    )
    assert found.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_evaluate_writes_its_table_and_what_made_it(data: Path, tmp_path: Path) -> None:
    assert run(command(data, tmp_path / "run")).returncode == 0
    program, table = command(data, tmp_path)[0], tmp_path / "measures.tsv"
    found = run([program, "evaluate", str(tmp_path / "run"), "--split", "valid", "--out", str(table)])
    assert found.returncode == 0, found.stderr
    assert table.read_text().startswith("task\tpositives\tnegatives\t")
    made_by = json.loads(Path(f"{table}.json").read_text())
    assert made_by["split"] == "valid"
    assert made_by["weights_hash"] == open_run(tmp_path / "run").weights_hash
