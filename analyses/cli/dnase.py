"""`interpret dnase`: accessibility of the windows that only one of two models finds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.study_options import StudyOptions


@option_groups
def command(
    data: DataOptions,
    study: StudyOptions,
    run_a: Annotated[Path, typer.Argument(help="Run folder A, such as one with attention.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder B, of the same TF and data.")],
    threshold: Annotated[float, typer.Option(help="Probability above which a window is called bound.")] = 0.5,
    matched: Annotated[
        bool, typer.Option("--matched", help="Call as many windows as are bound, by either run, instead.")
    ] = False,
) -> None:
    """Compare DNase of windows that only one of two models finds.

    Windows are those found by A alone, by B alone, by both, and those only one gets wrong.
    """
    from motiflens.analyses.cli.study_command import run_study
    from motiflens.analyses.dnase_groups import DnaseOptions, dnase_study

    wanted = DnaseOptions(threshold=None if matched else threshold, seed=study.seed)
    run_study([run_a, run_b], data, study, lambda opened, progress: dnase_study(opened, wanted, progress))
