"""The short table that `interpret motifs` shows at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS = 15


def show_motifs(out: Path, summary: dict[str, Any]) -> None:
    """Print the best motifs, the counts of each route, what chance would give, and where the report lies."""
    import pandas as pd

    from motiflens.analyses.cli.tables import print_table

    table = pd.read_csv(out / "motifs.tsv", sep="\t", keep_default_na=False)
    alpha = summary["parameters"]["alpha"]
    table["target_q"] = pd.to_numeric(table["target_q"], errors="coerce")
    table["enrichment_q"] = pd.to_numeric(table["enrichment_q"], errors="coerce")
    matched = table[(table["gate"] == "passed") & (table["target_q"] < alpha)]
    shown = matched.head(ROWS)  # best first
    print_table(
        ["motif", "consensus", "sites", "bits", "matches", "family", "q", "enriched (q)"],
        [_row(row) for _, row in shown.iterrows()],
        title=f"{len(matched)} motifs match a known one at q < {alpha:g}",
    )
    for name, route in summary["routes"].items():
        if route["left_out"]:
            print(f"{name}: left out: {route['note']}")
        else:
            print(
                f"{name}: {route['motifs']} motifs, {route['passed']} past the gate, {route['matched']} match "
                f"({route['families']} families)"
            )
    for name, null in summary["nulls"].items():
        if null["null_counts"]:
            low, high = null["null_interval"]
            print(
                f"kernels that match: {null['observed']} of {null['total']}; {name.replace('_', ' ')}: "
                f"{null['null_mean']:.1f} (95 % {low:.1f} to {high:.1f}, p {null['p']:.3g})"
            )
    factors = summary["factors"]
    if len(factors["trained_on"]) > 1 or factors["found_by_any_route"]:
        print(
            f"factors named by kernels: {len(factors['found_by_kernels'])} of {len(factors['trained_on'])} "
            f"({', '.join(factors['found_by_kernels']) or 'none'}); by untrained kernels: "
            f"{', '.join(str(count) for count in factors['found_by_untrained_kernels']) or '-'}"
        )
    print(out / "report.html")


def _row(row: pd.Series[Any]) -> list[str]:
    enriched = row["enrichment_q"]
    return [
        str(row["motif_id"]),
        str(row["consensus"]),
        f"{row['nsites']:.0f}",
        f"{row['information']:.1f}",
        f"{row['target_alt']} ({row['target_id']})",
        str(row["target_family"]),
        f"{row['target_q']:.2g}",
        f"{float(row['enrichment']):.1f}x ({_small(enriched)})" if enriched == enriched else "-",
    ]


def _small(q: float) -> str:
    return f"{q:.2g}" if q > 0 else "< 1e-300"
