"""What `interpret motifs` found, in numbers: the content of ``summary.json``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from motiflens.analyses.motifs.engines.seqlets import NEGATIVE
from motiflens.analyses.motifs.factors import naming_rows
from motiflens.analyses.motifs.families import families, found_factors
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_options import ROUTES
from motiflens.models.provenance import provenance
from motiflens.models.types import Json


def summarise(findings: MotifFindings) -> Json:
    """Return the numbers of a run's motifs, as JSON can hold them."""
    context, trees = findings.context, findings.clusters.trees
    run, dataset, targets = context.run, context.dataset, context.targets
    parameters = asdict(context.options)
    parameters.pop("routes")  # "routes" tells which were taken
    return {
        "model": {
            "architecture": run.config["model"]["architecture"],
            "run": run.path.name,
            "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
            "tasks": len(run.tasks),
        },
        "data": _data(findings),
        "tf": context.tf,
        "targets": {
            "source": " and ".join(dict.fromkeys(target.source for target in targets)),
            "count": len(targets),
        },
        "routes": _routes(findings),
        "nulls": {name: null.json for name, null in findings.chance.nulls.items()},
        "factors": _factors(findings),
        "uncorrected": {
            "kernels": None if findings.chance.uncorrected is None else len(findings.chance.uncorrected),
            "what": "untrimmed kernels with a match of E < 0.05: no gate, not corrected for the number of kernels "
            "(as TBiNet and DanQ count)",
        },
        "clusters": {
            "motifs": trees.get("clusters", 0),
            "edit_distinct": trees.get("edit", {}).get("distinct", {}),
            "matched_distinct": trees["matched"]["distinct"],
            "matched_target_distinct": trees["targets"]["distinct"],
            "adjusted_rand": trees.get("adjusted_rand", {}),
        },
        "controls": findings.floor.json,
        "parameters": parameters,
        "seconds": {name: round(value, 2) for name, value in findings.seconds.items()},
        "made_by": provenance(
            seed=context.options.seed,
            data=dataset.source,
            data_hash=dataset.hash,
            weights_hash=run.weights_hash,
        ),
    }


def _data(findings: MotifFindings) -> Json:
    context, sites = findings.context, findings.subsequences
    return {
        "source": Path(context.dataset.source).name,
        "kind": context.dataset.kind,
        "split": context.split,
        "windows": len(context.windows),
        "length": context.windows.length,
        "hash": context.dataset.hash,
        "attended": None if sites is None else len(sites.windows),
        "left_out": {} if sites is None else sites.left_out,
    }


def _routes(findings: MotifFindings) -> Json:
    """Counts of each route that was tried."""
    table, matched = findings.table, findings.significant
    passed = table[table["gate"] == "passed"]
    rows: Json = {}
    for route in ROUTES:
        if route not in findings.routes:
            continue
        result, known = findings.routes[route], matched[matched["route"] == route]
        rows[route] = {
            "motifs": int((table["route"] == route).sum()),
            "passed": int((passed["route"] == route).sum()),
            "matched": len(known),
            "families": int(families(known)["family"].nunique()),
            "seconds": round(result.seconds, 2),
            "note": result.note,
            "left_out": result.left_out,
        }
        if route == "seqlets":  # of bases that lower the prediction
            for name, part in (("lowering", table), ("lowering_matched", matched)):
                rows[route][name] = int(part["motif_id"].astype(str).str.startswith(NEGATIVE).sum())
        if result.attended is not None:  # these are known motifs: enriched, not matched
            q = result.attended.known["enrichment_q"]
            rows[route]["enriched"] = int((q < findings.context.options.alpha).sum())
            rows[route]["enriched_of_shuffled"] = list(result.attended.shuffled)
    return rows


def _factors(findings: MotifFindings) -> Json:
    """Which factors that the model was trained on its kernels name, and how many untrained ones do."""
    context, matched, factors = findings.context, findings.significant, findings.context.factors

    def named(table: pd.DataFrame) -> list[str]:
        rows = found_factors(table, factors.names, context.targets)
        return list(rows.loc[rows["found"], "factor"]) if len(rows) else []

    enriched = naming_rows(findings.table, context.options.alpha, "attention")
    return {
        "trained_on": list(factors.names),
        "taken_from": factors.taken_from,
        "unknown": list(factors.unknown),
        "found_by_kernels": named(matched[matched["route"] == "kernels"]),
        "found_by_any_route": named(matched),
        "found_by_untrained_kernels": [
            len(named(_with_targets(best, findings))) for best in findings.chance.untrained_best
        ],
        "enriched_at_attention": named(enriched),
    }


def _with_targets(best: pd.DataFrame, findings: MotifFindings) -> pd.DataFrame:
    """Best targets of an untrained model that count as matches, as rows of ``motifs.tsv``."""
    known = {target.name: target for target in findings.context.targets}
    hits = best[best["q"] < findings.context.options.alpha].rename(columns={"q": "target_q"})
    return hits.assign(
        target_alt=[known[name].alt for name in hits["target_id"]],
        target_family=[known[name].family for name in hits["target_id"]],
    )
