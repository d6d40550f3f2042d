"""The examples in the documentation are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from motiflens.models import data

MODULES = [
    f"motiflens.models.data.{found.name}" for found in pkgutil.iter_modules(data.__path__) if not found.ispkg
]


@pytest.mark.parametrize("name", [*MODULES, "motiflens.analyses.cli.data_options"])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    found = [doctest.testmod(importlib.import_module(name)).attempted for name in MODULES]
    assert sum(found) > 15
