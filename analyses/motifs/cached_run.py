"""A trained model of an architecture by name: trained once on the given data, then kept in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from motiflens.models.cache import cache_folder
from motiflens.models.controls_ahead import Opening
from motiflens.models.data.options import Options
from motiflens.models.data.windows import Dataset
from motiflens.models.open_for_run import open_for_training
from motiflens.models.progress import Progress, silent
from motiflens.models.recipes import Preset, adjust, recipe
from motiflens.models.registry import architecture
from motiflens.models.run import Run, open_run
from motiflens.models.run_files import CONFIG

_SINCE = (("strand_merge", "mean"),)


def cached_run(
    name: str,
    source: str | None = None,
    *,
    data: Options | None = None,
    preset: Preset = "small",
    settings: tuple[str, ...] = (),
    seed: int = 0,
    progress: Progress = silent,
    meanwhile: Callable[[Opening, Dataset], AbstractContextManager[None]] | None = None,
) -> tuple[Run, Dataset]:
    """Return a trained run of an architecture and the data it was trained on.

    Parameters
    ----------
    name
        See `motiflens.models.architectures`.
    source
        As for `open_dataset`; None for the built-in simulated data.
    data
        How to open the source; see `open_for_training`.
    preset, settings
        The recipe and changes to it; see `recipes.recipe` and `recipes.adjust`.
    seed
        Of the training.
    progress
        Told how far the training is.
    meanwhile
        Makes the block within which the training runs, such as `controls_ahead`.

    Returns
    -------
    run, dataset
        The run lies in the cache under a key of the data's content, the recipe and the seed. An interrupted
        training goes on where it stopped.
    """
    from motiflens.models.train import train

    architecture(name)  # an unknown name is said before any data are made
    how = adjust(recipe(name, preset=preset), name, list(settings))
    dataset = open_for_training(source, how, data)
    # A setting that has come since, and has its default, makes no other run of those that the cache holds.
    settled = {key: value for key, value in how.json.items() if (key, value) not in _SINCE}
    key = json.dumps([name, dataset.hash, dict(dataset.options), settled, seed], sort_keys=True, default=str)
    folder = cache_folder("runs") / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not (folder / CONFIG).is_file():
        part = Path(f"{folder}.part")
        with nullcontext() if meanwhile is None else meanwhile(Opening(source, how, data), dataset):
            train(name, dataset, part, recipe=how, resume=True, seed=seed, progress=progress)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    return open_run(folder), dataset
