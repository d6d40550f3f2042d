"""The base-wise tracks that a profile head learns: ChIP-seq's fold change."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.windows import Windows
from motiflens.models.types import Floats, Integers

TRACK = "fold_change"


def profile_names(windows: Windows) -> list[str]:
    """Name of each task's track.

    Raises
    ------
    ValueError
        If a task has none.
    """
    names = []
    for task in windows.tasks:
        own = next((name for name in (f"{TRACK}:{task}", TRACK) if name in windows.tracks), None)
        if own is None or (own == TRACK and len(windows.tasks) > 1):
            raise ValueError(
                f"a profile head needs a track of each task, and {task} has none: name the bigWig as fold_change "
                "of the experiment in dataset.toml, or train without profile (counts alone, on the labels)"
            )
        names.append(own)
    return names


def profile_tracks(windows: Windows, index: Integers, size: int) -> Floats:
    """Return the middle `size` bases of each task's track, (n, T, size); what is missing or negative is 0."""
    start = (windows.length - size) // 2
    tracks = [windows.track(name, index)[:, start : start + size] for name in profile_names(windows)]
    return np.maximum(np.nan_to_num(np.stack(tracks, axis=1)), 0).astype(np.float32)
