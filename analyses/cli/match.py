"""`interpret match`: which known motifs are these (TOMTOM)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite


def command(
    query: Annotated[
        str,
        typer.Argument(
            help="Motif file of the queries (MEME v4, JASPAR, HOMER, TRANSFAC, CIS-BP, UniPROBE; .gz)."
        ),
    ],
    targets: Annotated[
        list[str],
        typer.Argument(
            help="Motif files of the targets, together one database, or jaspar, jaspar:2016, jaspar:2026:fungi, "
            "jaspar:2026:human, jaspar:2026:NRF1, jaspar:2026:all."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False, help="Table to write (TSV, TOMTOM's columns); OUT.json says how it was made."
        ),
    ],
    overwrite: Overwrite = False,
    dist: Annotated[str, typer.Option(help="Distance of columns; ed is Euclidean.")] = "ed",
    thresh: Annotated[float, typer.Option(help="Largest q-value reported; 1 reports every pair.")] = 0.5,
    evalue: Annotated[bool, typer.Option("--evalue", help="--thresh holds for E-values instead.")] = False,
    engine: Annotated[str, typer.Option(help="ours, or as a cross-check: memelite (ed only).")] = "ours",
    threads: Annotated[int | None, typer.Option(help="Threads (default: one per core).")] = None,
) -> None:
    """Compare motifs with known ones, as TOMTOM does.

    With exact p-, E- and q-values.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.motifs.match_command import match_command
    from motiflens.analyses.motifs.match_notes import match_notes
    from motiflens.analyses.motifs.motif_files import stated_format
    from motiflens.models.destination import output_file

    output_file(out, inputs=[stated_format(each)[0] for each in (query, *targets)], overwrite=overwrite)
    summary = match_command(
        query,
        targets,
        out,
        distance=dist,
        threshold=thresh,
        evalue=evalue,
        engine=engine,
        threads=threads,
    )
    kind = "E" if evalue else "q"
    result(
        summary,
        f"{summary['pairs']:,} matches of {summary['matched']:,} of {summary['queries']:,} queries among "
        f"{summary['targets']:,} targets at {kind} <= {thresh:g}: {out}",
        out=out,
    )
    low, record = summary["low_information"], f"{out}.json"
    for line in match_notes(low, summary["queries"], summary["targets"], record=record):
        note(f"note: {line}")
