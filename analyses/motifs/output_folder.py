"""The folder that `interpret motifs` leaves: tables, matrices, profiles and a summary, each file written whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.cluster_edit import THRESHOLDS, Clustering, cluster_edit
from motiflens.analyses.motifs.cluster_similarity import CUT, adjusted_rand, cluster_similarity
from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.families import families, found_factors
from motiflens.analyses.motifs.gate import corrected_information
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.analyses.motifs.routes import ROUTES, MotifOptions
from motiflens.models import types
from motiflens.models.data.windows import Dataset
from motiflens.models.files import write_text, write_whole
from motiflens.models.provenance import provenance
from motiflens.models.run import Run

if TYPE_CHECKING:
    from motiflens.analyses.motifs.pipeline import Found

MASK = 0.5  # bits below which a position of a consensus is N
SOURCES = {"kernel": "kernels", "attention": "attention", "seqlets": "seqlets", "denovo": "denovo"}
COLUMNS = (
    "motif_id",
    "route",
    "width",
    "nsites",
    "information",
    "consensus",
    "gate",
    "target_id",
    "target_alt",
    "target_family",
    "target_q",
    "orientation",
    "offset",
    "overlap",
    "enrichment",
    "enrichment_p",
    "enrichment_q",
)
HEAT_ROWS = 300  # windows in a heat map


def write_folder(
    out: Path,
    run: Run,
    dataset: Dataset,
    found: Found,
    targets: Sequence[Motif],
    tf: str | None,
    options: MotifOptions,
    started: float,
) -> types.Json:
    """Write everything but the report, and return ``summary.json``'s content.

    Files
    -----
    motifs.meme, targets.meme
        The trimmed motifs, and the known matrices that they match best.
    motifs.tsv
        One row a motif; those that passed the gate first, by q.
    matches.tsv, hits.tsv
        TOMTOM's and FIMO's columns.
    enrichment.tsv
        One row a known motif: hits in attended windows against background.
    families.tsv, factors.tsv
        Matched motifs by the family of their target; which factors that the model was trained on were found.
    sites.bed
        Attended sites and seqlets.
    clusters.tsv, dendrogram.json
        Clusters of the motifs that passed the gate.
    profiles.npz
        ``positions`` (T) bp of attention positions in the window; ``attention`` (n, T), ``dnase`` (n, bins) heat
        maps of the same windows, by the place of the maximum; ``dnase_edges``; ``bin_edges``, ``site_counts``
        (attended sites), ``hit_counts`` (hits of known motifs) along the window; ``length``.
    summary.json
        See the keys.
    """
    out.mkdir(parents=True, exist_ok=True)
    table = motif_table(found, targets, options)
    clustered = _clusters(out, found, table, targets, options)
    table = table.merge(clustered, on="motif_id", how="left")
    table["cluster"] = table["cluster"].astype("Int64")
    matched = [target for target in targets if target.name in set(table["target_id"])]
    _meme(out / "motifs.meme", found.motifs)
    _meme(out / "targets.meme", matched)
    _tsv(out / "motifs.tsv", table)
    _tsv(out / "matches.tsv", found.named.matches)
    significant = table[(table["gate"] == "passed") & (table["target_q"] < options.alpha)]
    _tsv(out / "families.tsv", families(significant))
    factors = _factors(run, tf)
    _tsv(out / "factors.tsv", _factor_table(significant, factors, targets))
    if found.attended is not None:
        _tsv(out / "hits.tsv", found.attended.hits)
        _tsv(out / "enrichment.tsv", found.attended.known.sort_values("enrichment_p", kind="stable"))
    sites = pd.concat(found.sites) if found.sites else pd.DataFrame()
    _tsv(out / "sites.bed", sites, header=False)
    _profiles(out / "profiles.npz", found)
    found.seconds["tables and clusters"] = perf_counter() - started
    summary = _summary(run, dataset, found, table, targets, factors, tf, options, out)
    write_text(out / "summary.json", json.dumps(summary, indent=2) + "\n")
    return summary


def motif_table(found: Found, targets: Sequence[Motif], options: MotifOptions) -> pd.DataFrame:
    """One row a motif: what it is, what it matches, whether attended windows are enriched in it."""
    known = {target.name: target for target in targets}
    rows = []
    for motif, passed in zip(found.motifs, found.passed, strict=True):
        rows.append(
            {
                "motif_id": motif.name,
                "route": SOURCES[motif.source],
                "width": motif.width,
                "nsites": motif.nsites,
                "information": round(float(corrected_information(motif).sum()), 3),
                "consensus": consensus(motif, mask=MASK) or "N",
                "gate": "passed" if passed else "failed",
            }
        )
    table = pd.DataFrame(rows)
    best = found.named.best.rename(columns={"q": "target_q"})
    table = table.merge(best, on="motif_id", how="left")
    table["target_id"] = table["target_id"].fillna("")
    for column, value in (("target_alt", "alt"), ("target_family", "family")):
        table[column] = [getattr(known[name], value) if name else "" for name in table["target_id"]]
    table = table.merge(_tested(found), on="motif_id", how="left")
    table["passed"] = table["gate"] == "passed"
    # Of motifs that match equally surely, the one most enriched where the model looks comes first.
    order = table.sort_values(
        ["passed", "target_q", "enrichment_p", "p", "information"],
        ascending=[False, True, True, True, False],
        kind="stable",
    )
    return order.reindex(columns=list(COLUMNS)).reset_index(drop=True)


def _tested(found: Found) -> pd.DataFrame:
    """Enrichment of the model's motifs; of those made of a known motif's hits, the known one's."""
    columns = ["motif_id", "enrichment", "enrichment_p", "enrichment_q"]
    if found.attended is None:
        return pd.DataFrame(columns=columns)
    known = found.attended.known.rename(columns={"target_id": "motif_id"})
    known["motif_id"] = "attention_" + known["motif_id"].astype(str)
    parts = [part for part in (found.attended.own, known) if len(part)]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _clusters(
    out: Path, found: Found, table: pd.DataFrame, targets: Sequence[Motif], options: MotifOptions
) -> pd.DataFrame:
    """Write ``clusters.tsv`` and ``dendrogram.json``; give each clustered motif's cluster of matrices."""
    good = found.good
    if not good:
        _tsv(out / "clusters.tsv", pd.DataFrame(columns=["motif_id", "consensus", "cluster"]))
        write_text(out / "dendrogram.json", json.dumps({"labels": [], "linkage": []}) + "\n")
        return pd.DataFrame(columns=["motif_id", "cluster"])
    names = [motif.name for motif in good]
    letters = [consensus(motif, mask=MASK) or consensus(motif) for motif in good]
    by_edit = cluster_edit(letters, labels=names)
    by_matrix = cluster_similarity(good)
    cluster = by_matrix.cut(CUT)
    columns = {"motif_id": names, "consensus": letters, "cluster": cluster}
    agreement = {}
    for threshold in THRESHOLDS:
        edit = by_edit.cut(threshold)
        columns[f"edit_{threshold}"] = edit
        agreement[str(threshold)] = adjusted_rand(edit, cluster)
    frame = pd.DataFrame(columns)
    _tsv(out / "clusters.tsv", frame)
    content = {
        **_tree(by_matrix),
        "distance": "1 - correlation of the matrices",
        "cut": CUT,
        "clusters": int(cluster.max()),
        "edit": {**_tree(by_edit), "distinct": by_edit.distinct()},
        "adjusted_rand": agreement,
        "matched": _matched_clusters(table, targets, options.alpha),
    }
    write_text(out / "dendrogram.json", json.dumps(content) + "\n")
    return frame[["motif_id", "cluster"]]


