"""The built-in data set: simulated once, then kept in the user's cache."""

from __future__ import annotations

from pathlib import Path

from motiflens.models.cache import cache_folder
from motiflens.models.data.simulate.grammar import grammar_named
from motiflens.models.data.simulate.presets import preset_named
from motiflens.models.data.simulate.simulate import simulate
from motiflens.models.progress import Progress, silent

VERSION = 5  # raised whenever the same seed gives other files


def builtin(
    preset: str = "small",
    seed: int = 0,
    *,
    grammar: str | None = None,
    distance: tuple[int, int] | None = None,
    progress: Progress = silent,
) -> Path:
    """Return the folder of a simulated data set, made at the first call.

    Parameters
    ----------
    preset, seed, grammar, distance, progress
        See `simulate`.

    Returns
    -------
    Path
        A folder with ``dataset.toml`` and ``truth/sites.bed`` in the user's cache.
    """
    made = grammar_named(grammar, distance)
    rule = "" if grammar is None else f"-{made.name}"
    rule += "" if distance is None else f"-{made.distance[0]}to{made.distance[1]}"
    folder = cache_folder("simulated") / f"{preset_named(preset).name}-{seed}{rule}-v{VERSION}"
    if (folder / "dataset.toml").is_file():
        return folder
    try:
        return simulate(folder, preset=preset, seed=seed, grammar=grammar, distance=distance, progress=progress)
    except (OSError, ValueError):
        if (folder / "dataset.toml").is_file():  # another process was faster
            return folder
        raise
