"""Which of the factors that a model was trained on its motifs name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from motiflens.analyses.motifs.families import found_factors, resolve_factor
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.run import Run

MATCHED = ("kernels", "seqlets", "denovo")  # routes whose motifs are matched; attention's are known motifs
UNKNOWN = "unknown factor"


@dataclass(frozen=True)
class TrainedFactors:
    """What a model was trained on.

    Attributes
    ----------
    names
        Factors, in the order of the tasks, each once, as JASPAR writes them.
    taken_from
        Factor -> the task, option or file whose name says so.
    unknown
        Names of tasks in which no factor with a known motif was recognised: nothing can be said of these.
    """

    names: tuple[str, ...]
    taken_from: dict[str, str]
    unknown: tuple[str, ...]


def trained_factors(
    run: Run, targets: Sequence[Motif], *, factor: str | None = None, tf: str | None = None
) -> TrainedFactors:
    """Find out whose binding a model was trained on.

    Parameters
    ----------
    run
        The run: its tasks' names are read, and where there is one task, the option and the file of its data.
    targets
        Known motifs.
    factor
        Its name, where the user gave it (``--factor``); it goes before all others.
    tf
        The factor that was asked for (``--tf``).
    """
    data = run.config.get("data", {})
    given = factor or tf
    # Of each task, the names that may tell; the first that does is taken.
    if given is not None:
        asked = [[(given, "--factor" if factor else "--tf")]]
    else:
        asked = [[(task, f"task {task}")] for task in run.tasks]
        if len(asked) == 1:
            option, source = data.get("options", {}).get("tf"), data.get("source")
            asked[0] = [
                *([(str(option), "--tf of the training")] if option else []),
                *asked[0],
                *([(Path(str(source)).name, f"data {Path(str(source)).name}")] if source else []),
            ]
    taken_from: dict[str, str] = {}
    unknown: list[str] = []
    for names in asked:
        told = (given, data.get("options", {}).get("tf"))
        resolved = ((resolve_factor(name, targets, stated=name in told), where) for name, where in names)
        name, where = next(((name, where) for name, where in resolved if name is not None), (None, ""))
        if name is None:
            unknown.append(names[0][0])
        else:
            taken_from.setdefault(name, where)
    return TrainedFactors(tuple(taken_from), taken_from, tuple(dict.fromkeys(unknown)))


def factor_table(
    table: pd.DataFrame, alpha: float, factors: TrainedFactors, targets: Sequence[Motif]
) -> pd.DataFrame:
    """Say for each route which factors its motifs name.

    Parameters
    ----------
    table
        `motif_table`.
    alpha
        q below which a match, or of attention an enrichment, counts.
    factors
        What the model was trained on.
    targets
        Known motifs.

    Returns
    -------
    DataFrame
        ``route``, ``by`` (``match`` or, at maximum attention, ``enrichment``) and the columns of `found_factors`;
        ``found`` is ``unknown`` in the rows of tasks whose factor is not known.
    """
    parts = []
    for route in (*MATCHED, "attention"):
        part = found_factors(naming_rows(table, alpha, route), factors.names, targets)
        unknown = [{"factor": f"{UNKNOWN} ({name})", "found": "unknown"} for name in factors.unknown]
        part = pd.concat([part.astype({"found": object}), pd.DataFrame(unknown)], ignore_index=True)
        part.insert(0, "by", "enrichment" if route == "attention" else "match")
        part.insert(0, "route", route)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def naming_rows(table: pd.DataFrame, alpha: float, route: str) -> pd.DataFrame:
    """Rows of a route's motifs that name a factor: by a match, or by the enrichment of a known motif."""
    rows = table[(table["route"] == route) & (table["gate"] == "passed")]
    if route == "attention":
        rows = rows.assign(target_q=rows["enrichment_q"])
    return rows[rows["target_q"] < alpha]