def _tree(clustering: Clustering) -> types.Json:
    return {"labels": list(clustering.labels), "linkage": clustering.tree.tolist()}


def _matched_clusters(table: pd.DataFrame, targets: Sequence[Motif], alpha: float) -> types.Json:
    """TBiNet's Table 5: distinct known motifs that kernels match, by edit distance of the known consensus."""
    chosen = table[(table["route"] == "kernels") & (table["gate"] == "passed") & (table["target_q"] < alpha)]
    wanted = list(chosen["target_id"])
    if not wanted:
        return {"labels": [], "linkage": [], "distinct": {f"{d:g}": 0 for d in THRESHOLDS}}
    known = {target.name: target for target in targets}
    clustering = cluster_edit([consensus(known[name]) for name in wanted], labels=list(chosen["motif_id"]))
    return {**_tree(clustering), "targets": wanted, "distinct": clustering.distinct()}


def _factors(run: Run, tf: str | None) -> list[str]:
    """Factors whose binding the model was trained on, in the order of its tasks."""
    if tf is not None:
        return [tf.partition("|")[0]]
    names = [task.partition("|")[0] for task in run.tasks]
    option = run.config.get("data", {}).get("options", {}).get("tf")
    return [str(option)] if option else list(dict.fromkeys(names))


def _factor_table(significant: pd.DataFrame, factors: Sequence[str], targets: Sequence[Motif]) -> pd.DataFrame:
    parts = []
    for route in ROUTES:
        part = found_factors(significant[significant["route"] == route], factors, targets)
        part.insert(0, "route", route)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _profiles(path: Path, found: Found) -> None:
    """Write heat maps and histograms of the attended windows."""
    length = found.windows.length
    arrays: dict[str, np.ndarray] = {"length": np.array(length)}
    sites = found.subsequences
    if sites is not None:
        edges = np.linspace(0, length, 51)
        middle = (sites.table["start"] + sites.table["end"]).to_numpy() / 2
        arrays["bin_edges"] = edges
        arrays["site_counts"] = np.histogram(middle, edges)[0]
        if found.attended is not None and len(found.attended.hits):
            arrays["hit_counts"] = np.histogram(_hit_centres(found, middle), edges)[0]
        order = np.argsort(sites.profile.argmax(axis=1), kind="stable")
        rows = order[np.linspace(0, len(order) - 1, min(HEAT_ROWS, len(order))).round().astype(int)]
        arrays["positions"], arrays["attention"] = sites.positions, sites.profile[rows]
        if sites.dnase is not None:
            bins = np.linspace(0, length, min(length, 100) + 1).round().astype(int)
            sums = np.add.reduceat(sites.dnase[rows].astype(np.float64), bins[:-1], axis=1)
            arrays["dnase"] = (sums / np.diff(bins)).astype(np.float32)
            arrays["dnase_edges"] = bins
    with write_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _hit_centres(found: Found, middle: np.ndarray) -> np.ndarray:
    """Middle of the attended site of each window and known motif that hits it, bp in the window."""
    from motiflens.analyses.motifs.attended import site_names

    if found.subsequences is None or found.attended is None:
        return np.zeros(0)
    hits = found.attended.hits
    place = dict(zip(site_names(found.subsequences.table, found.windows.table), middle, strict=True))
    once = hits[["motif_id", "sequence_name"]].drop_duplicates()
    return once["sequence_name"].map(place).to_numpy(dtype=np.float64)


