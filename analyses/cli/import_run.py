"""`interpret import`: make a run folder of a published model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[
        Path,
        typer.Argument(
            help="Keras file (.h5, .keras) of standard layers, DeepGRN's among them; FactorNet folder; DeepBind "
            "parameter text file; program of torch.export (.pt2); state dict (.pt, .safetensors)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The run folder to make.")],
    kind: Annotated[str | None, typer.Option(help="Of the file; by default it is told by its content.")] = None,
    length: Annotated[int | None, typer.Option(help="Window length in bp, where the file leaves it open.")] = None,
    alphabet: Annotated[
        str | None, typer.Option(help="Order of the bases in a Keras file or a program (default ACGT).")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            help="Which head of a Keras file, by name, or any layer as the head; by default the one with one "
            "logit, or else the first. Which output of a program or of a plugin's module: index or name, with "
            ":mean, … reduced."
        ),
    ] = None,
    architecture: Annotated[
        str | None, typer.Option(help="Of a state dict: its architecture, as the registry or --plugin names it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Of a state dict: key=value, a hyperparameter, channels, outputs or meta."),
    ] = None,
) -> None:
    """Import published weights, or a model of your own.

    The run works in every command like a trained one.

    Files are read as arrays and text; nothing in them is executed.
    """
    from motiflens.analyses.cli.attribute_report import values
    from motiflens.models.published.importer import import_run

    imported = import_run(
        file,
        out,
        kind=kind,
        length=length,
        alphabet=alphabet,
        output=output,
        architecture=architecture,
        hyperparameters=values(set_ or []),
    )
    model = imported.model
    parameters = sum(parameter.numel() for parameter in model.parameters())
    typer.echo(f"{model.name}, {parameters:,} parameters, windows of {model.length:,} bp -> {out}")
    typer.echo(f"channels: {', '.join(imported.channels)}")
    if imported.meta:
        typer.echo(f"meta: {', '.join(imported.meta)}")
    shown = imported.tasks if len(imported.tasks) <= 20 else (*imported.tasks[:19], f"… ({len(imported.tasks):,})")
    typer.echo(f"outputs: {', '.join(shown)}")
    others = [head for head in imported.details.get("heads", []) if head != imported.details["head"]]
    if others:
        typer.echo(f"other heads of the file (--output): {', '.join(others)}")
    if imported.details.get("held_at_zero"):
        typer.echo(f"inputs held at zero: {', '.join(imported.details['held_at_zero'])}")
