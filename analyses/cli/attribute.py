"""`interpret attribute`: which bases a model's prediction rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.region_options import RegionOptions
from motiflens.analyses.cli.shared_options import Overwrite
from motiflens.analyses.cli.workers import Dask, Processes, Threads
from motiflens.interpret.attribution.method_costs import costs


@option_groups
def command(
    data: DataOptions,
    own: RegionOptions,
    run: Annotated[Path | None, typer.Argument(help="Run folder.")] = None,
    model: Annotated[Path | None, typer.Option("--model", hidden=True)] = None,
    out: Annotated[Path, typer.Option(help="Folder for store, tracks and plots.")] = Path("attributions"),
    overwrite: Overwrite = False,
    task: Annotated[str | None, typer.Option(help="Output to explain, by name; the first by default.")] = None,
    output: Annotated[
        str | None,
        typer.Option(help="Which of several outputs: index or name; with :mean, :sum, :log_counts … reduced."),
    ] = None,
    method: Annotated[
        str, typer.Option(help=f"How, and what it costs a window (+ and - strand each): {costs()}.")
    ] = "input_x_gradient",
    baseline: Annotated[str | None, typer.Option(help="shuffle, gc or zeros, where methods compare.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the method; repeatable.")] = None,
    only: Annotated[str, typer.Option(help="Which windows, by their labels.")] = "positive",
    maximum: Annotated[int | None, typer.Option(help="Most windows, drawn at random.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Windows of this cell type only.")] = None,
    plot: Annotated[list[str] | None, typer.Option(help="Plot a region (0-based, half-open); repeatable.")] = None,
    top: Annotated[int, typer.Option(help="Plot this many of the windows predicted highest.")] = 0,
    width: Annotated[int, typer.Option(help="Base pairs of the top windows that are shown.")] = 120,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="START-END within windows, up to 60 bp: pairs of bases are mutated there, in the top windows."
        ),
    ] = None,
    image: Annotated[str, typer.Option(help="Format of the plots.")] = "png",
    export: Annotated[str | None, typer.Option(help="Of bigwig,modisco (TF-MoDISco's input).")] = None,
    precision: Annotated[str, typer.Option(help="Of the store.")] = "float32",
    batch_size: Annotated[int, typer.Option(help="Most rows in one pass; bounds the memory.")] = 64,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str | None, typer.Option(help="By default the GPU, where there is one.")] = None,
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Attribute predictions to single bases, with attention.

    Both go into an HDF5 store, and on request into tracks and plots.

    Many windows are attributed in parts, by as many processes as there are cores (or GPUs); stopped, the same
    command goes on with what is missing.
    """
    from motiflens.analyses.attribute_run import STORE, AttributeOptions, Attributor, attribute_run
    from motiflens.analyses.cli.attribute_report import show, values
    from motiflens.analyses.cli.one_run import one_run
    from motiflens.analyses.cli.output import note
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.workers import workers
    from motiflens.models.destination import output_folder
    from motiflens.models.evaluate import best_device
    from motiflens.models.folder_lock import folder_lock
    from motiflens.models.named_list import named_list
    from motiflens.models.output import parse_output
    from motiflens.models.progress import Step
    from motiflens.models.provenance import provenance
    from motiflens.models.run import open_run
    from motiflens.models.window_source import WindowSource

    options = values(set_ or [])
    regions = own.of(data)
    if baseline is not None:
        options["baseline"] = baseline
    chosen = AttributeOptions(
        method=method,
        output=parse_output(output),
        seed=seed,
        batch_size=batch_size,
        precision=precision,
        options=options or None,
        task=task,
        only="all" if regions else only,  # type: ignore[arg-type]
        maximum=maximum,
        export=() if export is None else named_list(export, "--export"),
        plot=tuple(plot or ()),
        top=top,
        width=width,
        pairs=pairs,
        image=image,
        cell_type=cell_type,
    )
    folder = one_run(run, model, "attribute")
    output_folder(
        out,
        mark=STORE,
        names=(STORE, "*.bw", "*.npz", "*.png", "*.svg", "*.pdf"),
        inputs=[folder, data.source, data.genome, *own.files],
        overwrite=overwrite,
    )
    place = device or best_device()
    opened = open_run(folder)
    opened.model.to(place)
    source = WindowSource(str(folder), data.named(), data.options(), own.split, regions or None)
    with folder_lock(out), progress_display() as progress:
        progress(Step("opening the data"))
        taken = source.open(opened)
        for line in taken.notes:
            note(line)
        identity = {"data_hash": taken.hash, "weights_hash": opened.weights_hash}
        made_by = provenance(seed=seed, data=taken.source, **identity)
        most = processes or (1 if dask else chosen.worth(len(taken.windows), place))
        by = Attributor(workers(most, dask, threads), source.anywhere(), place)
        made = attribute_run(opened, taken.windows, out, chosen, made_by=made_by, by=by, progress=progress)
    for line in made.notes:
        note(line)
    show(made, method)
