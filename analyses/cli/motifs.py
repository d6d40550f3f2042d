"""`interpret motifs`: from a model to named motifs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.model_names import complete_model
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.region_options import RegionOptions
from motiflens.analyses.cli.shared_options import Overwrite
from motiflens.analyses.cli.workers import Dask, Processes, Threads
from motiflens.interpret.attribution.method_costs import costs


@option_groups
def command(
    data: DataOptions,
    regions: RegionOptions,
    run: Annotated[str | None, typer.Argument(help="Run folder.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="In place of RUN: an architecture, which is trained first.",
            autocompletion=complete_model,
        ),
    ] = None,
    routes: Annotated[
        str | None, typer.Option(help="Of kernels,attention,seqlets,denovo; all that are possible by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, matrices and the report.")] = Path("motifs"),
    overwrite: Overwrite = False,
    split: Annotated[str | None, typer.Option(help="Of the data; by default the first that there is.")] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            help="Motifs to match against: a file (MEME, JASPAR, HOMER, TRANSFAC, …), or jaspar:RELEASE[:TAXON], "
            "such as jaspar:2026:plants; repeatable: all together are one database."
        ),
    ] = None,
    factor: Annotated[
        str | None, typer.Option(help="Factor that the model was trained on, if its tasks' names do not tell.")
    ] = None,
    kernel_threshold: Annotated[
        str, typer.Option(help="Kernel sites: activation > zero or > half its maximum.")
    ] = "half",
    width: Annotated[int, typer.Option(help="Base pairs about maximum attention.")] = 20,
    scaling: Annotated[str, typer.Option(help="field: its exact centre; authors: as DeepGRN.")] = "field",
    least_prediction: Annotated[float, typer.Option(help="Least predicted probability of a positive.")] = 0.5,
    flat_dnase: Annotated[float, typer.Option(help="Leave out windows of this DNase max/mean; 0: none.")] = 15.0,
    method: Annotated[
        str, typer.Option(help=f"Attribution of the seqlets, and what it costs a window: {costs()}.")
    ] = "input_x_gradient",
    distance: Annotated[str, typer.Option(help="Distance of columns, for matching.")] = "ed",
    shuffles: Annotated[
        int, typer.Option(help="Repeats of the column-shuffled null: a match alone has q >= 1 / repeats.")
    ] = 50,
    untrained: Annotated[int, typer.Option(help="Untrained models of the null.")] = 3,
    preset: Annotated[str, typer.Option(help="Recipe for training by name.")] = "small",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of training by name; repeatable.")
    ] = None,
    controls: Annotated[
        bool,
        typer.Option("--controls/--no-controls", help="Measure the model, a JASPAR matrix and 6-mers as well."),
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
    # Old spellings.
    jaspar: Annotated[str | None, typer.Option(hidden=True)] = None,
    taxon: Annotated[str | None, typer.Option(hidden=True)] = None,
    threshold: Annotated[str | None, typer.Option(hidden=True)] = None,
    prediction: Annotated[float | None, typer.Option(hidden=True)] = None,
    dnase: Annotated[float | None, typer.Option(hidden=True)] = None,
    dist: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Find the motifs that a model has learned, and report on them.

    They are named, tested against chance, and clustered.

    Own regions (--bed, --fasta, --locus) are taken as bound by what the model predicts.

    Kernels, untrained models and attributions go over many windows in parts, by as many processes as they are
    worth; stopped, the same command goes on with what is missing.
    """
    from motiflens.analyses.cli.one_run import one_run
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.workers import workers
    from motiflens.analyses.motifs.model_motifs import ByName, model_motifs
    from motiflens.analyses.motifs.motif_files import read_databases
    from motiflens.analyses.motifs.motif_options import MotifOptions
    from motiflens.analyses.motifs.motif_parts import MotifWork
    from motiflens.models.destination import output_folder
    from motiflens.models.folder_lock import folder_lock
    from motiflens.models.named_list import named_list

    named = None if routes is None else named_list(routes, "--routes")
    options = MotifOptions(
        routes=named,  # type: ignore[arg-type]
        kernel_threshold=threshold or kernel_threshold,  # type: ignore[arg-type]
        width=width,
        scaling=scaling,  # type: ignore[arg-type]
        least_prediction=least_prediction if prediction is None else prediction,
        flat_dnase=flat_dnase if dnase is None else dnase,
        method=method,
        distance=dist or distance,  # type: ignore[arg-type]
        factor=factor,
        split=split,
        controls=controls,
        shuffles=shuffles,
        untrained=untrained,
        seed=seed,
    )
    chosen = one_run(run, model, "motifs")
    own = regions.of(data)
    inputs = [chosen if run else None, data.source, data.genome, *regions.files, *(targets or ())]
    names = ("*.tsv", "*.meme", "*.bed", "*.npz", "summary.json", "dendrogram.json", "figures/*", "report.html")
    output_folder(out, mark="summary.json", names=names, inputs=inputs, overwrite=overwrite)
    who = None if processes is None and dask is None else workers(processes or 1, dask, threads)
    with folder_lock(out), progress_display() as progress:
        findings = model_motifs(
            chosen,
            targets=read_databases(targets or [f"jaspar:{jaspar or '2026'}:{taxon or 'vertebrates'}"]),
            data=own or data.named(),
            opening=data.options(),
            options=options,
            by_name=ByName(preset, tuple(set_ or ())),  # type: ignore[arg-type]
            work=MotifWork(out, who),
            progress=progress,
        )
        # They bring the motif engines along, which are compiled during the training if they never were before.
        from motiflens.analyses.cli.motifs_table import show_motifs
        from motiflens.analyses.motifs.write_folder import write_folder
        from motiflens.analyses.report import build_report

        write_folder(out, findings)
        report = build_report([out], out / "report.html")
    show_motifs(findings, report)
