"""`interpret sweep`: train a grid of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.model_names import MODEL_HELP, complete_model
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.workers import Dask, Processes, Threads


@option_groups
def command(
    data: DataOptions,
    model: Annotated[str, typer.Option("--model", help=MODEL_HELP, autocompletion=complete_model)],
    grid: Annotated[list[str], typer.Option("--grid", help="A setting's values; repeatable: all combinations.")],
    out: Annotated[Path, typer.Option(help="Folder of run folders and sweep.tsv.")],
    preset: Annotated[
        str, typer.Option(help="Recipe: small is for 2 cores, short for windows of ~100 bp.")
    ] = "paper",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all runs; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Train a model with every combination of some settings.

    Validation chooses, and the chosen run is tested. Started again, it goes on where it was. KEGRU's Table 1 is
    --model kegru --grid optimizer=sgd,adam,adagrad,rmsprop --grid units=50,80,100; the window's length is swept by
    --grid length=300,600,1000. OUT/settings has the measures by setting, as table and figure.
    """
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.analyses.cli.workers import workers
    from motiflens.analyses.sweep_report import FOLDER, sweep_report
    from motiflens.models.destination import output_folder
    from motiflens.models.settings import split_settings
    from motiflens.models.study.study import FILES, PLAN
    from motiflens.models.sweep import TABLE, read_grid, sweep, sweep_plan

    written = (*FILES, TABLE, f"{TABLE}.json", f"{FOLDER}/*")
    output_folder(out, mark=PLAN, names=written, inputs=data.files, overwrite=None)
    with progress_display() as progress:
        plan = sweep_plan(
            model,
            data.path(progress),
            read_grid(grid),
            data=data.options(),
            preset=preset,
            settings=split_settings(set_ or []),
            seed=seed,
        )
        who = workers(processes or 1, dask, threads)
        table = sweep(plan, out, workers=who, accelerator=accelerator, progress=progress)
    sweep_report(table, plan.models[0].grid, out, seed)
    best = {row["set"]: row["run"] for row in table.to_dict("records") if row["chosen"]}
    result({"table": f"{out}/sweep.tsv", "best_on_validation": best, "rows": table.to_dict("records")})
    frame_table(table, title=f"{out}/sweep.tsv")
    for name, run in best.items():
        say(f"best on validation of {name}: {run}")
    for row in table[table["note"] != ""].to_dict("records"):
        say(f"{row['run']}: {row['note']}")
