"""`interpret importance`: what each input of a model is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions, data_options


@data_options
def command(
    data: DataOptions,
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of runs.")],
    out: Annotated[Path, typer.Option(help="Folder for figures, tables and provenance.")],
    split: Annotated[str, typer.Option(help="test, valid or train.")] = "test",
    maximum: Annotated[int, typer.Option(help="Most windows of each TF and cell type.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Permutations of each input.")] = 3,
    bootstrap: Annotated[int, typer.Option(help="Draws of the intervals.")] = 200,
    single_features: Annotated[
        bool, typer.Option(help="Spoil every feature by itself, not only groups of them.")
    ] = True,
    batch_size: Annotated[int, typer.Option(help="Windows in one pass.")] = 256,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Set every input to zero or permute it, sequence, signals, expression and annotation: drop of auPRC."""
    from motiflens.analyses.cli.study_command import run_study
    from motiflens.analyses.importance import ImportanceOptions, importance_study

    wanted = ImportanceOptions(
        maximum=maximum,
        repeats=repeats,
        bootstrap=bootstrap,
        single_features=single_features,
        batch_size=batch_size,
        seed=seed,
    )
    run_study(
        runs,
        data,
        out,
        lambda opened, progress: importance_study(opened, wanted, progress),
        split=split,
        device=device,
    )
