"""Does what attention models look at agree with what was measured, and what is each input worth? Three seeds.

    python benchmarks/attention_against_chip.py --out benchmarks/results/attention_against_chip.md

Each architecture is trained on the built-in data (a second call trains nothing) with several seeds, and `interpret
chip` and `interpret importance` are run on it, with the nulls and an untrained model. A row is the mean over seeds
with the smallest and the largest; the tables of every run stay in the working folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

INTERPRET = [sys.executable, "-m", "motiflens.analyses.cli.main"]
RESULTS = Path(__file__).parent / "results"
ARCHITECTURES = ("deepgrn", "tbinet", "saresnet")


def interpret(*words: str | Path) -> None:
    """Run a command; what it says goes to this one's output."""
    subprocess.run([*INTERPRET, *map(str, words)], check=True)


def studied(name: str, seed: int, work: Path, options: argparse.Namespace) -> Path:
    """Train one model, unless it is there, and run both studies on it, unless they are; return the folder."""
    folder = work / f"{name}-{seed}"
    data: Sequence[str | Path] = [] if options.data is None else ["--data", options.data]
    settings = [word for setting in options.set for word in ("--set", setting)]
    how = ["--preset", options.preset, "--tf", options.tf, "--seed", str(seed), *settings]
    if not (folder / "run" / "model.safetensors").is_file():
        interpret("train", "--model", name, *how, *data, "--out", folder / "run")
    for study in ("chip", "importance"):
        if not (folder / study / "study.json").is_file():
            more = ["--maximum", str(options.maximum), "--seed", str(seed)]
            interpret(study, folder / "run", *data, *more, "--out", folder / study)
    return folder


def gathered(folders: dict[tuple[str, int], Path], study: str, by: Sequence[str]) -> pd.DataFrame:
    """Return a study's table of all models and seeds, averaged over targets and runs within each."""
    parts = []
    for (name, seed), folder in folders.items():
        table = pd.read_csv(folder / study / f"{study}.tsv", sep="\t")
        means = table.groupby(list(by), sort=False).mean(numeric_only=True).reset_index()
        parts.append(means.assign(architecture=name, model_seed=seed))
    return pd.concat(parts, ignore_index=True)


def summary(table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return mean, smallest and largest over seeds, as text.

    >>> table = pd.DataFrame({"architecture": ["a"] * 2, "look": ["x"] * 2, "model_seed": [0, 1], "r": [0.1, 0.3]})
    >>> summary(table, ["look"], ["r"])["r"].tolist()
    ['0.200 (0.100 to 0.300)']
    """
    rows = []
    for key, group in table.groupby(["architecture", *by], sort=False):
        row: dict[str, object] = dict(zip(["architecture", *by], key, strict=True))
        row["seeds"] = group["model_seed"].nunique()
        for name in columns:
            values = group[name].dropna()
            spread = f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})"
            row[name] = spread if len(values) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.to_numpy().tolist()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, study, and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the built-in data by default")
    parser.add_argument("--models", nargs="*", default=list(ARCHITECTURES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tf", default="CTCF")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--maximum", type=int, default=400)
    parser.add_argument("--work", type=Path, default=Path("attention_against_chip"))
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "attention_against_chip.md"
    )
    options = parser.parse_args()
    folders = {
        (name, seed): studied(name, seed, options.work, options)
        for name in options.models
        for seed in range(options.seeds)
    }
    chip = gathered(folders, "chip", ["look", "quantity"])
    importance = gathered(folders, "importance", ["input", "way"])
    text = f"# What {len(options.models)} architectures look at, {options.seeds} seeds each ({options.tf})\n\n"
    text += "Mean over cell types and seeds, in brackets the smallest and the largest seed.\n\n"
    text += "## Correlation with ChIP-seq fold change, beside its nulls\n\n"
    text += markdown(summary(chip, ["look", "quantity"], ["mean"]))
    text += "\n## Importance: auPRC lost when an input is spoilt\n\n"
    text += markdown(summary(importance, ["input", "way"], ["drop"]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
