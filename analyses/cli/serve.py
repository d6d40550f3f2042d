"""`interpret serve`: a page to try sequences on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.", metavar="RUN…")],
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback lets other machines in.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.")] = 8000,
) -> None:
    """Serve a page in the browser: paste sequences, see predictions, importance, attention and known motifs."""
    from motiflens.analyses.serve.serve import is_loopback, serve

    if not is_loopback(host):
        typer.echo(f"warning: {host} lets other machines use this page; nobody is asked for a password", err=True)
    typer.echo(
        f"serving {len(runs)} run{'s' if len(runs) > 1 else ''} on http://{host}:{port} (Ctrl-C stops it)",
        err=True,
    )
    serve(runs, host=host, port=port)
