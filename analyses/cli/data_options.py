"""The options by which every command names its data; see `option_groups`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motiflens.models.data.options import Options
    from motiflens.models.data.windows import Dataset
    from motiflens.models.progress import Progress


@dataclass(frozen=True)
class DataOptions:
    """The values of the data options; `open` opens what they name. See `open_dataset`."""

    source: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Folder with dataset.toml, DeepBind .seq, FASTA, BED, .mat, .npz; default: simulated."
        ),
    ] = None
    tf: Annotated[str | None, typer.Option(help="TF of a folder (or data set of a DeepBind folder).")] = None
    length: Annotated[int | None, typer.Option(help="Base pairs per window.")] = None
    labelling: Annotated[str | None, typer.Option(help="How windows are labelled by peaks.")] = None
    negatives: Annotated[str | None, typer.Option(help="How negatives are made, or their FASTA.")] = None
    negatives_file: Annotated[Path | None, typer.Option(help="FASTA of negatives.")] = None
    ratio: Annotated[float | None, typer.Option(help="Negatives per positive (1).")] = None
    genome: Annotated[Path | None, typer.Option(help="FASTA of the genome, for BED and gc negatives.")] = None
    signals: Annotated[str | None, typer.Option(help="Channels beside the bases, comma-separated, or 'none'.")] = (
        None
    )
    test: Annotated[str | None, typer.Option(help="Test file, or test chromosomes (chr8,chr9).")] = None
    columns: Annotated[str | None, typer.Option(help="Tasks: first:end, or tbinet (DeepSEA's 125:815).")] = None
    offset: Annotated[int, typer.Option(help="Shift windows about summits by up to this many bp.")] = 0
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0
    division: Annotated[str | None, typer.Option(help="Shares of train,valid,test of a file (0.8,0.1,0.1).")] = (
        None
    )
    variable: Annotated[
        bool,
        typer.Option(
            "--variable-length", help="Take sequences of different lengths (KEGRU: --set variable=true)."
        ),
    ] = False
    control: Annotated[str | None, typer.Option(help="Change the data into a control.")] = None
    scale_signals: Annotated[
        bool,
        typer.Option("--scale-signals", help="Multiply signals of another size than the run was trained on."),
    ] = False

    def open(self, progress: Progress | None = None) -> Dataset:
        """Open the data set: the built-in simulated one if no source is named."""
        from motiflens.models.data.open_dataset import open_dataset

        return open_dataset(self.path(progress), **asdict(self.options()))

    @property
    def files(self) -> tuple[Path | None, ...]:
        """What is read."""
        test = None if self.test is None or not Path(self.test).exists() else Path(self.test)
        return self.source, self.genome, self.negatives_file, test

    def named(self) -> str | None:
        """Return the source as text, None if it is not named."""
        return None if self.source is None else str(self.source)

    def path(self, progress: Progress | None = None) -> str:
        """Return the source as text; the built-in data are made if it is not named and they are not there yet."""
        from motiflens.models.data.simulate.builtin import builtin
        from motiflens.models.progress import silent

        return self.named() or str(builtin(progress=progress or silent))

    def options(self) -> Options:
        """Return the options of `open_dataset`."""
        from motiflens.models.data.options import Division, Options
        from motiflens.models.named_list import named_list
        from motiflens.models.settings import parse_value

        signals = None
        if self.signals is not None:
            signals = named_list(self.signals, "--signals", none=True)
        negatives, file = self.negatives, self.negatives_file
        if file is None and negatives is not None and Path(negatives).is_file():
            file, negatives = Path(negatives), None
        return Options(
            tf=self.tf,
            length=self.length,
            labelling=self.labelling,
            negatives=negatives,
            negatives_file=file,
            ratio=self.ratio,
            genome=self.genome,
            signals=signals,
            test=self.test,
            columns=self.columns,
            offset=self.offset,
            seed=self.seed,
            division=None if self.division is None else parse_value("division", self.division, Division),
            variable=self.variable,
            control=self.control,
            scale_signals=self.scale_signals,
        )
