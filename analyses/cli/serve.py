"""`interpret serve`: a page to try sequences on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback lets other machines in.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.")] = 8000,
) -> None:
    """Serve a page to try sequences on, in the browser.

    Paste sequences; see predictions, importance, attention and known motifs; change bases by click.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.serve.serve import is_loopback, serve

    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if not is_loopback(host):  # also with --quiet: who lets others in should know
        typer.echo(f"warning: {host} lets other machines use this page; nobody is asked for a password", err=True)
    words = f"serving {len(runs)} run{'s' if len(runs) > 1 else ''} on {address} (Ctrl-C stops it)"
    serve(runs, host=host, port=port, ready=lambda: note(words))
    result({"address": address, "runs": [str(run) for run in runs]})
