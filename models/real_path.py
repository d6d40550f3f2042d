"""Where a path leads, links followed."""

from __future__ import annotations

import os
from pathlib import Path

from motiflens.models import types


def real_path(path: types.Path) -> Path:
    """Return the absolute path of what `path` leads to.

    A link that leads to itself stays as it is: a path at which nothing exists, which whoever opens it says in one
    line. (`Path.resolve` raises a RuntimeError for it in Python 3.11.)

    Examples
    --------
    >>> real_path("a/../b") == Path.cwd().joinpath("b").resolve()
    True
    """
    return Path(os.path.realpath(path))
