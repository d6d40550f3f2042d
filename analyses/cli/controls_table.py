"""What the terminal says of the controls beside models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5  # warnings


def control_table(floor: pd.DataFrame) -> None:
    """Print each control's mean metrics, and its matrices where they are few."""
    from motiflens.analyses.cli.output import note
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.models.controls import NAMES

    if not len(floor):
        note("no controls: there are no training windows with both bound and unbound ones")
        return
    rows = []
    for name, part in floor.groupby("control", sort=False):
        matrices = [matrix for matrix in part["matrix"].unique() if matrix]
        told = ", ".join(matrices) if len(matrices) <= _SHOWN else f"{len(matrices)} matrices"
        means = part[["auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10", "average_precision"]].mean()
        rows.append({"control": NAMES[str(name)], "matrix": told or "-", "tasks": len(part), **means})
    frame_table(_frame(rows), title="controls, fitted to the same training windows")


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


def warn_beaten(measures: pd.DataFrame, floor: pd.DataFrame, *, name: str = "") -> None:
    """Warn on the error stream of each task on which a control ranks windows better than the model."""
    from motiflens.analyses.cli.output import note
    from motiflens.models.controls import beaten

    lines = beaten(measures, floor)
    prefix = f"warning: {name}, " if name else "warning: "
    for line in lines[:_SHOWN]:
        note(prefix + line)
    if len(lines) > _SHOWN:
        note(f"{prefix}{len(lines) - _SHOWN} more losses to a control")
