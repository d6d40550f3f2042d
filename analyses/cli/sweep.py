"""`interpret sweep`: train a grid of settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups

if TYPE_CHECKING:
    from motiflens.models.data.windows import Dataset
    from motiflens.models.recipes import Recipe


@option_groups
def command(
    data: DataOptions,
    model: Annotated[str, typer.Option("--model", help="Architecture, e.g. kegru.")],
    grid: Annotated[list[str], typer.Option("--grid", help="A setting's values; repeatable: all combinations.")],
    out: Annotated[Path, typer.Option(help="Folder of run folders and sweep.tsv.")],
    preset: Annotated[
        str, typer.Option(help="Recipe: small is for 2 cores, short for windows of ~100 bp.")
    ] = "paper",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all runs; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
) -> None:
    """Train a model with every combination of some settings.

    Started again, it goes on where it was. KEGRU's Table 1 is
    --model kegru --grid optimizer=sgd,adam,adagrad,rmsprop --grid units=50,80,100.
    """
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.models.destination import output_folder
    from motiflens.models.folder_lock import folder_lock
    from motiflens.models.machine import Machine
    from motiflens.models.open_for_run import open_for_training
    from motiflens.models.recipes import adjust, recipe
    from motiflens.models.sweep import TABLE, best_run, read_grid, sweep

    output_folder(out, mark=TABLE, names=(TABLE, f"{TABLE}.json"), inputs=data.files, overwrite=None)
    how = adjust(recipe(model, preset=preset), model, set_ or [])

    with folder_lock(out), progress_display() as progress:
        source = data.path(progress)

        def open_data(wanted: Recipe) -> Dataset:
            return open_for_training(source, wanted, data.options())

        table = sweep(
            model,
            open_data,
            out,
            read_grid(grid),
            recipe=how,
            seed=seed,
            machine=Machine(accelerator=accelerator),
            progress=progress,
        )
    best = best_run(table.to_dict("records"))  # type: ignore[arg-type]
    result({"table": f"{out}/sweep.tsv", "best_on_validation": best, "rows": table.to_dict("records")})
    frame_table(table, title=f"{out}/sweep.tsv")
    say(f"best on validation: {best}")
