"""`interpret transfer`: individual, global and fine-tuned models of a folder of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    data: Annotated[Path, typer.Option(help="Folder of NAME.AC.seq.gz with NAME.B.seq.gz to test on.")],
    out: Annotated[Path, typer.Option(help="Folder of run folders and transfer.tsv.")],
    model: Annotated[str, typer.Option("--model", help="Architecture.")] = "saresnet",
    preset: Annotated[str, typer.Option(help="Recipe: short is for windows of ~100 bp.")] = "paper",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all runs; repeatable.")] = None,
    metric: Annotated[str, typer.Option(help="Which metric to show.")] = "auroc",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    accelerator: Annotated[str, typer.Option(help="What trains; auto takes a GPU where there is one.")] = "auto",
) -> None:
    """Compare models of one set, of all sets, and fine-tuned ones.

    As SAResNet's authors did: individual, global, and transferred from the global one.
    """
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.tables import frame_table
    from motiflens.models.destination import output_folder
    from motiflens.models.folder_lock import folder_lock
    from motiflens.models.machine import Machine
    from motiflens.models.metrics import METRICS
    from motiflens.models.recipes import adjust, recipe
    from motiflens.models.transfer import RELATED, TABLE, transfer, transfer_table

    if metric not in METRICS:
        raise ValueError(f"there is no metric {metric!r}: there are {', '.join(METRICS)}")
    names = [f"{name}{ending}" for name in (TABLE, RELATED) for ending in ("", ".json")]
    output_folder(out, mark=TABLE, names=names, inputs=[data], overwrite=None)
    how = adjust(recipe(model, preset=preset), model, set_ or [])
    with folder_lock(out), progress_display() as progress:
        rows = transfer(
            data,
            out,
            architecture=model,
            recipe=how,
            seed=seed,
            machine=Machine(accelerator=accelerator),
            progress=progress,
        )
    result({"table": f"{out}/transfer.tsv", "rows": rows.to_dict("records")})
    frame_table(transfer_table(rows, metric), title=f"{metric}; all metrics are in {out}/transfer.tsv")
