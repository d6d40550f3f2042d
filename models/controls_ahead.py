"""Fitting controls to data while something else is done with them, such as a training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from motiflens.models.data.options import Options
from motiflens.models.data.windows import Dataset
from motiflens.models.executor import cores, torch_threads
from motiflens.models.kept_controls import controls_file, keep_controls
from motiflens.models.recipes import Recipe
from motiflens.models.worker_process import WorkerContext


class Opening(NamedTuple):
    """How data were opened for a training, so that another process opens the same; see `open_for_training`."""

    source: str | None
    recipe: Recipe
    options: Options | None


@contextmanager
def controls_ahead(opening: Opening, dataset: Dataset, split: str, *, seed: int = 0) -> Iterator[None]:
    """Within the block a process of its own makes the controls of a data set, which `controls_of` finds.

    They need the data only, and as much time as a short training. The process has a core of its own: where threads
    of a training wait for one on a core that is shared, it takes five times as long. How many there are stays the
    same throughout the block, since sums depend on it. Leaving the block waits for the process; what goes wrong in
    it is left to `controls_of`, which makes them then. With one core there is nothing to gain: nothing is done.

    Parameters
    ----------
    opening, dataset
        The data, and how they were opened.
    split
        That is measured.
    seed
        See `controls`.
    """
    if controls_file(dataset, split, seed).exists() or cores() < 2 or "train" not in dataset.splits:
        yield
        return
    import torch

    process = WorkerContext().Process(target=_work, args=(opening, dataset.hash, split, seed), daemon=True)
    process.start()
    try:
        with torch_threads(min(torch.get_num_threads(), cores() - 1)):
            yield
    except BaseException:
        process.kill()
        raise
    finally:
        process.join()


def _work(opening: Opening, content: str, split: str, seed: int) -> None:
    import torch

    from motiflens.models.controls import controls
    from motiflens.models.open_for_run import open_for_training

    torch.set_num_threads(1)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        dataset = open_for_training(*opening)  # the command tells its own story
        if dataset.hash == content and dataset["train"].length == dataset[split].length:
            keep_controls(controls(dataset["train"], dataset[split], seed=seed), dataset, split, seed)
