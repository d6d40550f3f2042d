"""The options by which commands name which windows to look at: a split, or a user's own regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motiflens.analyses.cli.data_options import DataOptions
    from motiflens.models.regions import Regions


@dataclass(frozen=True)
class RegionOptions:
    """Own windows (`of`), or the split of a run's data. See `Regions`."""

    bed: Annotated[Path | None, typer.Option(help="Own windows: about a BED or narrowPeak file's summits.")] = None
    fasta: Annotated[Path | None, typer.Option(help="Own windows: of a FASTA file.")] = None
    locus: Annotated[str | None, typer.Option(help="Own windows: that cover a region (0-based, half-open).")] = (
        None
    )
    split: Annotated[str, typer.Option(help="Else windows of this split of the data.")] = "test"
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read at own windows.")] = None

    @property
    def files(self) -> tuple[Path | None, ...]:
        """What is read."""
        return self.bed, self.fasta

    def of(self, data: DataOptions) -> Regions:
        """Return the own windows that are named, on the genome that the data options name.

        Raises
        ------
        ValueError
            If several kinds are.
        """
        from motiflens.models.regions import Regions

        return Regions(self.bed, self.fasta, self.locus, data.genome, data.named(), self.cell_type, data.options())
