"""From a model to named motifs: the routes, errors under control, clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter

from motiflens.analyses.motifs.attended import Attended, attended, site_names
from motiflens.analyses.motifs.cluster_motifs import cluster_motifs
from motiflens.analyses.motifs.factors import factor_table, trained_factors
from motiflens.analyses.motifs.families import families
from motiflens.analyses.motifs.gate import gated
from motiflens.analyses.motifs.kernel_chance import kernel_chance, kernels_of
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_options import ROUTES, MotifOptions
from motiflens.analyses.motifs.motif_table import motif_table
from motiflens.analyses.motifs.naming import name_motifs
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.analyses.motifs.routes.take_route import take_route
from motiflens.analyses.motifs.significant import significant
from motiflens.analyses.motifs.summarise import summarise
from motiflens.models.data.windows import Dataset
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.run import Run


def find_motifs(
    run: Run,
    dataset: Dataset,
    *,
    targets: Sequence[Motif],
    tf: str | None = None,
    options: MotifOptions | None = None,
    progress: Progress = silent,
) -> MotifFindings:
    """Find a model's motifs by several routes, name them, test them, cluster them.

    Parameters
    ----------
    run
        The trained model.
    dataset
        Its data; the test split is analysed (else validation, else training).
    targets
        Known motifs, such as `jaspar`.
    tf
        Look at this factor's positives only (kernels are the whole model's).
    options
        See `MotifOptions`.
    progress
        Told what is being done.

    Returns
    -------
    MotifFindings
        `write_folder` writes them, and `build_report` shows what was written.

    Raises
    ------
    ValueError
        For an unknown factor, no targets, a route that was asked for and is impossible, or no motif at all.
    """
    context = MotifContext(run, dataset, targets, tf, options or MotifOptions(), progress)
    return _findings(context, _take_routes(context))


def _take_routes(context: MotifContext) -> dict[str, RouteResult]:
    results = {}
    for route in ROUTES:
        if context.options.routes is None or route in context.options.routes:
            context.progress(Step(f"route {route}"))
            results[str(route)] = take_route(route, context)
    if not any(result.motifs for result in results.values()):
        why = "; ".join(f"{name}: {result.note}" for name, result in results.items() if result.left_out)
        raise ValueError(f"no motifs from any route ({why or 'nothing was found'})")
    return results


def _findings(context: MotifContext, results: Mapping[str, RouteResult]) -> MotifFindings:
    """Name, test and cluster what the routes gave."""
    options, targets = context.options, context.targets
    seconds = {name: result.seconds for name, result in results.items()}
    context.progress(Step("matching and nulls"))
    started = perf_counter()
    motifs, passed = gated([motif for result in results.values() for motif in result.motifs], options.gate)
    kept = [motif for motif, enough in zip(motifs, passed, strict=True) if enough]
    named = name_motifs(kept, targets, distance=options.distance, shuffles=options.shuffles, seed=options.seed)
    raw = results["kernels"].motifs if "kernels" in results else ()
    chance = kernel_chance(context, raw, kernels_of(named, kept), len(raw))
    seconds["matching and nulls"] = perf_counter() - started
    context.progress(Step("enrichment and clusters"))
    tested = _test(context, results, kept)
    started = perf_counter()
    table = motif_table(motifs, passed, named.best, tested, targets)
    clusters = cluster_motifs(kept, table, targets, alpha=options.alpha)
    table = table.merge(clusters.table[["motif_id", "cluster"]], on="motif_id", how="left")
    table["cluster"] = table["cluster"].astype("Int64")
    matched = significant(table, options.alpha)
    seconds["tables and clusters"] = perf_counter() - started
    findings = MotifFindings(
        context=context,
        routes=results,
        motifs=tuple(motifs),
        passed=tuple(passed),
        named=named,
        attended=tested,
        chance=chance,
        table=table,
        clusters=clusters,
        families=families(matched),
        factors=factor_table(matched, trained_factors(context.run, context.tf), targets),
        seconds=seconds,
    )
    return replace(findings, summary=summarise(findings))


def _test(context: MotifContext, results: Mapping[str, RouteResult], kept: Sequence[Motif]) -> Attended | None:
    """Test the model's own motifs in attended windows, and known ones if the route has not done so."""
    sites = next((one.subsequences for one in results.values() if one.subsequences is not None), None)
    tested = next((one.attended for one in results.values() if one.attended is not None), None)
    options = context.options
    if sites is None:
        return None
    own = [motif for motif in kept if motif.source != "attention" and motif.width <= options.width]
    known = context.targets if tested is None else []
    if not own and not known:
        return tested
    names = site_names(sites.table, context.windows.table)
    both = attended(sites, names, known, own, threshold=options.hit_p, alpha=options.alpha)
    return both if tested is None else tested._replace(own=both.own)
