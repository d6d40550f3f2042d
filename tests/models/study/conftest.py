"""Two small sets, which the tests of studies share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory, write_set: Callable[..., None]) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    write_set(folder, "FOS_K562", 120, 0)
    write_set(folder, "JUN_HepG2", 90, 1)
    return folder
