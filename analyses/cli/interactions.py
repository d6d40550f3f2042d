"""`interpret interactions`: pairs of motifs that a model treats together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.region_options import RegionOptions
from motiflens.analyses.cli.work_options import WorkOptions


@option_groups
def command(
    data: DataOptions,
    regions: RegionOptions,
    work: WorkOptions,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    motifs: Annotated[
        str, typer.Option(help="Motif file (MEME, JASPAR, HOMER, TRANSFAC, CIS-BP, UniPROBE), or jaspar:2026:….")
    ],
    method: Annotated[
        str,
        typer.Option(
            help="epistasis: double mutants, 24 forward passes for a window of two sites, 246 at most (of six); "
            "attribution: what a site contributes while the other is shuffled, 15 to 111 passes; attention: "
            "pairwise weights, as SATORI, 1 forward pass. The first two with 3 shuffles, in proportion."
        ),
    ] = "epistasis",
    thresh: Annotated[float, typer.Option(help="p-value of a motif's site.")] = 1e-4,
    share: Annotated[
        float,
        typer.Option(help="Share of the larger effect of two sites that has to depend on the other; 0: any."),
    ] = 0.1,
    only: Annotated[str, typer.Option(help="Which windows, by their labels.")] = "positive",
    maximum: Annotated[int, typer.Option(help="Most windows, drawn at random.")] = 200,
    shuffles: Annotated[int, typer.Option(help="Shuffles of a site that a mutant is averaged over.")] = 3,
    collapse: Annotated[
        bool,
        typer.Option(
            "--collapse/--keep-all",
            help="Motifs whose matrices are alike count as one, or each for itself.",
        ),
    ] = True,
    permutations: Annotated[
        int, typer.Option(help="Times that names are shuffled among the sites, for the column fdr; 0: none.")
    ] = 50,
) -> None:
    """Test which motifs depend on each other, with an FDR.

    Pairs of sites in one window are compared with the same sites' pairs with other motifs, and all of them with
    what comes out when the motifs' names are shuffled among the sites.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.interactions import InteractionOptions
    from motiflens.analyses.interactions_command import InteractionSource, interactions_command
    from motiflens.models.open_for_run import open_as_trained

    work.check([run, motifs, *regions.files, data.source, data.genome])
    source = InteractionSource(
        regions=regions.of(data),
        split=regions.split,
        only=only,
        maximum=maximum,
        task=work.task,
        batch_size=work.batch_size,
        device=work.place,
    )
    with progress_display() as progress:
        record = interactions_command(
            run,
            motifs,
            work.out,
            source,
            InteractionOptions(
                method=method,
                threshold=thresh,
                shuffles=shuffles,
                share=share,
                seed=work.seed,
                collapse=collapse,
                permutations=permutations,
            ),
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    for line in record["notes"]:
        note(line)
    result(
        record,
        f"{work.out}: {record['pairs']:,} pairs of motifs, {record['significant']:,} with q and fdr <= 0.05",
        out=work.out,
    )
