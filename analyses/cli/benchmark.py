"""`interpret benchmark`: architectures × methods against data whose sites are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.model_names import MODEL_NAMES
from motiflens.analyses.cli.workers import Dask, Processes, Threads


def command(
    out: Annotated[Path, typer.Option(help="Folder of benchmark.tsv, summaries, figures, runs and parts.")],
    preset: Annotated[
        str,
        typer.Option(
            help="small: tbinet, deepgrn and deepbind, 2 seeds, both oracles, CTCF and GATA1, 40 windows; "
            "attention, saliency, integrated_gradients, deep_lift_shap, ism and the baselines; motifs of kernels "
            f"and attention. full: {', '.join(MODEL_NAMES)}, oracle, oracle_additive; all methods, routes and "
            "pairs, 3 seeds, CTCF and GATA1, 100 windows, shuffled labels.",
            metavar="small|full",
        ),
    ] = "small",
    models: Annotated[
        str | None,
        typer.Option(
            help="Architectures, run folders, or oracle and oracle_additive: made of the truth, with its rule and "
            "without; comma-separated; the preset's."
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Maps, comma-separated: attention, attention_rollout, saliency, input_x_gradient, "
            "integrated_gradients, gradient_shap, smoothgrad, occlusion, ism, deep_lift_shap, "
            "attention_x_gradient, gkm_explain, and what knows no model: random scores, position, dnase, the "
            "factor's pwm."
        ),
    ] = None,
    routes: Annotated[
        str | None, typer.Option(help="To motifs: kernels, attention, seqlets, denovo; none for none.")
    ] = None,
    pairs: Annotated[
        str | None, typer.Option(help="Ways to pairs of motifs: epistasis, attention, attribution; none for none.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings of each architecture.")] = None,
    tf: Annotated[str | None, typer.Option(help="Factors, comma-separated; CTCF,GATA1.")] = None,
    data: Annotated[Path | None, typer.Option(help="A simulated data set; the built-in one.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of all trainings; repeatable.")
    ] = None,
    windows: Annotated[int | None, typer.Option(help="Bound windows that maps are made of.")] = None,
    shuffled: Annotated[
        bool | None,
        typer.Option("--shuffled-labels/--no-shuffled-labels", help="Also train on shuffled labels."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for a part (a map of a model, a route …); 0 for no limit.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random but the trainings.")] = None,
    accelerator: Annotated[str, typer.Option(help="Of the trainings.")] = "auto",
    device: Annotated[
        str | None, typer.Option(help="Of everything else; by default the GPU, where there is one.")
    ] = None,
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Score every kind of map where the truth is known.

    Models are trained, or taken as they are; every method is computed and scored: which map should one believe?

    Killed at any moment, the same command goes on where it was. What fails or takes too long is a row.
    """
    from motiflens.analyses.benchmark.benchmark import PLAN, benchmark
    from motiflens.analyses.benchmark.plan import plan_named
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.workers import workers
    from motiflens.analyses.study import FILES, write_study
    from motiflens.models.destination import output_folder
    from motiflens.models.executor import cores
    from motiflens.models.named_list import named_list

    def names(text: str | None, option: str) -> tuple[str, ...] | None:
        return None if text is None else named_list(text, option, none=True)

    plan = plan_named(
        preset,
        models=names(models, "--models"),
        methods=names(methods, "--methods"),
        routes=names(routes, "--routes"),
        pairs=names(pairs, "--pairs"),
        tfs=names(tf, "--tf"),
        seeds=seeds,
        data=None if data is None else str(data),
        settings=None if set_ is None else tuple(set_),
        windows=windows,
        shuffled=shuffled,
        timeout=timeout,
        seed=seed,
    )
    output_folder(out, mark=PLAN, names=(PLAN, *FILES), inputs=[data], overwrite=None)
    with progress_display() as progress:
        who = workers(processes or (1 if dask else cores()), dask, threads)
        done = benchmark(plan, out, workers=who, accelerator=accelerator, device=device, progress=progress)
        study = done.study
        write_study(study, out)
    record = {"findings": list(study.findings), "table": str(out / "benchmark.tsv"), "made_by": study.made_by}
    result(
        record, *study.findings, f"{out}: benchmark.tsv, {len(study.figures)} figures; interpret report {out} …"
    )
