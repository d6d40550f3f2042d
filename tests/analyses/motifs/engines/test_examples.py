"""The examples in the engines' documentation are true, and what the packages offer is there."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

from motiflens.analyses import motifs
from motiflens.analyses.motifs import engines

MODULES = [f"motiflens.analyses.motifs.engines.{found.name}" for found in pkgutil.iter_modules(engines.__path__)]
FILES = [f"motiflens.analyses.motifs.{name}" for name in ("gate", "jaspar", "motif", "motif_files")]


@pytest.mark.parametrize("name", [*MODULES, *FILES])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    assert sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) >= 10


@pytest.mark.parametrize("package", [motifs, engines])
def test_offered_names_are_no_modules(package: ModuleType) -> None:
    for name in package.__all__:
        assert callable(getattr(package, name)), name
