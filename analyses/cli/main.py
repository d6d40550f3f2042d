"""`interpret`: reads the command line, hands over to one subcommand, and turns bad input into one line."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Protocol, runtime_checkable

import typer
from typer.main import get_command

from motiflens.analyses.cli.failure import BAD_INPUT, GONE, INTERRUPTED, failure
from motiflens.analyses.cli.hear_ctrl_c import hear_ctrl_c
from motiflens.analyses.cli.plain_help import PlainCommand, PlainGroup
from motiflens.analyses.cli.shared_options import shared_options
from motiflens.analyses.cli.warnings_as_notes import warnings_as_notes
from motiflens.models.keep_memory import keep_memory

# Waiting threads of OpenMP spin only briefly, then sleep (its GNU runtime reads this when torch is loaded). By its
# own default training became seven to ten times slower on two cores as soon as another program wanted them too; so
# it becomes two to three times slower, and on a quiet machine it is nearly as fast as before (6 %).
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# Subcommand -> module below motiflens.analyses.cli; each holds a function `command` (a typer command) or a
# typer application `app`. They import nothing heavy at their top, so that --help answers at once.
COMMANDS: dict[str, str] = {
    "data": "data",
    "simulate": "simulate",
    "cache": "cache",
    "train": "train",
    "import": "import_run",
    "evaluate": "evaluate",
    "predict": "predict",
    "compare": "compare",
    "study": "study",
    "sweep": "sweep",
    "transfer": "transfer",
    "attribute": "attribute",
    "sanity": "sanity",
    "benchmark": "benchmark",
    "variants": "variants",
    "hits": "hits",
    "marginalize": "marginalize",
    "interactions": "interactions",
    "serve": "serve",
    "motifs": "motifs",
    "report": "report",
    "scan": "scan",
    "match": "match",
    "chip": "chip",
    "attention": "attention",
    "importance": "importance",
    "dnase": "dnase",
    "kmers": "kmers",
}

# Panels of `interpret --help`, by task, in the order of the commands above; what stands in none comes last.
PANELS: dict[str, tuple[str, ...]] = {
    "Data": ("data", "simulate", "cache"),
    "Models": ("train", "import", "evaluate", "predict", "compare", "study", "sweep", "transfer"),
    "What a model looks at": (
        "attribute",
        "sanity",
        "benchmark",
        "variants",
        "hits",
        "marginalize",
        "interactions",
        "serve",
    ),
    "Motifs": ("motifs", "report", "scan", "match"),
    "Studies": ("chip", "attention", "importance", "dnase", "kmers"),
}
_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}

app = typer.Typer(
    name="interpret",
    help="What a trained TF-binding model has learned, and whether to believe it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    cls=PlainGroup,
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
        typer.Option(
            metavar="FILE",
            help="Python file with architectures of your own; repeatable.",
        ),
    ] = None,
) -> None:
    if plugin:  # by the environment, so that worker processes find them too
        given = os.environ.get("MOTIFLENS_PLUGINS", "").split(os.pathsep)
        os.environ["MOTIFLENS_PLUGINS"] = os.pathsep.join([*plugin, *filter(None, given)])


def _add(name: str, module: str) -> None:
    source = importlib.import_module(f"motiflens.analyses.cli.{module}")
    panel = _PANEL_OF.get(name, "More")
    if hasattr(source, "app"):
        for info in source.app.registered_commands:
            info.callback, info.cls = shared_options(info.callback), PlainCommand
        app.add_typer(source.app, name=name, rich_help_panel=panel, cls=PlainGroup)
    else:
        command: Callable[..., None] = source.command
        app.command(name, rich_help_panel=panel, cls=PlainCommand)(shared_options(command))


for _name, _module in COMMANDS.items():
    _add(_name, _module)


def main() -> None:
    """Run the command line; a failure is one line on stderr. The exit codes stand in `failure`."""
    keep_memory()
    sys.exit(_ended(sys.argv[1:]))


@functools.cache
def _command() -> Any:
    """All commands as typer makes them of `app`, which takes four fifths of the time of a call that is refused."""
    return get_command(app)


def _ended(words: list[str]) -> int:
    """Run one command and return the exit code."""
    try:
        with hear_ctrl_c(), warnings_as_notes():
            code = _command().main(words, prog_name="interpret", standalone_mode=False)
            sys.stdout.flush()
    except SystemExit as stop:  # of worker processes and completion
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing is flushed at the end
        return GONE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        return _told(error)
    if code == INTERRUPTED:
        print("interpret: interrupted", file=sys.stderr)
    return code if isinstance(code, int) else 0


@runtime_checkable
class _Mistyped(Protocol):
    """An error of click, or of the copy of it that typer carries: the command line is typed wrongly."""

    exit_code: int

    def format_message(self) -> str:
        """What is wrong."""
        ...

    def show(self) -> None:
        """Print it."""
        ...


def _told(error: Exception) -> int:
    """Print the one line of a failure and return the exit code."""
    if isinstance(error, _Mistyped):
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return BAD_INPUT
        path = getattr(getattr(error, "ctx", None), "command_path", "interpret")
        text = " ".join(str(error.format_message()).split()).rstrip(".")
        print(f"interpret: {text} ('{path} --help' shows what there is)", file=sys.stderr)
        return int(error.exit_code)
    if os.environ.get("MOTIFLENS_DEBUG"):
        raise error
    line, code = failure(error)
    with contextlib.suppress(OSError):  # a log on the disk that is full
        print(f"interpret: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
