"""Fixtures that tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """The processes of pytest-xdist share the cores between them."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests out of the user's cache, in one of their own that all processes share."""
    base = tmp_path_factory.getbasetemp()
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    os.environ.setdefault("MOTIFLENS_CACHE", str(session / "cache"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measured data and published weights; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared data are absent")
    return SHARED


@pytest.fixture(
    params=[
        "cpu",
        pytest.param("cuda", marks=pytest.mark.skipif("not __import__('torch').cuda.is_available()")),
    ]
)
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each device there is."""
    return torch.device(request.param)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(0)
