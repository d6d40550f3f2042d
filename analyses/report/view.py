"""What the report says of one output folder: numbers as text, figures as markup."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.cluster_edit import THRESHOLDS
from motiflens.analyses.motifs.significant import significant
from motiflens.analyses.report import figures
from motiflens.analyses.report.folder import MotifsFolder
from motiflens.analyses.report.logo import aligned_logos, logo
from motiflens.analyses.report.numbers import number, small
from motiflens.analyses.report.words import Answer, cluster_words, methods, summary_words, uncorrected_words
from motiflens.models.types import Json

HEADS = (
    ("Motif", ""),
    ("Logo", ""),
    ("Known motif", ""),
    ("Family", ""),
    ("q", "number"),
    ("Sites", "number"),
    ("Bits", "number"),
    ("Enrichment", "number"),
    ("Cluster", "number"),
)
NULLS = {"column_shuffled": "positions of the kernels permuted", "untrained": "kernels of untrained models"}
LEAVES = 400  # TBiNet has 320 kernels; of a dendrogram that is still legible


@dataclass(frozen=True)
class RunView:
    """One run, ready for the template; texts are escaped there, `logo`, `figure`, `content` are markup."""

    anchor: str
    name: str
    lead: str
    answers: list[Answer]
    rows: list[Json]
    routes: list[str]
    nulls: list[Json]
    uncorrected: list[str]
    trees: list[Json]
    distinct: list[Json]
    cluster_sentences: list[str]
    figures: list[Json]
    methods: list[str]
    command: str
    made_by: list[tuple[str, str]]
    counts: dict[str, str]
    families: dict[str, int]


def view(folder: MotifsFolder, *, anchor: str) -> RunView:
    """Turn an output folder into what the template shows."""
    summary = folder.summary
    made_by = summary["made_by"]
    model, data = summary["model"], summary["data"]
    alpha = float(summary["parameters"]["alpha"])
    records = folder.table.to_dict("records")
    named = significant(folder.table, alpha)["target_family"].astype(object)  # read as numbers where none is named
    families_of = named.fillna("(no family)").value_counts()
    return RunView(
        anchor=anchor,
        name=str(model["architecture"]) + (f" ({summary['tf']})" if summary.get("tf") else ""),
        lead=(
            f"{model['architecture']}, {model['parameters']:,} parameters, {model['tasks']} outputs; "
            f"{data['windows']:,} {data['split']} windows of {data['length']} bp of {data['source']}"
        ),
        answers=summary_words(summary),
        rows=[_row({str(key): value for key, value in row.items()}, folder, alpha) for row in records],
        routes=list(summary["routes"]),
        nulls=_nulls(summary),
        uncorrected=uncorrected_words(summary),
        trees=_trees(folder.dendrogram),
        distinct=_distinct(folder.dendrogram),
        cluster_sentences=cluster_words(folder.dendrogram),
        figures=_figures(folder),
        methods=methods(summary),
        command=made_by["command"],
        made_by=_made_by(made_by),
        counts=_counts(summary),
        families={str(name): int(count) for name, count in families_of.items()},
    )


def compare(runs: Sequence[RunView]) -> Json:
    """Return the side-by-side tables: counts of each run, and motifs of each family in each run."""
    heads = list(dict.fromkeys(head for run in runs for head in run.counts))
    names = sorted({family for run in runs for family in run.families})
    return {
        "heads": heads,
        "rows": [{"name": run.name, "values": [run.counts.get(head, "") for head in heads]} for run in runs],
        "families": [{"family": name, "counts": [run.families.get(name, 0) for run in runs]} for name in names],
    }


def _plain(value: object) -> str:
    """Return a number in full, for sorting; nothing for a missing one."""
    return "" if value is None or pd.isna(value) else repr(float(value))  # type: ignore[arg-type, call-overload]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _row(row: Json, folder: MotifsFolder, alpha: float) -> Json:
    motif, target = folder.motifs[row["motif_id"]], folder.targets.get(_text(row["target_id"]))
    if target is not None and not pd.isna(row["offset"]):
        drawing = aligned_logos(
            motif, target, offset=int(row["offset"]), orientation=_text(row["orientation"]), symbols=False
        )
    else:
        drawing = logo(motif.ppm, label=motif.name, symbols=False)
    shown = target is not None
    cluster = row.get("cluster")
    names = (row["motif_id"], row["route"], _text(row["target_id"]), _text(row["target_alt"]))
    return {
        "motif": row["motif_id"],
        "route": row["route"],
        "gate": row["gate"],
        "consensus": _text(row["consensus"]),
        "logo": drawing,
        "target": _text(row["target_id"]) if shown else "",
        "target_alt": _text(row["target_alt"]) if shown else "",
        "family": _text(row["target_family"]) if shown else "",
        "made_of": shown and row.get("match") == "by construction",
        "weak": bool(shown and row.get("match") != "by construction" and not row["target_q"] < alpha),
        "q": small(row["target_q"]) if shown else "",
        "q_value": _plain(row["target_q"]) if shown else "",
        "sites": number(row["nsites"]),
        "sites_value": _plain(row["nsites"]),
        "information": number(row["information"]),
        "information_value": _plain(row["information"]),
        "enrichment": number(row["enrichment"]),
        "enrichment_value": _plain(row["enrichment"]),
        "enrichment_q": small(row["enrichment_q"], row.get("enrichment_log10_q")),
        "cluster": "" if cluster is None or pd.isna(cluster) else str(int(cluster)),
        "text": " ".join((*names, _text(row["target_family"]))).lower(),
    }


def _nulls(summary: Json) -> list[Json]:
    rows = []
    for name, null in summary["nulls"].items():
        if null["null_mean"] is None:
            continue
        low, high = null["null_interval"]
        label = NULLS.get(name, name)
        words = f"observed against {label}"
        drawing = figures.interval(
            null["observed"], low, high, mean=null["null_mean"], top=null["total"], label=words
        )
        rows.append(
            {
                "route": "kernels",
                "label": f"{label} ({len(null['null_counts'])} times)",
                "observed": f"{null['observed']} of {null['total']}",
                "mean": number(null["null_mean"]),
                "interval": f"{number(low)} to {number(high)}",
                "p": small(null["p"]),
                "figure": drawing,
            }
        )
    return rows


def _trees(content: Json) -> list[Json]:
    """Return the dendrograms that there are, with captions."""
    edit = [d for d in THRESHOLDS if d]
    shown = []
    for part, cuts, caption in (
        (
            content,
            [content["cut"]] if content.get("cut") else [],
            "Motifs that passed the gate, by their matrices",
        ),
        (
            content.get("matched", {}),
            edit,
            "Kernels that match as the papers count, by edit distance of their letters",
        ),
        (
            content.get("targets", {}),
            edit,
            "Known motifs that kernels match, by edit distance of the known letters",
        ),
    ):
        linkage = np.asarray(part.get("linkage") or [], dtype=np.float64).reshape(-1, 4)
        if len(linkage) >= LEAVES:
            note = f"{caption}: {len(linkage) + 1} are too many to draw; dendrogram.json holds the tree."
            shown.append({"content": "", "caption": note})
        elif len(linkage):
            at = f"; dashed: {', '.join(f'{cut:g}' for cut in cuts)}" if cuts else ""
            drawing = figures.dendrogram(linkage, part["labels"], cuts=cuts, title=caption)
            shown.append({"content": drawing, "caption": f"{caption} (average linkage{at})."})
    return shown


def _distinct(content: Json) -> list[Json]:
    """Return the rows of the table of distinct motifs: what is counted, and the count at each edit distance."""
    rows = (
        ("motifs that passed the gate", content.get("edit", {})),
        ("kernels that match, uncorrected (TBiNet's Table 5)", content.get("matched", {})),
        ("known motifs that kernels match", content.get("targets", {})),
    )
    return [
        {"what": what, "counts": [part["distinct"].get(f"{d:g}", "") for d in THRESHOLDS]}
        for what, part in rows
        if part.get("distinct")
    ]


def _figures(folder: MotifsFolder) -> list[Json]:
    pictures, profiles = [], folder.profiles
    if "bin_edges" in profiles:
        edges = profiles["bin_edges"]
        start, width = float(edges[0]), float(edges[1] - edges[0])
        for key, words in (
            ("site_counts", "Attended sites along the window (bp)"),
            ("hit_counts", "Attended sites that hit a known motif, along the window (bp)"),
        ):
            if key in profiles:
                content = figures.histogram(profiles[key], start=start, width=width, label=words)
                pictures.append({"content": content, "caption": words + "."})
    for key, words, colours in (
        ("attention", "Attention", "magma"),
        ("dnase", "DNase", "viridis"),
    ):
        if key in profiles and len(profiles[key]):
            caption = (
                f"{words} of {len(profiles[key])} attended windows (rows), ordered by the attention's maximum."
            )
            content = figures.heat_map(profiles[key], label=caption, colours=colours)
            pictures.append({"content": content, "caption": caption})
    for file, caption in folder.figures:
        data = base64.b64encode(file.read_bytes()).decode("ascii")
        content = f'<img alt="{escape(caption)}" width="420" src="data:image/png;base64,{data}">'
        pictures.append({"content": content, "caption": caption})
    return pictures


def _made_by(record: Json) -> list[tuple[str, str]]:
    rows = [
        (key.replace("_", " "), str(value)) for key, value in record.items() if key not in ("versions", "command")
    ]
    return [*rows, *((name, str(version)) for name, version in record["versions"].items())]


def _counts(summary: Json) -> dict[str, str]:
    """Return the side-by-side row of a run."""
    counts: dict[str, str] = {}
    for route, values in summary["routes"].items():
        if not values["left_out"]:
            counts[f"{route}: motifs"] = str(values["motifs"])
            counts[f"{route}: passed the gate"] = str(values["passed"])
            if "enriched" in values:  # known motifs, which are not matched
                counts[f"{route}: known motifs enriched"] = str(values["enriched"])
                continue
            counts[f"{route}: known"] = str(values["matched"])
            counts[f"{route}: families"] = str(values["families"])
    untrained = summary["nulls"].get("untrained")
    if untrained and untrained["null_mean"] is not None:
        counts["kernels: known, untrained model"] = number(untrained["null_mean"])
    if summary["uncorrected"]["kernels"] is not None:
        counts["kernels: uncorrected, as in the papers"] = str(summary["uncorrected"]["kernels"])
    return counts
