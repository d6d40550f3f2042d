"""`interpret motifs`: from a model to named motifs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions, data_options


@data_options
def command(
    data: DataOptions,
    model: Annotated[str, typer.Option("--model", help="Architecture (trained first), or a run folder.")],
    routes: Annotated[
        str | None, typer.Option(help="Of kernels,attention,seqlets,denovo; all that are possible by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, matrices and the report.")] = Path("motifs"),
    jaspar: Annotated[str, typer.Option(help="JASPAR release to match against, e.g. 2026 or 2016.")] = "2026",
    taxon: Annotated[str, typer.Option(help="JASPAR's taxon: vertebrates, plants, … or all.")] = "vertebrates",
    targets: Annotated[
        Path | None, typer.Option(help="Motifs to match against, in place of JASPAR (MEME, JASPAR, TRANSFAC).")
    ] = None,
    threshold: Annotated[
        str, typer.Option(help="Kernel sites: activation > zero or > half its maximum.")
    ] = "half",
    width: Annotated[int, typer.Option(help="Base pairs about maximum attention.")] = 20,
    scaling: Annotated[str, typer.Option(help="field: its exact centre; authors: as DeepGRN.")] = "field",
    prediction: Annotated[float, typer.Option(help="Least predicted probability of a positive.")] = 0.5,
    dnase: Annotated[float, typer.Option(help="Leave out windows of this DNase max/mean; 0: none.")] = 15.0,
    method: Annotated[str, typer.Option(help="Attribution method of the seqlets.")] = "input_x_gradient",
    dist: Annotated[str, typer.Option(help="Distance for matching: ed or pearson.")] = "ed",
    shuffles: Annotated[int, typer.Option(help="Repeats of the column-shuffled null.")] = 50,
    untrained: Annotated[int, typer.Option(help="Untrained models of the null.")] = 3,
    preset: Annotated[str, typer.Option(help="Recipe for training by name: small, short or paper.")] = "small",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value for training by name; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
) -> None:
    """Find the motifs of a model, name them, test them against chance, cluster them, and report."""
    from motiflens.analyses.cli.motifs_progress import motifs_progress
    from motiflens.analyses.cli.motifs_table import show_motifs
    from motiflens.analyses.motifs.model_motifs import model_motifs
    from motiflens.analyses.motifs.routes import motif_options

    options = motif_options(
        kernel_threshold=threshold,
        width=width,
        scaling=scaling,
        least_prediction=prediction,
        flat_dnase=dnase or None,
        method=method,
        distance=dist,
        shuffles=shuffles,
        untrained=untrained,
        seed=seed,
    )
    wanted = None if routes is None else tuple(part.strip() for part in routes.split(",") if part.strip())
    with motifs_progress() as (progress, say):
        summary = model_motifs(
            model,
            out,
            data=data.named(),
            opening=data.options(),
            routes=wanted,
            tf=data.tf,
            known=str(targets) if targets else f"jaspar:{jaspar}:{taxon}",
            options=options,
            preset=preset,  # type: ignore[arg-type]
            settings=tuple(set_ or ()),
            progress=progress,
            say=say,
        )
    show_motifs(out, summary)
