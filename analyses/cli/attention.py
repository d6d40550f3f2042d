"""`interpret attention`: where attention goes in bound, unbound and empty windows."""

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
    layer: Annotated[str | None, typer.Option(help="Which attention; the last by default.")] = None,
    threshold: Annotated[float, typer.Option(help="Probability above which a window is predicted bound.")] = 0.5,
    maximum: Annotated[int, typer.Option(help="Most windows of each class, TF and cell type.")] = 300,
    batch_size: Annotated[int, typer.Option(help="Windows in one pass.")] = 64,
) -> None:
    """Compare attention of bound windows with that of others.

    Profiles, heat maps, entropy, width and pairwise maps by class of window.
    """
    from motiflens.analyses.attention_maps import AttentionOptions, attention_study
    from motiflens.analyses.cli.study_command import run_study

    wanted = AttentionOptions(
        layer=layer, threshold=threshold, maximum=maximum, batch_size=batch_size, seed=study.seed
    )
    run_study(runs, data, study, lambda opened, progress: attention_study(opened, wanted, progress))
