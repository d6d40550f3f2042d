"""`interpret report`: one page of motifs, studies, runs and checks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite

REPORT = "report.html"
PAGES = (".html", ".htm")


def command(
    folders: Annotated[
        list[Path], typer.Argument(help="Output folders of motifs and of studies, run folders, results of sanity.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="File to write (.html); report.html in the folder, or ./report.html for several."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Make one HTML page of everything that is known of a model.

    What it is, looks at, has learned, and how sure that is.
    """
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.report import build_report
    from motiflens.models.destination import output_file
    from motiflens.models.files import STREAMS
    from motiflens.models.named_list import once
    from motiflens.models.real_path import real_path

    once([str(real_path(folder)) for folder in folders], "the list of folders")
    target = out or (folders[0] / REPORT if len(folders) == 1 else Path(REPORT))
    inputs = [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.name != REPORT]
    output_file(target, inputs=inputs, overwrite=overwrite, record=False)
    if str(target) not in STREAMS and target.suffix.lower() not in PAGES:
        raise ValueError(f"{target} does not end with .html: name a page to write")
    build_report(folders, target)
    result({"file": str(target), "folders": [str(folder) for folder in folders]}, str(target), out=target)
