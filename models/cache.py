"""The folder in which the built-in data set, trained demonstration models and unpacked genomes are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the user's cache; ``MOTIFLENS_CACHE`` sets another root."""
    root = os.environ.get("MOTIFLENS_CACHE")
    folder = Path(root) if root else Path(platformdirs.user_cache_dir("motiflens"))
    folder = folder.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
