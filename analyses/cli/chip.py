"""`interpret chip`: what a model looks at against ChIP-seq fold change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.region_options import RegionOptions
from motiflens.analyses.cli.study_options import StudyOptions


@option_groups
def command(
    data: DataOptions,
    regions: RegionOptions,
    study: StudyOptions,
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of runs.")],
    look: Annotated[
        str, typer.Option(help="attention and attribution methods, comma-separated.")
    ] = "attention,saliency",
    layer: Annotated[str | None, typer.Option(help="Which attention; the last by default.")] = None,
    maximum: Annotated[int, typer.Option(help="Most bound windows of each TF and cell type.")] = 400,
    prediction: Annotated[float, typer.Option(help="Only windows predicted above this probability.")] = 0.0,
    segments: Annotated[str, typer.Option(help="field (exact) or linear (the authors').")] = "field",
    untrained: Annotated[int, typer.Option(help="Untrained models to set beside.")] = 3,
    peaks: Annotated[int, typer.Option(help="Peaks that windows are slid past; 0 for none.")] = 40,
    paper: Annotated[
        bool, typer.Option("--paper", help="Add the authors' own measures, circular ones labelled.")
    ] = False,
    batch_size: Annotated[int, typer.Option(help="Windows in one pass.")] = 64,
) -> None:
    """Correlate attention and attribution with ChIP-seq fold change.

    Beside each number stand chance, the position in the window, DNase, and untrained models.

    Own regions are taken as bound; fold change is that of --data, or of the run's own data.
    """
    from motiflens.analyses.chip import ChipOptions, chip_study
    from motiflens.analyses.cli.study_command import run_study
    from motiflens.models.named_list import named_list

    wanted = ChipOptions(
        looks=named_list(look, "--look"),
        layer=layer,
        maximum=maximum,
        prediction=prediction,
        segments=segments,  # type: ignore[arg-type]
        untrained=untrained,
        shift_peaks=peaks,
        paper=paper,
        batch_size=batch_size,
        seed=study.seed,
    )
    run_study(runs, data, study, lambda opened, progress: chip_study(opened, wanted, progress), regions=regions)
