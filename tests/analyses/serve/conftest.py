"""Two small runs, served."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from motiflens.models import build, save_run

pytest.importorskip("starlette")


@pytest.fixture(scope="session")
def run_folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A TBiNet of two outputs, and one of KEGRU's architecture under a name that is also markup."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("runs")
    tbinet = build("tbinet", length=60, outputs=2, kernels=8, kernel_size=8, pool=5, units=4, dense=8)
    first = save_run(folder / "tbinet", tbinet, {"tasks": ["CTCF", "<b>REST</b>"], "channels": list("ACGT")})
    deepbind = build("deepbind", length=40, kernels=4, kernel_size=8)
    second = save_run(folder / "deepbind", deepbind, {"tasks": ["CTCF"], "channels": list("ACGT")})
    return [first, second]


class Server(NamedTuple):
    """A server in a process of its own."""

    url: str
    pid: int


@pytest.fixture(scope="module")
def server(run_folders: list[Path]) -> Iterator[Server]:
    """Both runs, served until the tests of a file are over; it must end without a traceback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "motiflens.analyses.cli.main", "serve", *map(str, run_folders)]
    process = subprocess.Popen([*words, "--port", str(port)], stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                assert json.load(answer)["status"] == "ready"
            break
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.1)
    yield Server(url, process.pid)
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode in (0, -15)
