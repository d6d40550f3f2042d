"""Names that a package offers without importing what stands behind them until one is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
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
        To be bound to ``__getattr__`` (PEP 562).
    """

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(where[name]), name)

    return find
