"""`interpret transfer`: individual, global and fine-tuned models of a folder of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.model_names import MODEL_HELP, complete_model
from motiflens.analyses.cli.workers import Dask, Processes, Threads


def command(
    data: Annotated[Path, typer.Option(help="Folder of NAME.AC.seq.gz with NAME.B.seq.gz to test on.")],
    out: Annotated[Path, typer.Option(help="Folder of run folders and transfer.tsv.")],
    model: Annotated[str, typer.Option("--model", help=MODEL_HELP, autocompletion=complete_model)] = "saresnet",
    preset: Annotated[str, typer.Option(help="Recipe: short is for windows of ~100 bp.")] = "paper",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all runs; repeatable.")] = None,
    metric: Annotated[str, typer.Option(help="Which metric to show and draw.")] = "auroc",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Compare models of one set, of all sets, and fine-tuned ones.

    As SAResNet's authors did: individual, global, and transferred from the global one. OUT/compare has scatters of
    every pair, gains, box plots and bars by size, and all metrics' means.
    """
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.analyses.cli.workers import workers
    from motiflens.analyses.transfer_report import FOLDER, transfer_report
    from motiflens.models.destination import output_folder
    from motiflens.models.metrics import METRICS
    from motiflens.models.settings import split_settings
    from motiflens.models.study.study import FILES, PLAN
    from motiflens.models.transfer import RELATED, TABLE, transfer, transfer_plan, transfer_table

    if metric not in METRICS:
        raise ValueError(f"there is no metric {metric!r}: there are {', '.join(METRICS)}")
    written = (*FILES, *(f"{table}{end}" for table in (TABLE, RELATED) for end in ("", ".json")), f"{FOLDER}/*")
    output_folder(out, mark=PLAN, names=written, inputs=[data], overwrite=None)
    plan = transfer_plan(data, architecture=model, preset=preset, settings=split_settings(set_ or []), seed=seed)
    with progress_display() as progress:
        who = workers(processes or 1, dask, threads)
        rows = transfer(plan, out, workers=who, accelerator=accelerator, progress=progress)
    transfer_report(rows, out, metric=metric, seed=seed)
    result({"table": f"{out}/transfer.tsv", "rows": rows.to_dict("records")})
    frame_table(
        transfer_table(rows, metric),
        title=f"{metric}; all metrics are in {out}/transfer.tsv, figures in {out}/{FOLDER}",
    )
    for row in rows[rows["note"] != ""].to_dict("records"):
        say(f"{row['data_set']} {row['way']}: {row['note']}")
