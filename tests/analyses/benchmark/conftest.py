"""A tiny simulation, and a plan that a test can afford."""

from __future__ import annotations

from pathlib import Path

import pytest

from motiflens.analyses.benchmark.plan import BenchmarkPlan, plan_named
from motiflens.models.data.simulate import simulate


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preset ``tiny``, seed 0."""
    return simulate(tmp_path_factory.mktemp("benchmark") / "world", preset="tiny")


@pytest.fixture(scope="session")
def plan(world: Path) -> BenchmarkPlan:
    """One architecture, two seeds, hardly any windows."""
    return plan_named(
        "small",
        models=("deepbind",),
        methods=("attention", "saliency", "random", "position", "dnase", "pwm"),
        routes=("kernels",),
        pairs=("epistasis",),
        tfs=("CTCF",),
        seeds=2,
        data=str(world),
        settings=("epochs=1", "epoch_windows=200"),
        windows=5,
        negatives=3,
        faithful=3,
        checked=3,
        motif_windows=20,
        pair_windows=10,
        shuffled=True,
        timeout=300.0,
    )
