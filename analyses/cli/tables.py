"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from motiflens.models.compare import Paired


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

    from motiflens.analyses.cli.output import talkative

    if not talkative():
        return
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


def frame_table(table: pd.DataFrame, *, title: str = "") -> None:
    """Print any table: numbers that are not whole with four digits."""
    lines = [
        [_number(value) if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    print_table([str(name) for name in table.columns], lines, title=title)


def comparison_tables(table: pd.DataFrame, pairs: Sequence[Paired]) -> None:
    """Print what `interpret compare` found."""
    shown = ("auroc", "auprc", "recall_at_fdr50", "recall_at_fdr10", "average_precision")
    lines = [
        [row["run"], str(row["tasks"]), *(_number(row[name]) for name in shown), f"{row['dream_score']:.3f}"]
        for _, row in table.iterrows()
    ]
    print_table(["run", "tasks", "auroc", "auprc", "re@50", "re@10", "AP", "DREAM score"], lines)
    for pair in pairs:
        lines = [
            [
                row["size"],
                *(f"{row[name]:,}" for name in ("tasks", "above", "below", "equal")),
                _number(row["mean_first"]),
                _number(row["mean_second"]),
                f"{row['p']:.3g}" if row["p"] == row["p"] else "-",
            ]
            for _, row in pair.counts.iterrows()
        ]
        header = ["data sets", "tasks", "better", "worse", "equal", "mean before", "mean after", "Wilcoxon p"]
        print_table(header, lines, title=f"{pair.second} against {pair.first} ({pair.metric})")
