"""The examples in the docstrings of training and evaluation hold."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["metrics", "recipes", "settings", "strands", "sweep", "word2vec"])
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"motiflens.models.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
