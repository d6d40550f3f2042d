"""Whether a model was trained on windows that are now to measure it."""

from __future__ import annotations

from typing import Final

import numpy as np

from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.recorded import recorded_data
from motiflens.models.run import Run

_MOST: Final = 500_000  # windows that are compared: some half a minute


def seen_notes(run: Run, dataset: Dataset, split: str = "test") -> tuple[str, ...]:
    """Tell how many windows of other data than a run's are related to windows that it was trained on.

    Scores on them are too good: a model of one set is measured on another one, or begins with the weights of a
    model of others. Related are equal and homologous windows, also such as overlap by a third; see
    `homology_groups`.

    Parameters
    ----------
    run
        Its ``config.json`` names the data of its training.
    dataset
        The data to measure it on.
    split
        Of them.

    Returns
    -------
    tuple of str
        A warning, or nothing: also of the run's own data, and where its training data are not known, are gone, or
        are too many to compare (a genome's bins, which are divided by chromosomes).
    """
    if "source" not in recorded_data(run) or split not in dataset.splits:
        return ()
    try:
        trained = open_as_trained(run)
    except (ValueError, FileNotFoundError):
        return ()
    if trained.hash == dataset.hash:
        return ()
    parts: list[Windows] = [trained[name] for name in ("train", "valid") if name in trained.splits]
    tested = dataset[split]
    if sum(len(part) for part in (*parts, tested)) > _MOST:
        return ()
    *seen, here = homology_groups([part.codes(np.arange(len(part))) for part in (*parts, tested)])
    related = int(np.isin(here, np.concatenate(seen)).sum())
    if not related:
        return ()
    return (
        f"warning: {related} of {len(here)} windows of {split} are equal or homologous to windows that {run.path} "
        "was trained on: scores on them will be too good",
    )
