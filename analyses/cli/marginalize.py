"""`interpret marginalize`: what motifs do in backgrounds, alone and in pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions, data_options
from motiflens.analyses.cli.shared_options import Overwrite


@data_options
def command(
    data: DataOptions,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    out: Annotated[Path, typer.Option(help="Table to write (TSV); OUT.json says how it was made.")],
    overwrite: Overwrite = False,
    motif: Annotated[
        str | None, typer.Option(help="Motif file, jaspar:2026:…, or letters (CACGTG): effect of each alone.")
    ] = None,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two motifs (letters, a file's first, or jaspar:2026:ID): their effect together."),
    ] = None,
    spacing: Annotated[str, typer.Option(help="Of a pair: first:last[:step] bases between the two.")] = "-50:50",
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Shuffle the motifs' sites in windows, in place of putting any in.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(help="Of a pair: also draw a heat map (.png, .svg, .pdf).")
    ] = None,
    background: Annotated[
        str, typer.Option(help="shuffle (windows' dinucleotides), given (windows as they are) or random.")
    ] = "shuffle",
    count: Annotated[int, typer.Option("-n", "--count", help="Backgrounds.")] = 100,
    bed: Annotated[Path | None, typer.Option(help="Windows about a BED or narrowPeak file's summits.")] = None,
    fasta: Annotated[Path | None, typer.Option(help="Windows of a FASTA file.")] = None,
    locus: Annotated[
        str | None, typer.Option(help="Windows that cover chr:start-end (0-based, half-open).")
    ] = None,
    split: Annotated[str, typer.Option(help="test, valid, train or all.")] = "test",
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    task: Annotated[str | None, typer.Option(help="Output, by name; the first by default.")] = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 64,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Put motifs into backgrounds and see what the logit does: effects with intervals, and spacing of pairs."""
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.marginalize_command import MarginalizeOptions, marginalize_command
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.regions import Regions

    inputs: list[Path | str | None] = [run, motif, bed, fasta, data.source, data.genome, *(pair or ())]
    output_file(out, inputs=inputs, overwrite=overwrite)
    if figure is not None:
        output_file(figure, inputs=inputs, overwrite=overwrite, record=False)
    chosen = MarginalizeOptions(
        motif=motif,
        pair=pair,
        spacing=spacing,
        ablate=ablate,
        background=background,
        count=count,
        regions=Regions(bed, fasta, locus, data.genome, data.named(), cell_type),
        split=split,
        task=task,
        batch_size=batch_size,
        seed=seed,
        device=device or best_device(),
    )
    with progress_display() as progress:
        record = marginalize_command(
            run,
            out,
            chosen,
            figure=figure,
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    result(record, f"{out}: {record['rows']:,} rows over {record['backgrounds']:,} backgrounds", out=out)