def _summary(
    run: Run,
    dataset: Dataset,
    found: Found,
    table: pd.DataFrame,
    targets: Sequence[Motif],
    factors: Sequence[str],
    tf: str | None,
    options: MotifOptions,
    out: Path,
) -> types.Json:
    passed = table[table["gate"] == "passed"]
    matched = passed[passed["target_q"] < options.alpha]
    routes: types.Json = {}
    for route in ROUTES:
        mine = table["route"] == route
        if route not in found.seconds:
            continue
        routes[route] = {
            "motifs": int(mine.sum()),
            "passed": int((passed["route"] == route).sum()),
            "matched": int((matched["route"] == route).sum()),
            "families": int(families(matched[matched["route"] == route])["family"].nunique()),
            "seconds": round(found.seconds[route], 2),
            "note": found.notes.get(route, ""),
            "left_out": route in found.left_out,
        }
    dendrogram = json.loads((out / "dendrogram.json").read_text(encoding="utf-8"))
    return {
        "model": {
            "architecture": run.config["model"]["architecture"],
            "run": run.path.name,
            "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
            "tasks": len(run.tasks),
        },
        "data": {
            "source": Path(dataset.source).name,
            "kind": dataset.kind,
            "split": found.split,
            "windows": len(found.windows),
            "length": found.windows.length,
            "hash": dataset.hash,
            "attended": None if found.subsequences is None else len(found.subsequences.windows),
            "left_out": {} if found.subsequences is None else found.subsequences.left_out,
        },
        "tf": tf,
        "targets": {"source": targets[0].source, "count": len(targets)},
        "routes": routes,
        "nulls": {name: null.json for name, null in found.nulls.items()},
        "factors": _factor_summary(found, matched, factors, targets, options),
        "uncorrected": {
            "kernels": found.uncorrected,
            "what": "untrimmed kernels with a match of E < 0.05: no gate, not corrected for the number of kernels "
            "(as TBiNet and DanQ count)",
        },
        "clusters": {
            "motifs": dendrogram.get("clusters", 0),
            "edit_distinct": dendrogram.get("edit", {}).get("distinct", {}),
            "matched_distinct": dendrogram.get("matched", {}).get("distinct", {}),
            "adjusted_rand": dendrogram.get("adjusted_rand", {}),
        },
        "parameters": asdict(options),
        "seconds": {name: round(value, 2) for name, value in found.seconds.items()},
        "made_by": provenance(
            seed=options.seed, data=dataset.source, data_hash=dataset.hash, weights_hash=run.weights_hash
        ),
    }


def _factor_summary(
    found: Found, matched: pd.DataFrame, factors: Sequence[str], targets: Sequence[Motif], options: MotifOptions
) -> types.Json:
    """Which factors that the model was trained on its kernels name, and how many untrained ones do."""
    known = {target.name: target for target in targets}
    by_kernels = found_factors(matched[matched["route"] == "kernels"], factors, targets)
    chance = []
    for best in found.untrained_best:
        hit = best[best["q"] < options.alpha].rename(columns={"q": "target_q"})
        hit = hit.assign(
            target_alt=[known[name].alt for name in hit.get("target_id", [])],
            target_family=[known[name].family for name in hit.get("target_id", [])],
        )
        chance.append(int(found_factors(hit, factors, targets)["found"].sum()) if len(hit) else 0)
    return {
        "trained_on": list(factors),
        "found_by_kernels": by_kernels.loc[by_kernels["found"], "factor"].tolist(),
        "found_by_any_route": _names(found_factors(matched, factors, targets)),
        "found_by_untrained_kernels": chance,
    }


def _names(table: pd.DataFrame) -> list[str]:
    return list(table.loc[table["found"], "factor"])


def _meme(path: Path, motifs: Sequence[Motif]) -> None:
    if motifs:
        write_meme(path, motifs)
    else:
        write_text(path, "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n")


def _tsv(path: Path, table: pd.DataFrame, *, header: bool = True) -> None:
    with write_whole(path) as part:
        table.to_csv(part, sep="\t", index=False, header=header, float_format="%.6g", lineterminator="\n")
