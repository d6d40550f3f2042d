"""`interpret hits`: motif instances called from contribution scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions, data_options
from motiflens.analyses.cli.shared_options import Overwrite


@data_options
def command(
    data: DataOptions,
    run: Annotated[Path, typer.Argument(help="Run folder, store, or folder of `interpret attribute`.")],
    motifs: Annotated[str, typer.Option(help="Motif file (MEME, JASPAR, TRANSFAC), or jaspar:2026:….")],
    out: Annotated[Path, typer.Option(help="Table to write (TSV); OUT.json says how it was made.")],
    overwrite: Overwrite = False,
    bed_out: Annotated[
        Path | None, typer.Option("--bed-out", help="Also write a BED file of the instances.")
    ] = None,
    counts: Annotated[Path | None, typer.Option(help="Also write instances by window and motif (TSV).")] = None,
    bed: Annotated[Path | None, typer.Option(help="Windows about a BED or narrowPeak file's summits.")] = None,
    fasta: Annotated[Path | None, typer.Option(help="Windows of a FASTA file.")] = None,
    locus: Annotated[
        str | None, typer.Option(help="Windows that cover chr:start-end (0-based, half-open).")
    ] = None,
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    split: Annotated[str, typer.Option(help="test, valid, train or all.")] = "test",
    only: Annotated[str, typer.Option(help="Windows labelled positive, or all.")] = "positive",
    maximum: Annotated[int | None, typer.Option(help="Most windows, drawn at random.")] = None,
    task: Annotated[str | None, typer.Option(help="Output, by name; the first by default.")] = None,
    method: Annotated[str, typer.Option(help="Attribution method.")] = "input_x_gradient",
    fdr: Annotated[float, typer.Option(help="Largest q-value reported.")] = 0.05,
    similarity: Annotated[float, typer.Option(help="Least cosine between contributions and motif.")] = 0.5,
    shuffles: Annotated[int, typer.Option(help="Copies of each window with permuted bases behind the null.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the null, and of attributions.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Say which places of windows are which motif by what the model reads there, with a false discovery rate."""
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.hits import HitOptions
    from motiflens.analyses.hits_command import HitSource, hits_command
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.regions import Regions

    inputs: list[Path | str | None] = [run, motifs, bed, fasta, data.source, data.genome]
    for file, record in ((out, True), (bed_out, False), (counts, False)):
        if file is not None:
            output_file(file, inputs=inputs, overwrite=overwrite, record=record)
    source = HitSource(
        where=run,
        regions=Regions(bed, fasta, locus, data.genome, data.named(), cell_type),
        split=split,
        only=only,
        task=task,
        method=method,
        seed=seed,
        maximum=maximum,
        device=device or best_device(),
    )
    with progress_display() as progress:
        found = hits_command(
            source,
            motifs,
            out,
            HitOptions(fdr=fdr, similarity=similarity, shuffles=shuffles, seed=seed),
            bed=bed_out,
            counts=counts,
            open_data=lambda opened: open_as_trained(opened, data.named(), data.options()),
            progress=progress,
        )
    result(
        found,
        f"{out}: {found['hits']:,} instances of {found['motifs']:,} motifs in {found['windows_with_hits']:,} of "
        f"{found['windows']:,} windows (q <= {fdr:g})",
        out=out,
    )
