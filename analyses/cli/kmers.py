"""`interpret kmers`: the embedding of a k-mer model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite


def command(
    runs: Annotated[list[Path], typer.Argument(help="Runs of kegru, or folders of runs such as a sweep.")],
    out: Annotated[Path, typer.Option(help="Folder for figures, tables and provenance.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Data to measure runs on that were not measured yet.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Of the sensitivity to k, stride and dimension.")] = "auroc",
    split: Annotated[str, typer.Option(help="Whose measures.")] = "valid",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Draw KEGRU's embedding of k-mers.

    In two dimensions by GC; distances of reverse complements; sensitivity to k and stride.
    """
    from motiflens.analyses.cli.study_command import check_folder, leave
    from motiflens.analyses.kmer_embedding import KmerOptions, kmer_study
    from motiflens.models.compare import folders_of
    from motiflens.models.evaluate import evaluate
    from motiflens.models.metrics_file import read_metrics, split_record
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.run import open_run

    check_folder(out, [*runs, data], overwrite=overwrite)
    wanted = KmerOptions(metric=metric, split=split, data=None if data is None else str(data), seed=seed)
    if data is not None:
        for folder in folders_of(runs):
            if split_record(read_metrics(folder), split) is None:
                run = open_run(folder)
                evaluate(run, open_as_trained(run, str(data)), split=split)
    leave(kmer_study(runs, wanted), out)
