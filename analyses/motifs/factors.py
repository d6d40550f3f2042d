"""Which of the factors that a model was trained on its motifs name."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from motiflens.analyses.motifs.families import found_factors
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import ROUTES
from motiflens.models.run import Run


def trained_factors(run: Run, tf: str | None) -> list[str]:
    """Factors whose binding the model was trained on, in the order of its tasks."""
    if tf is not None:
        return [tf.partition("|")[0]]
    names = [task.partition("|")[0] for task in run.tasks]
    option = run.config.get("data", {}).get("options", {}).get("tf")
    return [str(option)] if option else list(dict.fromkeys(names))


def factor_table(matched: pd.DataFrame, factors: Sequence[str], targets: Sequence[Motif]) -> pd.DataFrame:
    """Say for each route which factors its matching motifs name; see `found_factors`."""
    parts = []
    for route in ROUTES:
        part = found_factors(matched[matched["route"] == route], factors, targets)
        part.insert(0, "route", route)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
