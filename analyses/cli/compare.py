"""`interpret compare`: set runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite

if TYPE_CHECKING:
    import pandas as pd


def command(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders, or folders of runs.")],
    metric: Annotated[str, typer.Option(help="For the pairs: auroc, auprc, average_precision, ...")] = "auprc",
    split: Annotated[str, typer.Option(help="Whose windows are measured.")] = "test",
    with_controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="Measure a JASPAR matrix and 6-mers as well.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables and scatter figures.")] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(help="TSV of published or others' measures (task, metrics, perhaps method); repeatable."),
    ] = None,
    curves: Annotated[
        bool, typer.Option("--curves", help="Draw ROC and precision-recall curves as well.")
    ] = False,
    cell_types: Annotated[
        bool, typer.Option("--cell-types", help="Cell types of a TF as rows of their own in the study's tables.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Compare how well several runs predict.

    Mean metrics, DREAM's unified score, and each run against the first by task, with Wilcoxon's test.
    """
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.tables import comparison_tables
    from motiflens.models.compare import compare, pair, run_folders
    from motiflens.models.destination import output_folder
    from motiflens.models.files import files_together, write_json, write_text
    from motiflens.models.metrics import METRICS
    from motiflens.models.named_list import once
    from motiflens.models.provenance import provenance
    from motiflens.models.real_path import real_path

    if len(runs) < 2:
        raise ValueError("give two or more runs to compare")
    once([str(real_path(run)) for run in runs], "the list of runs")
    if metric not in METRICS:
        raise ValueError(f"there is no metric {metric!r}: there are {', '.join(METRICS)}")
    if out is not None:
        names = ["compare.tsv", "compare.json", "controls.tsv"]
        names += [f"pair{number}.{kind}" for number in range(1, len(runs)) for kind in ("tsv", "svg")]
        output_folder(out, mark="compare.json", names=names, inputs=runs, overwrite=overwrite)
    if split != "valid":
        _evaluate([folder for run in runs for folder in run_folders(run)], split)
    table = compare(runs, split=split)
    pairs = [pair(runs[0], run, metric=metric, split=split) for run in runs[1:]]
    comparison_tables(table, pairs)
    floor = _controls(runs, split) if with_controls else None
    made_by = {"split": split, "metric": metric, **provenance()}
    result({**made_by, "runs": table.to_dict("records")})
    if out is None:
        return
    from motiflens.analyses.compare_figure import compare_figure

    with files_together(out, first="compare.json") as part:
        write_text(part / "compare.tsv", table.to_csv(sep="\t", index=False))
        write_json(part / "compare.json", made_by)
        if floor is not None:
            write_text(part / "controls.tsv", floor.to_csv(sep="\t", index=False))
        for number, compared in enumerate(pairs, start=1):
            write_text(part / f"pair{number}.tsv", compared.table.to_csv(sep="\t", index=False))
            compare_figure(compared, part / f"pair{number}.svg")
        for line in _study(runs, part, metric=metric, split=split, scores=scores or [], by_cell=cell_types):
            say(line)
        if curves:
            _curves(runs, part / "curves", split)
    say(f"{out}: compare.tsv, and a table and a figure of each pair; figures and tables of the study")


def _study(
    runs: list[Path], out: Path, *, metric: str, split: str, scores: list[Path], by_cell: bool
) -> list[str]:
    """Write the study of runs, and of others' measures, into the folder; its findings."""
    from motiflens.analyses.compare_study import compare_study, read_logs, read_scores
    from motiflens.analyses.study import write_study
    from motiflens.models.compare import task_table
    from motiflens.models.provenance import provenance

    tables = {str(run): task_table(run, split=split) for run in runs}
    if by_cell:
        tables = _by_cell_type(runs, split)
    for path in scores:
        tables |= read_scores(path)
    record = {"split": split, "metric": metric, **provenance()}
    study = compare_study(tables, metric=metric, logs=read_logs(runs), made_by=record)
    write_study(study, out)
    return list(study.findings)


def _by_cell_type(runs: list[Path], split: str) -> dict[str, pd.DataFrame]:
    """Measure every TF in every cell type again: what is kept of a run pools them."""
    import pandas as pd

    from motiflens.analyses.curves import target_table
    from motiflens.analyses.targets import open_runs

    return {
        str(run): pd.concat([target_table(opened) for opened in open_runs([run], split=split)], ignore_index=True)
        for run in runs
    }


def _curves(runs: list[Path], out: Path, split: str) -> None:
    """Write the study of curves."""
    from motiflens.analyses.curves import curves_study
    from motiflens.analyses.study import write_study
    from motiflens.analyses.targets import open_runs

    write_study(curves_study(open_runs(runs, split=split)), out)


def _controls(runs: list[Path], split: str) -> pd.DataFrame | None:
    """Print the controls of all runs' data, and warn of the runs that lose to one."""
    import pandas as pd

    from motiflens.analyses.cli.controls_table import control_table, warn_beaten
    from motiflens.analyses.cli.output import note
    from motiflens.models.compare import run_folders, task_table
    from motiflens.models.controls import controls_of_runs

    floors = controls_of_runs([folder for run in runs for folder in run_folders(run)], split)
    if not floors:
        note("no controls: the data of the runs are not at hand")
        return None
    whole = pd.concat([*floors.values()]).drop_duplicates(["task", "control"]).reset_index(drop=True)
    control_table(whole)
    for folder, floor in floors.items():
        warn_beaten(task_table(folder, split=split), floor, name=str(folder))
    return whole


def _evaluate(folders: list[Path], split: str) -> None:
    """Evaluate the runs that were not yet."""

    from motiflens.analyses.cli.output import note
    from motiflens.models.evaluate import best_device, evaluate
    from motiflens.models.metrics_file import read_metrics, split_record
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.run import open_run

    for folder in folders:
        record = read_metrics(folder)
        if split_record(record, split) is None:
            note(f"evaluating {folder}")
            run = open_run(folder)
            evaluate(run, open_as_trained(run), split=split, device=best_device())
