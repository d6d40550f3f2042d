"""`interpret simulate`: a regulatory genome whose binding sites are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist, or be empty.")],
    preset: Annotated[str, typer.Option(help="small (4.5 Mb) or paper (60 Mb).")] = "small",
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    grammar: Annotated[
        str | None, typer.Option(help="Rule of GATA1 beside MAX; writes truth/grammar.tsv.")
    ] = None,
    distance: Annotated[
        str | None,
        typer.Option(help="Bases between GATA1 and MAX, 2 to 139; 5:20 by default.", rich_help_panel="Data"),
    ] = None,
) -> None:
    """Simulate a genome whose binding sites are known.

    Sequence, chromatin, ChIP-seq and DNase-seq, as a data set to train on.
    """
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.models.data.simulate import simulate
    from motiflens.models.data.simulate.grammar import parse_distance

    apart = None if distance is None else parse_distance(distance)
    with progress_display() as progress:
        folder = simulate(out, preset=preset, seed=seed, grammar=grammar, distance=apart, progress=progress)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    truth = folder / "truth" / "sites.bed"
    result(
        {
            "folder": str(folder),
            "preset": preset,
            "seed": seed,
            "grammar": grammar,
            "distance": apart,
            "bytes": size,
            "truth": str(truth),
        },
        f"{folder}: preset {preset}, seed {seed}, {size / 1e6:.0f} MB",
        f"what it is: interpret data describe {folder}",
        f"the truth:  {truth}",
    )
