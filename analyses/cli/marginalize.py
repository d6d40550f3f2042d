"""`interpret marginalize`: what motifs do in backgrounds, alone and in pairs."""

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
    motif: Annotated[
        str | None, typer.Option(help="Motif file, jaspar:2026:…, or letters (CACGTG): effect of each alone.")
    ] = None,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two motifs (letters, a file's first, or jaspar:2026:ID): their effect together."),
    ] = None,
    spacing: Annotated[str, typer.Option(help="Of a pair: bases between the two.")] = "-50:50",
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Shuffle the motifs' sites in windows, in place of putting any in.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Of a pair: also draw a heat map (.png, .svg, .pdf).")
    ] = None,
    background: Annotated[
        str, typer.Option(help="shuffle (windows' dinucleotides), given (windows as they are) or random.")
    ] = "shuffle",
    count: Annotated[int, typer.Option("-n", "--count", help="Backgrounds.")] = 100,
) -> None:
    """Measure what a motif, or a pair, does to the prediction.

    Motifs are put into backgrounds: effects on the logit with intervals, and by the distance of a pair.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.marginalize_command import MarginalizeOptions, marginalize_command
    from motiflens.models.open_for_run import open_as_trained

    work.check([run, motif, *regions.files, data.source, data.genome, *(pair or ())], figure)
    chosen = MarginalizeOptions(
        motif=motif,
        pair=pair,
        spacing=spacing,
        ablate=ablate,
        background=background,
        count=count,
        regions=regions.of(data),
        split=regions.split,
        task=work.task,
        batch_size=work.batch_size,
        seed=work.seed,
        device=work.place,
    )
    with progress_display() as progress:
        record = marginalize_command(
            run,
            work.out,
            chosen,
            figure=figure,
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    for line in record["notes"]:
        note(line)
    result(record, f"{work.out}: {record['rows']:,} rows over {record['backgrounds']:,} backgrounds", out=work.out)
