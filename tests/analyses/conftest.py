"""Fixtures that tests of analyses share."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    """The module `planted.py`: a model that knows four motifs, and windows that hold them."""
    return _module("planted")


@dataclass(frozen=True)
class SmallWorld:
    """The data set of `small_world.py` and runs of it."""

    module: ModuleType
    data: Path
    seeing: Path  # TBiNet whose attention follows the site
    signals: Path  # DeepGRN with channel attention that reads signals and features
    none: Path  # the same without attention


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    """A small genome with one factor in two cell types, and models of it."""
    module = _module("small_world")
    folder = tmp_path_factory.mktemp("small_world")
    data = module.make_folder(folder / "data")
    return SmallWorld(
        module,
        data,
        module.seeing_run(data, folder / "seeing"),
        module.signal_run(data, folder / "kinds" / "single"),
        module.signal_run(data, folder / "kinds" / "none", attention="none"),
    )


def _module(name: str) -> ModuleType:
    """Import a helper that lies beside this file."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
