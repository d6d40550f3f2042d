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
    split: Annotated[str, typer.Option(help="test, valid or train.")] = "test",
    with_controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="Measure a JASPAR matrix and 6-mers as well.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables and scatter figures.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Show mean metrics and DREAM's unified score, and each further run against the first, task by task."""
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.tables import comparison_tables
    from motiflens.models.compare import compare, pair, run_folders
    from motiflens.models.destination import output_folder
    from motiflens.models.files import write_json, write_text
    from motiflens.models.metrics import METRICS
    from motiflens.models.provenance import provenance

    if len(runs) < 2:
        raise ValueError("give two or more runs to compare")
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

    write_text(out / "compare.tsv", table.to_csv(sep="\t", index=False))
    write_json(out / "compare.json", made_by)
    if floor is not None:
        write_text(out / "controls.tsv", floor.to_csv(sep="\t", index=False))
    for number, found in enumerate(pairs, start=1):
        write_text(out / f"pair{number}.tsv", found.table.to_csv(sep="\t", index=False))
        compare_figure(found, out / f"pair{number}.svg")
    say(f"{out}: compare.tsv, and a table and a figure of each pair")


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
