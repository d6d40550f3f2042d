"""`interpret scan`: occurrences of motifs in sequences (FIMO)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite
from motiflens.analyses.cli.workers import Dask, Processes


def command(
    motifs: Annotated[
        str,
        typer.Option(
            help="Motif file (MEME v4, JASPAR, HOMER, TRANSFAC, CIS-BP, UniPROBE; .gz), or jaspar, jaspar:2016, "
            "jaspar:2026:fungi, jaspar:2026:human, jaspar:2026:NRF1."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="Table to write (TSV, FIMO's columns), BED if it ends with .bed; OUT.json says how it was made.",
        ),
    ],
    sequences: Annotated[Path | None, typer.Option(help="FASTA file (.gz allowed).")] = None,
    bed: Annotated[
        Path | None,
        typer.Option(help="Else regions of --genome, whole intervals of BED: places are on the genome."),
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA of the genome, for --bed.")] = None,
    overwrite: Overwrite = False,
    background: Annotated[
        str,
        typer.Option(
            help="uniform (our default), nrdb (FIMO's default), motifs (the motif file's own: FIMO's --bfile "
            "--motif--), sequences (their letter frequencies), or a file in MEME's background format."
        ),
    ] = "uniform",
    thresh: Annotated[float, typer.Option(help="Largest p-value reported.")] = 1e-4,
    norc: Annotated[bool, typer.Option("--norc", help="Do not scan the reverse complement.")] = False,
    engine: Annotated[str, typer.Option(help="ours, or as cross-checks: meme (pymemesuite), memelite.")] = "ours",
    processes: Processes = None,
    dask: Dask = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of all processes, or of each Dask worker (default: one per core).")
    ] = None,
) -> None:
    """Find occurrences of motifs in sequences, as FIMO does.

    With exact p-values, and q-values.

    Intervals of a BED file that overlap are one region: no occurrence counts twice.
    Stopped, the same command goes on with what is missing.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.workers import shared_output, workers
    from motiflens.analyses.motifs.motif_files import stated_format
    from motiflens.analyses.motifs.scan_command import ScanCommand, scan_command
    from motiflens.analyses.motifs.scan_regions import scan_regions
    from motiflens.models.destination import output_file

    if (sequences is None) == (bed is None) or (bed is None) != (genome is None):
        raise ValueError("give either --sequences, or --bed with --genome")
    inputs = [stated_format(motifs)[0], sequences, bed, genome, background]
    output_file(out, inputs=inputs, overwrite=overwrite)
    shared_output(out, dask)
    if dask is not None and threads is None:
        threads = 1
    how = ScanCommand(background, thresh, not norc, engine, threads, workers(processes or 1, dask, threads or 1))
    given = sequences or scan_regions(bed, genome)  # type: ignore[arg-type]
    with progress_display() as progress:
        summary = scan_command(motifs, given, out, how, progress)
    result(
        summary,
        f"{summary['hits']:,} hits of {summary['motifs']:,} motifs in {summary['sequences']:,} sequences "
        f"({summary['bases']:,} bp) at p <= {thresh:g}: {out}",
        out=out,
    )
    for told in (summary["foreign"], summary["wide"]):
        if told:
            note(f"note: {told}")
