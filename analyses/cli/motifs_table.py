"""The short table that `interpret motifs` shows at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from motiflens.analyses.motifs.motif_findings import MotifFindings

ROWS = 15


def show_motifs(findings: MotifFindings, report: Path) -> None:
    """Print the best motifs, the counts of each route, what chance would give, and where the report lies."""
    from motiflens.analyses.cli.output import result, say
    from motiflens.analyses.cli.tables import print_table
    from motiflens.analyses.report.words import control_words

    summary, matched = findings.summary, findings.significant
    for note in findings.context.dataset.notes:
        say(f"note: {note}")
    print_table(
        ["motif", "consensus", "sites", "bits", "matches", "family", "q", "enriched (q)"],
        [_row(row) for _, row in matched.head(ROWS).iterrows()],  # best first
        title=f"{len(matched)} motifs match a known one at q < {summary['parameters']['alpha']:g}",
    )
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
            )
    for line in control_words(summary):
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
    if factors["trained_on"]:
        say(
            f"factors named by kernels: {len(factors['found_by_kernels'])} of {len(factors['trained_on'])} "
            f"({', '.join(factors['found_by_kernels']) or 'none'}); by untrained kernels: "
            f"{', '.join(str(count) for count in factors['found_by_untrained_kernels']) or '-'}"
        )
    result({**summary, "report": str(report)}, str(report))


def _row(row: pd.Series[Any]) -> list[str]:
    from motiflens.analyses.report.numbers import small

    enriched = float(row["enrichment_q"])
    return [
        str(row["motif_id"]),
        str(row["consensus"]),
        f"{row['nsites']:.0f}",
        f"{row['information']:.1f}",
        f"{row['target_alt']} ({row['target_id']})" if row["target_alt"] else str(row["target_id"]),
        str(row["target_family"]),
        f"{row['target_q']:.2g}",
        f"{float(row['enrichment']):.1f}x ({small(enriched, row['enrichment_log10_q'])})"
        if enriched == enriched
        else "-",
    ]
