"""`interpret hits`: motif instances called from contribution scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.region_options import RegionOptions
from motiflens.analyses.cli.work_options import WorkOptions
from motiflens.interpret.attribution.method_costs import costs


@option_groups
def command(
    data: DataOptions,
    regions: RegionOptions,
    work: WorkOptions,
    run: Annotated[Path, typer.Argument(help="Run folder, store, or folder of `interpret attribute`.")],
    motifs: Annotated[
        str, typer.Option(help="Motif file (MEME, JASPAR, HOMER, TRANSFAC, CIS-BP, UniPROBE), or jaspar:2026:….")
    ],
    bed_out: Annotated[
        Path | None, typer.Option("--bed-out", dir_okay=False, help="Also write a BED file of the instances.")
    ] = None,
    counts: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also write instances by window and motif (TSV).")
    ] = None,
    only: Annotated[str, typer.Option(help="Which windows, by their labels.")] = "positive",
    maximum: Annotated[int | None, typer.Option(help="Most windows, drawn at random.")] = None,
    method: Annotated[
        str, typer.Option(help=f"Attribution method, and what it costs a window: {costs()}.")
    ] = "input_x_gradient",
    fdr: Annotated[float, typer.Option(help="Largest q-value reported.")] = 0.05,
    similarity: Annotated[float, typer.Option(help="Least cosine between contributions and motif.")] = 0.5,
    shuffles: Annotated[
        int | None,
        typer.Option(help="Copies of each window with permuted bases behind the null; 1 to 20 by their number."),
    ] = None,
) -> None:
    """Call instances of motifs by their contribution, with an FDR.

    A place counts as a motif's if the model reads it there, not because its letters match.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.hits import HitOptions
    from motiflens.analyses.hits_command import HitSource, hits_command, no_hits
    from motiflens.models.open_for_run import open_as_trained

    work.check([run, motifs, *regions.files, data.source, data.genome], bed_out, counts)
    source = HitSource(
        where=run,
        regions=regions.of(data),
        split=regions.split,
        only=only,
        task=work.task,
        method=method,
        seed=work.seed,
        maximum=maximum,
        batch_size=work.batch_size,
        device=work.place,
    )
    with progress_display() as progress:
        record = hits_command(
            source,
            motifs,
            work.out,
            HitOptions(fdr=fdr, similarity=similarity, shuffles=shuffles, seed=work.seed),
            bed=bed_out,
            counts=counts,
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    for line in record["notes"]:
        note(line)
    result(
        record,
        f"{work.out}: {record['hits']:,} instances of {record['motifs']:,} motifs in "
        f"{record['windows_with_hits']:,} of {record['windows']:,} windows (q <= {fdr:g})",
        *([no_hits(record)] if not record["hits"] else []),
        out=work.out,
    )
