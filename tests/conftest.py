"""Fixtures that tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
)


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


@pytest.fixture(scope="session")
def write_set() -> Callable[..., None]:
    """Writes a small set in the layout of DeepBind, whose bound windows hold TGACTCA."""

    def write(folder: Path, name: str, bound: int, seed: int, *, tested: int = 60) -> None:
        rng = np.random.default_rng(seed)

        def line(number: int, label: int) -> str:
            text = "".join(rng.choice(list("ACGT"), 40))
            at = int(rng.integers(0, 33))
            text = text[:at] + "TGACTCA" + text[at + 7 :] if label else text
            return f"A\tseq_{number:05d}\t{text}\t{label}\n"

        header = "FoldID\tEventID\tseq\tBound\n"
        (folder / f"{name}.AC.seq").write_text(header + "".join(line(i, 1) for i in range(bound)))
        (folder / f"{name}.B.seq").write_text(header + "".join(line(i, i % 2) for i in range(tested)))

    return write


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[Any]:
    """A Dask cluster of two workers, processes of this machine, with every port a free one."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "protocol": "tcp"}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster


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


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium that saves downloads into a folder of its own; tests skip where it is not installed."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium is not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*CHROMIUM, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window: Any = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    window.downloads = tmp_path_factory.mktemp("downloads")
    window.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(window.downloads)}
    )
    yield window
    window.quit()
