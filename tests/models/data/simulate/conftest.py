"""One small simulation that the tests here look at."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from motiflens.models.data.simulate import read_sites, simulate


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preset ``tiny``, seed 0."""
    return simulate(tmp_path_factory.mktemp("simulated") / "tiny", preset="tiny")


@pytest.fixture(scope="session")
def sites(tiny: Path) -> pd.DataFrame:
    """Its sites."""
    return read_sites(tiny)
