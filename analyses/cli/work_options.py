"""The options of commands that look at one output of one run and write a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class WorkOptions:
    """Where the table goes, of which output it is, and how it is computed."""

    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False, help="Table to write (TSV); OUT.json says how it was made, - is the terminal."
        ),
    ]
    overwrite: Overwrite = False
    task: Annotated[str | None, typer.Option(help="Output, by name; the first by default.")] = None
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 64
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0
    device: Annotated[str | None, typer.Option(help="By default the GPU, where there is one.")] = None

    def check(self, inputs: Iterable[Path | str | None], *others: Path | None) -> None:
        """Check where the table and the other files may go, before any work; see `output_files`."""
        from motiflens.models.destination import output_files

        output_files([self.out, *others], inputs=inputs, overwrite=self.overwrite)

    @property
    def place(self) -> torch.device | str:
        """Where to compute."""
        from motiflens.models.evaluate import best_device

        return self.device or best_device()
