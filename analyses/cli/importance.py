"""`interpret importance`: what each input of a model is worth."""

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
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of runs.")],
    maximum: Annotated[int, typer.Option(help="Most windows of each TF and cell type.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Permutations of each input.")] = 3,
    bootstrap: Annotated[int, typer.Option(help="Draws of the intervals.")] = 200,
    single_features: Annotated[
        bool, typer.Option(help="Spoil every feature by itself, not only groups of them.")
    ] = True,
    batch_size: Annotated[int, typer.Option(help="Windows in one pass.")] = 256,
) -> None:
    """Measure what each input is worth to the model.

    Sequence, signals, expression and annotation are each set to zero or permuted: the drop of auPRC.
    """
    from motiflens.analyses.cli.study_command import run_study
    from motiflens.analyses.importance import ImportanceOptions, importance_study

    wanted = ImportanceOptions(
        maximum=maximum,
        repeats=repeats,
        bootstrap=bootstrap,
        single_features=single_features,
        batch_size=batch_size,
        seed=study.seed,
    )
    run_study(runs, data, study, lambda opened, progress: importance_study(opened, wanted, progress))
