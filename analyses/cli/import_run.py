"""`interpret import`: make a run folder of a published model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[
        Path,
        typer.Argument(help="DeepGRN .h5 file, FactorNet folder, or DeepBind parameter text file."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The run folder to make.")],
    kind: Annotated[
        str | None, typer.Option(help="deepgrn, factornet, deepbind or lsgkm; detected unless given.")
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Window length in bp, where the file leaves it open.", min=1)
    ] = None,
) -> None:
    """Import published weights: the run works in every command like a trained one.

    Files are read as arrays and text; nothing in them is executed.
    """
    from motiflens.models.published.importer import import_run

    found = import_run(file, out, kind=kind, length=length)
    model = found.model
    parameters = sum(parameter.numel() for parameter in model.parameters())
    typer.echo(f"{model.name}, {parameters:,} parameters, windows of {model.length:,} bp -> {out}")
    typer.echo(f"channels: {', '.join(found.channels)}")
    if found.meta:
        typer.echo(f"meta: {', '.join(found.meta)}")
    typer.echo(f"outputs: {', '.join(found.tasks)}")
