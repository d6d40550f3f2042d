"""Plans of one small model, for the tests of studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motiflens.models.study import Plan
from motiflens.models.study.plan import Model

SMALL = {"kernels": 16, "kernel_size": 8, "dense": 8, "epochs": 8, "batch": 20, "optimizer": "adam", "rate": 0.02}
CNN = Model("cnn_zeng", set=SMALL)


def plan(source: Path, *models: Model, **options: Any) -> Plan:
    return Plan(models=models or (CNN,), data=str(source), **{"controls": (), **options})
