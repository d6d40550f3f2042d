"""What each package offers: every name is importable in any order, is what it says, and is hidden by no module."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(
    str(path.parent.relative_to(ROOT))
    for top in ("models", "interpret", "analyses")
    for path in (ROOT / top).rglob("__init__.py")
    if "lazy_exports" in path.read_text(encoding="utf-8")
)
# In a fresh process: get each name before or after the modules beside it were imported, and look at it.
LOOK = """
import importlib, inspect, pkgutil, sys
packages, order = sys.argv[2:], sys.argv[1]
if order == "modules first":
    for package in packages:
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{found.name}")
for package in packages if order == "modules first" else reversed(packages):
    module = importlib.import_module(package)
    for name in module.__all__:
        scope = {}
        exec(f"from {package} import {name}", scope)
        value = scope[name]
        assert not inspect.ismodule(value), f"{package}.{name} is a module"
        assert value is getattr(module, name), f"{package}.{name} is another thing now"
        assert name in dir(module), f"{package}.{name} is not in dir()"
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__name__ == name, f"{package}.{name} is {value.__name__}"
            assert value.__doc__, f"{package}.{name} says nothing"
"""


@pytest.mark.parametrize("order", ["modules first", "names first"])
def test_every_name_is_what_it_says(order: str) -> None:
    packages = ["motiflens." + package.replace("/", ".") for package in PACKAGES]
    done = subprocess.run([sys.executable, "-c", LOOK, order, *packages], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_three_lists_of_a_package_agree(package: str) -> None:
    """What type checkers read, ``__all__``, and what is imported when it is used."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    values = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    call = values["__getattr__"]
    assert isinstance(call, ast.Call)
    lazy = ast.literal_eval(call.args[1])
    assert lazy == typed
    assert sorted(ast.literal_eval(values["__all__"])) == sorted(lazy)


def test_verbs_and_version() -> None:
    from motiflens import analyses, interpret, models

    verbs = {
        models: "open_dataset build load train evaluate predict import_published recipe compare sweep transfer",
        interpret: "adapt attribute METHODS sanity open_store",
        analyses: "scan match jaspar read_motifs find_motifs model_motifs build_report logo chip_correlation",
    }
    for package, names in verbs.items():
        assert set(names.split()) <= set(package.__all__)
    assert models.__version__.count(".") >= 1
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = models.nothing
