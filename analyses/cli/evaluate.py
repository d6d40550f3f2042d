"""`interpret evaluate`: measure a run on a split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.shared_options import Overwrite


@option_groups
def command(
    data: DataOptions,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    split: Annotated[str, typer.Option(help="Whose windows are measured.")] = "test",
    strands: Annotated[
        bool | None,
        typer.Option("--both-strands/--one-strand", help="Average both strands; else as trained."),
    ] = None,
    strand_merge: Annotated[
        str | None, typer.Option(help="Merge both strands so; else as trained, or as validation chose.")
    ] = None,
    strands_as_rows: Annotated[
        bool,
        typer.Option("--strands-as-rows", help="Count each window twice, as it is and turned (TBiNet's data)."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="TSV to write as well, with OUT.json: how it was made.")
    ] = None,
    curves: Annotated[
        Path | None, typer.Option(help="Folder for ROC and precision-recall curves, and rows by cell type.")
    ] = None,
    overwrite: Overwrite = False,
    rows: Annotated[int, typer.Option(help="Most tasks to show.")] = 20,
    with_controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="Measure a JASPAR matrix and 6-mers as well.")
    ] = True,
    device: Annotated[str | None, typer.Option(help="By default the GPU, where there is one.")] = None,
) -> None:
    """Measure how well a run predicts.

    AuROC, auPRC, recall at 50 and 10 % FDR, and more, by task, and their mean.
    """
    from motiflens.analyses.cli.controls_table import control_table, warn_beaten
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.study_command import check_folder
    from motiflens.analyses.cli.tables import metrics_table
    from motiflens.models.controls import controls_of
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device, evaluate
    from motiflens.models.files import streamed, write_with_record
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.progress import Step
    from motiflens.models.provenance import provenance
    from motiflens.models.run import open_run
    from motiflens.models.seen_windows import seen_notes
    from motiflens.models.strands import merging

    merge = merging(strands, strand_merge)
    if strands_as_rows and merge is not None:
        raise ValueError("give either --strands-as-rows, or --both-strands, --one-strand or --strand-merge")
    if out is not None:
        output_file(out, inputs=[run, data.source], overwrite=overwrite)
    if curves is not None:
        check_folder(curves, [run, data.source], overwrite=overwrite)
    opened = open_run(run)
    with progress_display() as progress:
        progress(Step("opening the data"))
        dataset = open_as_trained(opened, data.named(), data.options())
        for line in (*dataset.notes, *(seen_notes(opened, dataset, split) if data.named() else ())):
            note(line)
        table = evaluate(
            opened,
            dataset,
            split=split,
            average_strands=merge,
            strands_as_rows=strands_as_rows,
            device=device or best_device(),
            progress=progress,
        )
        floor = controls_of(opened, dataset, split, progress=progress) if with_controls else None
    made_by = {
        "split": split,
        **({"strands_as_rows": True} if strands_as_rows else {}),
        **provenance(data=dataset.source, data_hash=dataset.hash, weights_hash=opened.weights_hash),
    }
    if out is not None:
        with write_with_record(out, made_by) as part:
            table.to_csv(part, sep="\t", index=False)
    if streamed(out):
        return
    result({**made_by, "run": str(run), "tasks": table.to_dict("records")})
    metrics_table(table, title=f"{run} on the {split} split of {dataset.source}", rows=rows)
    if curves is not None:
        _curves(run, data, curves, split)
    if floor is not None:
        control_table(floor)
        warn_beaten(table, floor)


def _curves(run: Path, data: DataOptions, out: Path, split: str) -> None:
    """Write curves and measures of every TF in every cell type."""
    from motiflens.analyses.cli.output import say
    from motiflens.analyses.curves import curves_study
    from motiflens.analyses.study import write_study
    from motiflens.analyses.targets import open_runs

    write_study(curves_study(open_runs([run], data.named(), data.options(), split=split)), out)
    say(f"{out}: curves.svg, curves.tsv, and targets.tsv with cell types as rows")
