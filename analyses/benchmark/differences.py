"""Methods of one model compared on the same windows and trainings."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from motiflens.analyses.benchmark.intervals import seed_interval
from motiflens.analyses.benchmark.measures import Measure
from motiflens.analyses.benchmark.summary import Collected

COLUMNS = ("tf", "model", "score", "resolution", "first", "second", "difference", "low", "high")
COMPARED = ("auroc", "deletion")


def differences(collected: Collected) -> pd.DataFrame:
    """Return by how much one method's auROC or deletion is above another's, for all pairs of each model's methods.

    Windows are paired, so that what is hard for both does not hide a difference; the 95 % interval is
    `seed_interval`'s of the windows' differences.

    Returns
    -------
    DataFrame
        ``tf``, ``model``, ``score`` (of `COMPARED`), ``resolution``, ``first``, ``second``, ``difference`` (mean
        score of the first less that of the second), ``low``, ``high``.
    """
    groups: dict[tuple[str, str, str, str], dict[str, list[Measure]]] = {}
    for (tf, model, method, control, score, windows, resolution), measures in collected.measures.items():
        if score in COMPARED and (control, windows) == ("", "all"):
            groups.setdefault((tf, model, score, resolution), {})[method] = measures
    rows = []
    for key, methods in groups.items():
        for first, second in combinations(methods, 2):
            pairs = list(zip(methods[first], methods[second], strict=False))
            if len(methods[first]) != len(methods[second]) or any(
                len(a.values) != len(b.values) for a, b in pairs
            ):
                continue
            apart = [Measure(key[2], a.values - b.values) for a, b in pairs]
            rows.append((*key, first, second, *seed_interval(apart)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
