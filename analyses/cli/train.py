"""`interpret train`: train a model and leave a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.model_names import MODEL_HELP, complete_model
from motiflens.analyses.cli.option_groups import option_groups


@option_groups
def command(
    data: DataOptions,
    model: Annotated[str, typer.Option("--model", help=MODEL_HELP, autocompletion=complete_model)],
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/MODEL by default.")] = None,
    preset: Annotated[
        str, typer.Option(help="Recipe: small is for 2 cores, short for windows of ~100 bp.")
    ] = "paper",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the recipe or a hyperparameter; repeatable.")
    ] = None,
    init_from: Annotated[Path | None, typer.Option(help="Run folder whose weights to start from.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on after the last finished epoch of --out.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    devices: Annotated[int, typer.Option(help="Processes (GPUs, or CPU processes) on each machine.")] = 1,
    nodes: Annotated[int, typer.Option(help="Machines.")] = 1,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
    precision: Annotated[str | None, typer.Option(help="Of the arithmetic.")] = None,
    list_settings: Annotated[bool, typer.Option("--list-settings", help="Show what --set knows.")] = False,
) -> None:
    """Train a model.

    The best epoch by validation auPRC is kept.
    """
    from dataclasses import replace

    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.settings_list import show_settings
    from motiflens.models.amount import amount
    from motiflens.models.data.signal_ranges import fit_signals
    from motiflens.models.destination import run_folder
    from motiflens.models.first_process import first_process
    from motiflens.models.keep_memory import keep_memory
    from motiflens.models.machine import Machine
    from motiflens.models.open_for_run import known_signals, open_for_training
    from motiflens.models.progress import Step
    from motiflens.models.recipes import adjust, recipe
    from motiflens.models.registry import check_trainable
    from motiflens.models.run import open_run
    from motiflens.models.seen_windows import seen_notes
    from motiflens.models.train import train

    check_trainable(model)
    how = adjust(recipe(model, preset=preset), model, set_ or [])
    if list_settings:
        show_settings(model, how)
        return
    folder = out or Path("runs") / model
    if first_process():
        run_folder(folder, resume=resume, inputs=[*data.files, init_from])
    start = None if init_from is None else open_run(init_from)
    if start is not None and start.model.name != model:
        raise ValueError(f"{init_from} was trained with architecture {start.model.name}, here it is {model}")
    if data.scale_signals and start is None:
        raise ValueError("--scale-signals needs --init-from: whose signals shall be reached?")
    keep_memory(large=True)
    with progress_display() as progress:
        source = data.path(progress)
        progress(Step("opening the data"))
        dataset = open_for_training(source, how, data.options())
        if start is not None:
            dataset = fit_signals(dataset, known_signals(start), scale=data.scale_signals)
            dataset = replace(dataset, notes=(*dataset.notes, *seen_notes(start, dataset)))
        for note in dataset.notes:
            say(note)
        run = train(
            start or model,
            dataset,
            folder,
            recipe=how,
            resume=resume,
            seed=seed,
            machine=Machine(devices, nodes, accelerator, precision),
            progress=progress,
        )
    import json

    metrics = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    values = [row["auprc"] for row in metrics["valid"] if row["auprc"] is not None]
    result(
        {"run": str(run.path), **metrics},
        f"{run.path}: {amount(metrics['epochs'], 'epoch')} in {metrics['seconds']:.0f} s, the best was epoch "
        f"{metrics['best_epoch'] + 1} (validation auPRC {sum(values) / len(values):.4f})",
    )
