"""`interpret report`: rebuild one run's report, or put several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folders: Annotated[list[Path], typer.Argument(help="Output folders of 'interpret motifs'.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; report.html in the folder, or ./report.html for several.")
    ] = None,
) -> None:
    """Rebuild the report of a run, or merge several runs side by side."""
    from motiflens.analyses.report import build_report

    target = out or (folders[0] / "report.html" if len(folders) == 1 else Path("report.html"))
    typer.echo(build_report(folders, target))
