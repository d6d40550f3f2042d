"""`interpret study`: many data sets, many models, one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiflens.analyses.cli.workers import Dask, Processes, Threads

if TYPE_CHECKING:
    from motiflens.models.study.plan import Plan


def command(
    out: Annotated[Path, typer.Option(help="Folder of run folders, results.tsv, tables and figures.")],
    plan: Annotated[
        str | None,
        typer.Argument(help="TOML file, or deepgrn-dream, kegru-125, saresnet-690, tbinet-690; none: --models."),
    ] = None,
    data: Annotated[str | None, typer.Option(help="Folder of data sets, or one; the plan's, or built in.")] = None,
    models: Annotated[str | None, typer.Option(help="Without a plan: architectures, comma-separated.")] = None,
    grid: Annotated[
        list[str] | None, typer.Option(help="Without a plan: key=value,value,... for all models; repeatable.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all models; repeatable.")] = None,
    sets: Annotated[str | None, typer.Option(help="Take only these data sets, comma-separated.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds of each run.")] = None,
    preset: Annotated[str | None, typer.Option(help="paper, small (cuts the plan down) or short.")] = None,
    metric: Annotated[str | None, typer.Option(help="What selection on validation goes by.")] = None,
    controls: Annotated[bool, typer.Option("--controls/--no-controls", help="6-mers and PWM beside them.")] = True,
    shuffled: Annotated[
        str | None, typer.Option(help="Controls of the final settings: shuffled_labels, random_split.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Train several models on many data sets, and compare them.

    Settings are selected on validation, and the winners tested once; OUT has results.tsv, tables and figures.

    Killed at any moment, the same command goes on where it was.
    """
    import dataclasses

    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.analyses.cli.workers import workers
    from motiflens.analyses.study_report import study_report
    from motiflens.models.destination import output_folder
    from motiflens.models.executor import cores
    from motiflens.models.named_list import named_list
    from motiflens.models.study.plan import Model, Plan, read_plan
    from motiflens.models.study.study import FILES, PLAN, study
    from motiflens.models.sweep import read_grid

    if (plan is None) == (models is None):
        raise ValueError("give either a plan or --models")
    if plan is not None:
        if grid:
            raise ValueError("--grid belongs to --models: write grids into the plan")
        chosen = read_plan(plan)
    else:
        values = {key: list(texts) for key, texts in read_grid(grid or []).items()}
        names = named_list(models or "", "--models")
        chosen = Plan(models=tuple(Model(name, grid=dict(values)) for name in names))
    chosen = _changed(chosen, set_ or [])
    if preset == "small":
        chosen = chosen.small()
    given: dict[str, Any] = {
        "data": data,
        "sets": named_list(sets, "--sets") if sets else None,
        "seeds": seeds,
        "preset": preset,
        "metric": metric,
        "controls": None if controls else (),
        "shuffled": named_list(shuffled, "--shuffled") if shuffled else None,
    }
    chosen = dataclasses.replace(chosen, **{key: value for key, value in given.items() if value is not None})
    inputs = [plan if plan is not None and Path(plan).is_file() else None, chosen.data]
    written = (*FILES, "models.tsv", "models.svg", "pairs/*", "compare/*")
    output_folder(out, mark=PLAN, names=written, inputs=inputs, overwrite=None)
    with progress_display() as progress:
        who = workers(processes or (1 if dask else cores()), dask, threads)
        table = study(chosen, out, workers=who, accelerator=accelerator, progress=progress)
    shown = study_report(table, out, metric=chosen.metric)
    frame_table(shown, title=f"mean {chosen.metric} over data sets; all is in {out}/results.tsv")
    failed = table[table["metric"] == "failed"]
    for row in failed.to_dict("records"):
        print(f"failed: {row['set']} {row['model']} {row['setting']} seed {row['seed']}: {row['note']}")


def _changed(plan: Plan, settings: list[str]) -> Plan:
    """Return a plan whose models have further settings."""
    import dataclasses

    from motiflens.models.settings import split_settings
    from motiflens.models.study.plan import check_set

    pairs = split_settings(settings)
    for model in plan.models:
        check_set(pairs, model.grid)
    models = tuple(dataclasses.replace(model, set={**model.set, **pairs}) for model in plan.models)
    return dataclasses.replace(plan, models=models)
