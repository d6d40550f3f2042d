"""Two small runs, served."""

from __future__ import annotations

from pathlib import Path

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
