"""The figures of a transfer: individual, global and fine-tuned models side by side (003, Figs. 3, 5 and 7)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from motiflens.analyses.compare_study import compare_study
from motiflens.analyses.study import write_study
from motiflens.models import types
from motiflens.models.provenance import provenance

FOLDER = "compare"


def transfer_report(rows: pd.DataFrame, out: types.Path, *, metric: str = "auroc", seed: int = 0) -> list[Path]:
    """Write the comparison of the three ways, every pair of them, into OUT/compare.

    Parameters
    ----------
    rows
        See `motiflens.models.transfer.transfer`: one row a data set and way.
    out
        The transfer's folder.
    metric
        Of gains, boxes and histograms; the tables have all.
    seed
        Of the transfer, for the provenance.

    Returns
    -------
    list of Path
        The files; none where fewer than two ways were measured.
    """
    tables = {
        str(way): part.rename(columns={"data_set": "task"})
        for way, part in rows.dropna(subset=[metric]).groupby("way", sort=False)
    }
    if len(tables) < 2:
        return []
    study = compare_study(tables, metric=metric, every=True, made_by={"metric": metric, **provenance(seed=seed)})
    return write_study(study, Path(out) / FOLDER)
