"""The examples in the docstrings of every module are true."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil

import pytest

import motiflens.analyses
import motiflens.interpret
import motiflens.models

PACKAGES = (motiflens.models, motiflens.interpret, motiflens.analyses)
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _: None)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]) -> None:
    monkeypatch.chdir(tmp_path)  # an example that writes a file writes it here
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    found = [doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)) for name in MODULES]
    assert sum(len(test.examples) > 0 for tests in found for test in tests) >= 60
