"""Names that a package offers without importing what stands behind them until one is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


def lazy_exports(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the module-level ``__getattr__`` of a package.

    Parameters
    ----------
    package
        The package's ``__name__``.
    where
        Public name -> the module that defines it. ``import torch`` alone takes over a second, so that
        ``interpret --help`` would not answer in half a second if packages imported eagerly.

    Returns
    -------
    callable
        To be bound to ``__getattr__`` (PEP 562). The package's `dir` lists the names too.
    """

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(where[name]), name)

    class Package(ModuleType):
        def __dir__(self) -> list[str]:
            return sorted({*super().__dir__(), *where})

        # After importing `a.b`, Python sets `a.b` to the module: where `b` is also a public name, what it stands
        # for must win, or `from a import b` would give the function once and the module ever after.
        def __setattr__(self, name: str, value: Any) -> None:
            if not (isinstance(value, ModuleType) and name in where):
                super().__setattr__(name, value)

    sys.modules[package].__class__ = Package
    return find
