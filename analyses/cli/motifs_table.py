"""The short table that `interpret motifs` shows at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from motiflens.analyses.motifs.motif_findings import MotifFindings

ROWS = 15


def show_motifs(findings: MotifFindings, report: Path) -> None:
    """Print a row a factor, the counts of each route, chance, where the time went, and where the report lies."""
    from motiflens.analyses.cli.output import note, result, say
    from motiflens.analyses.cli.tables import print_table
    from motiflens.analyses.motifs.by_factor import by_factor
    from motiflens.analyses.motifs.other_taxa import taxon_words
    from motiflens.analyses.report.fault_words import fault_words
    from motiflens.analyses.report.words import control_words

    summary, matched = findings.summary, findings.significant
    alpha = findings.context.options.alpha
    factors_found = by_factor(findings.table, alpha)
    for line in findings.context.dataset.notes:
        note(f"note: {line}")
    taken = sum(not route["left_out"] for route in summary["routes"].values())
    print_table(
        ["factor", "best motif", "consensus", "sites", "motifs", f"routes (of {taken})", "q", "enriched (q)"],
        [_row(row) for _, row in factors_found.head(ROWS).iterrows()],
        title=f"{len(matched)} motifs match a known one at q < {alpha:g}",
    )
    rest = f"{len(factors_found) - ROWS} more factors and " if len(factors_found) > ROWS else ""
    say(f"{rest}all {len(findings.motifs)} motifs: {report.parent / 'motifs.tsv'}, and the report")
    for name, route in summary["routes"].items():
        if route["left_out"]:
            say(f"{name}: left out: {route['note']}")
        elif "enriched" in route:
            say(
                f"{name}: {route['enriched']} known motifs enriched, {route['motifs']} of them distinct; "
                f"{', '.join(str(count) for count in route['enriched_of_shuffled'])} when the places are shuffled"
            )
        else:
            say(
                f"{name}: {route['motifs']} motifs, {route['passed']} past the gate, {route['matched']} match "
                f"({route['families']} families)"
                f"{lowering_words(route)}"
            )
    for line in (*control_words(summary), *fault_words(summary)):
        say(line)
    for name, null in summary["nulls"].items():
        if null["null_counts"]:
            low, high = null["null_interval"]
            say(
                f"kernels that match: {null['observed']} of {null['total']}; {name.replace('_', ' ')}: "
                f"{null['null_mean']:.1f} (95 % {low:.1f} to {high:.1f}, p {null['p']:.3g})"
            )
    factors = summary["factors"]
    for name, where in factors["taken_from"].items():
        if len(factors["trained_on"]) == 1:
            say(f"trained on {name} (by {where}; --factor names another)")
    if factors["unknown"]:
        some = ", ".join(factors["unknown"][:3]) + (", …" if len(factors["unknown"]) > 3 else "")
        say(f"unknown factor: no known motif is named by {some}; --factor names it")
    for line in taxon_words(findings):
        say(line)
    if factors["trained_on"]:
        say(
            f"factors named by kernels: {len(factors['found_by_kernels'])} of {len(factors['trained_on'])} "
            f"({', '.join(factors['found_by_kernels']) or 'none'}); by untrained kernels: "
            f"{', '.join(str(count) for count in factors['found_by_untrained_kernels']) or '-'}"
        )
    say(f"time: {time_words(summary['seconds'])}")
    result({**summary, "report": str(report)}, str(report))


def lowering_words(route: dict[str, int]) -> str:
    """Say how many of a route's motifs lower the prediction, where any does.

    >>> lowering_words({"lowering": 3, "lowering_matched": 1}), lowering_words({"motifs": 4})
    ('; 3 lower the prediction, of which 1 match', '')
    """
    if not route.get("lowering"):
        return ""
    return f"; {route['lowering']} lower the prediction, of which {route['lowering_matched']} match"


def time_words(seconds: dict[str, float]) -> str:
    """Say where the time went, the longest stage first.

    >>> time_words({"kernels": 1.24, "seqlets": 30.0, "controls": 0.02})
    '31.3 s: seqlets 30.0, kernels 1.2, the rest 0.0'
    """
    long = sorted((item for item in seconds.items() if item[1] >= 0.05), key=lambda item: -item[1])
    rest = sum(seconds.values()) - sum(value for _, value in long)
    stages = [f"{name} {value:.1f}" for name, value in long] + ([f"the rest {rest:.1f}"] if rest > 0 else [])
    return f"{sum(seconds.values()):.1f} s: {', '.join(stages)}"


def _row(row: pd.Series[Any]) -> list[str]:
    from motiflens.analyses.report.numbers import small

    enriched, q = float(row["enrichment_q"]), float(row["q"])
    routes = str(row["routes"]).split(",")
    return [
        str(row["factor"]),
        str(row["motif_id"]),
        str(row["consensus"]),
        f"{row['nsites']:.0f}",
        str(row["motifs"]),
        f"{len(routes)}: {', '.join(routes)}",
        small(q) or "-",
        f"{float(row['enrichment']):.1f}x ({small(enriched, row['enrichment_log10_q'])})"
        if enriched == enriched
        else "-",
    ]
