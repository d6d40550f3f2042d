"""From a model to named motifs: the routes, errors under control, clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter

import pandas as pd

from motiflens.analyses.motifs.attended import Attended, attended
from motiflens.analyses.motifs.cluster_motifs import MotifClusters, cluster_motifs
from motiflens.analyses.motifs.factors import factor_table
from motiflens.analyses.motifs.families import families
from motiflens.analyses.motifs.gate import gated
from motiflens.analyses.motifs.kernel_chance import KernelChance, kernel_chance
from motiflens.analyses.motifs.model_floor import ModelFloor, model_floor
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_options import ROUTES, MotifOptions
from motiflens.analyses.motifs.motif_parts import MotifParts
from motiflens.analyses.motifs.motif_table import ROUTE_OF, by_construction, motif_table
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
    parts: MotifParts | None = None,
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
    parts
        Who goes over the windows in parts (see `motif_parts`); None for this process, over all at once.

    Returns
    -------
    MotifFindings
        `write_folder` writes them, and `build_report` shows what was written.

    Raises
    ------
    ValueError
        For an unknown factor, no targets, a route that was asked for and is impossible, or no motif at all.
    """
    context = MotifContext(run, dataset, targets, tf, options or MotifOptions(), progress, parts)
    return _findings(context, _take_routes(context))


def _take_routes(context: MotifContext) -> dict[str, RouteResult]:
    results = {}
    for route in ROUTES:
        if context.options.routes is None or route in context.options.routes:
            context.progress(Step(f"route {route}"))
            results[str(route)] = take_route(route, context)
    if not any(result.motifs for result in results.values()):
        why = "; ".join(f"{name}: {result.note or 'nothing was found'}" for name, result in results.items())
        raise ValueError(f"no motifs from any route ({why})")
    return results


def _findings(context: MotifContext, results: Mapping[str, RouteResult]) -> MotifFindings:
    """Name, test and cluster what the routes gave."""
    options, targets = context.options, context.targets
    seconds = {name: result.seconds for name, result in results.items()}
    context.progress(Step("matching and nulls"))
    started = perf_counter()
    motifs, passed = gated([motif for result in results.values() for motif in result.motifs], options.gate)
    kept = [motif for motif, enough in zip(motifs, passed, strict=True) if enough]
    by_route = {route: [motif for motif in kept if ROUTE_OF[motif.source] == route] for route in results}
    named = {
        route: name_motifs(
            by_route[route], targets, distance=options.distance, shuffles=options.shuffles, seed=options.seed
        )
        for route in results
        if route != "attention"  # made of a known motif's hits, they match it by construction
    }
    raw = results["kernels"].motifs if "kernels" in results else ()
    chance = kernel_chance(context, raw, named["kernels"]) if "kernels" in named else KernelChance()
    seconds["matching and nulls"] = perf_counter() - started
    context.progress(Step("enrichment and clusters"))
    tested = _test(context, results, kept)
    started = perf_counter()
    made = by_construction([motif for motif in motifs if motif.source == "attention"])
    best = [*(one.best for one in named.values()), made]
    table = motif_table(motifs, passed, pd.concat(best), tested, targets)
    matched = significant(table, options.alpha)
    clusters = _clusters(
        context, kept, [motif for motif in raw if motif.name in (chance.uncorrected or ())], matched
    )
    table = table.merge(clusters.table[["motif_id", "cluster"]], on="motif_id", how="left")
    table["cluster"] = table["cluster"].astype("Int64")
    seconds["tables and clusters"] = perf_counter() - started
    started = perf_counter()
    floor = model_floor(context) if options.controls else ModelFloor()
    seconds["controls"] = perf_counter() - started
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
        factors=factor_table(table, options.alpha, context.factors, targets),
        floor=floor,
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
    both = attended(
        sites, context.windows.table, known, own, threshold=options.hit_p, alpha=options.alpha, seed=options.seed
    )
    return both if tested is None else replace(tested, own=both.own)


def _clusters(
    context: MotifContext, kept: Sequence[Motif], uncorrected: Sequence[Motif], matched: pd.DataFrame
) -> MotifClusters:
    known = {target.name: target for target in context.targets}
    names = matched.loc[matched["route"] == "kernels", "target_id"]
    return cluster_motifs(kept, uncorrected, [known[name] for name in names])
