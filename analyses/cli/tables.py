"""Tables on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def metrics_table(table: pd.DataFrame, *, title: str, rows: int = 20) -> None:
    """Print metrics per task (the first `rows`) and their mean."""
    from motiflens.models.metrics import METRICS, mean_metrics

    names = {name: name.replace("recall_at_fdr", "re@fdr").replace("average_precision", "AP") for name in METRICS}
    shown = table.head(rows)
    lines = [
        [row["task"], f"{row['positives']:,}", f"{row['negatives']:,}", *(_number(row[name]) for name in METRICS)]
        for _, row in shown.iterrows()
    ]
    if len(table) > 1:
        if len(table) > rows:
            lines.append([f"({len(table) - rows:,} more)", *[""] * (len(METRICS) + 2)])
        means = mean_metrics(table)
        lines.append(["mean", "", "", *(_number(means[name]) for name in METRICS)])
    print_table(["task", "bound", "unbound", *names.values()], lines, title=title)


def print_table(header: list[str], lines: list[list[str]], *, title: str = "") -> None:
    """Print a table; the first column is text, the others are numbers. Piped, it is tab-separated."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        print("\t".join(header))
        for line in lines:
            print("\t".join(line))
        return
    table = Table(title=title or None)
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left")
    for line in lines:
        table.add_row(*line)
    console.print(table)


def _number(value: float) -> str:
    return f"{value:.4f}" if value == value else "-"
