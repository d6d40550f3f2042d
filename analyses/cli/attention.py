"""`interpret attention`: where attention goes in bound, unbound and empty windows."""

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
    layer: Annotated[str | None, typer.Option(help="Which attention; the last by default.")] = None,
    threshold: Annotated[float, typer.Option(help="Probability above which a window is predicted bound.")] = 0.5,
    maximum: Annotated[int, typer.Option(help="Most windows of each class, TF and cell type.")] = 300,
    batch_size: Annotated[int, typer.Option(help="Windows in one pass.")] = 64,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Show profiles, heat maps, entropy, width and pairwise maps of attention by class of window."""
    from motiflens.analyses.attention_maps import AttentionOptions, attention_study
    from motiflens.analyses.cli.study_command import run_study

    wanted = AttentionOptions(layer=layer, threshold=threshold, maximum=maximum, batch_size=batch_size, seed=seed)
    run_study(
        runs,
        data,
        out,
        lambda opened, progress: attention_study(opened, wanted, progress),
        split=split,
        device=device,
    )
