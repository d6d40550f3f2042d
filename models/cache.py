"""The folder in which the built-in data set, trained demonstration models and unpacked genomes are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from motiflens.models.full_disk import full_disk


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the user's cache; ``MOTIFLENS_CACHE`` sets another root.

    Raises
    ------
    OSError
        If it cannot be made; the message says what to do.
    """
    root = os.environ.get("MOTIFLENS_CACHE")
    folder = Path(root) if root else Path(platformdirs.user_cache_dir("motiflens"))
    folder = folder.joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if full_disk(error) is not None:
            raise
        raise OSError(
            f"the cache folder {folder} cannot be made ({os.strerror(error.errno or 0)}): "
            "set MOTIFLENS_CACHE to a folder that can be written to"
        ) from error
    return folder
