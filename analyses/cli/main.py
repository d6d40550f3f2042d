"""`interpret`: reads the command line, hands over to one subcommand, and turns bad input into one line."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

# Waiting threads of OpenMP spin only briefly, then sleep (its GNU runtime reads this when torch is loaded). By its
# own default training became seven to ten times slower on two cores as soon as another program wanted them too; so
# it becomes two to three times slower, and on a quiet machine it is nearly as fast as before (6 %).
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# Subcommand -> module below motiflens.analyses.cli; each holds a function `command` (a typer command) or a
# typer application `app`. They import nothing heavy at their top, so that --help answers at once.
COMMANDS: dict[str, str] = {
    "data": "data",
    "simulate": "simulate",
    "train": "train",
    "evaluate": "evaluate",
    "predict": "predict",
    "compare": "compare",
    "sweep": "sweep",
    "transfer": "transfer",
    "import": "import_run",
    "sanity": "sanity",
    "scan": "scan",
    "match": "match",
    "attribute": "attribute",
    "motifs": "motifs",
    "report": "report",
}

app = typer.Typer(
    name="interpret",
    help="What a trained TF-binding model has learned, and whether to believe it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from motiflens.models.provenance import versions

        for name, version in versions().items():
            typer.echo(f"{name} {version}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Versions of the parts that matter."),
    ] = False,
    plugin: Annotated[
        list[str] | None,
        typer.Option(help="Python file that registers architectures of your own; may be given several times."),
    ] = None,
) -> None:
    if plugin:  # by the environment, so that worker processes find them too
        given = os.environ.get("MOTIFLENS_PLUGINS", "").split(os.pathsep)
        os.environ["MOTIFLENS_PLUGINS"] = os.pathsep.join([*plugin, *filter(None, given)])


def _add(name: str, module: str) -> None:
    found = importlib.import_module(f"motiflens.analyses.cli.{module}")
    if hasattr(found, "app"):
        app.add_typer(found.app, name=name)
    else:
        command: Callable[..., None] = found.command
        app.command(name)(command)


for _name, _module in COMMANDS.items():
    _add(_name, _module)


def main() -> None:
    """Run the command line. Bad input (ValueError, TypeError, OSError) prints one line and exits with 2."""
    try:
        app()
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("MOTIFLENS_DEBUG"):
            raise
        lines = " ".join(str(error).split()) or type(error).__name__
        print(f"interpret: {lines}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as stop:
        if stop.code == 130:  # Ctrl-C, which typer turns into an exit without a word
            print("interpret: interrupted", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
