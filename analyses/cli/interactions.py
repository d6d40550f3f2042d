"""`interpret interactions`: pairs of motifs that a model treats together."""

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
    motifs: Annotated[str, typer.Option(help="Motif file (MEME, JASPAR, TRANSFAC), or jaspar:2026:….")],
    out: Annotated[Path, typer.Option(help="Table to write (TSV); OUT.json says how it was made.")],
    overwrite: Overwrite = False,
    method: Annotated[
        str, typer.Option(help="epistasis (double mutants), or attention (pairwise, as SATORI).")
    ] = "epistasis",
    thresh: Annotated[float, typer.Option(help="p-value of a motif's site.")] = 1e-4,
    bed: Annotated[Path | None, typer.Option(help="Windows about a BED or narrowPeak file's summits.")] = None,
    fasta: Annotated[Path | None, typer.Option(help="Windows of a FASTA file.")] = None,
    locus: Annotated[
        str | None, typer.Option(help="Windows that cover chr:start-end (0-based, half-open).")
    ] = None,
    split: Annotated[str, typer.Option(help="test, valid, train or all.")] = "test",
    only: Annotated[str, typer.Option(help="Windows labelled positive, or all.")] = "positive",
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    maximum: Annotated[int, typer.Option(help="Most windows, drawn at random.")] = 200,
    shuffles: Annotated[int, typer.Option(help="Shuffles of a site that a mutant is averaged over.")] = 3,
    task: Annotated[str | None, typer.Option(help="Output, by name; the first by default.")] = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 64,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Test pairs of motifs that share windows, against sites paired with control stretches, with an FDR."""
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.interactions import InteractionOptions
    from motiflens.analyses.interactions_command import InteractionSource, interactions_command
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.regions import Regions

    inputs: list[Path | str | None] = [run, motifs, bed, fasta, data.source, data.genome]
    output_file(out, inputs=inputs, overwrite=overwrite)
    source = InteractionSource(
        regions=Regions(bed, fasta, locus, data.genome, data.named(), cell_type),
        split=split,
        only=only,
        maximum=maximum,
        task=task,
        batch_size=batch_size,
        device=device or best_device(),
    )
    with progress_display() as progress:
        record = interactions_command(
            run,
            motifs,
            out,
            source,
            InteractionOptions(method=method, threshold=thresh, shuffles=shuffles, seed=seed),
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    result(
        record, f"{out}: {record['pairs']:,} pairs of motifs, {record['significant']:,} with q <= 0.05", out=out
    )
