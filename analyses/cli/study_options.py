"""The options that all studies share: where they write, of which windows they are, and how they are computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite


@dataclass(frozen=True)
class StudyOptions:
    """Where a study goes, of which split it is, its seed, and where to compute."""

    out: Annotated[Path, typer.Option(help="Folder for figures, tables and provenance.")]
    overwrite: Overwrite = False
    split: Annotated[str, typer.Option(help="Where the windows come from.")] = "test"
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0
    device: Annotated[str | None, typer.Option(help="By default the GPU, where there is one.")] = None
