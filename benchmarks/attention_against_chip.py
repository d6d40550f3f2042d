"""Does what attention models look at agree with what was measured, and what is each input worth? Three seeds.

    python benchmarks/attention_against_chip.py --out benchmarks/results/attention_against_chip.md

Each model is trained on the built-in data with several seeds, and `interpret chip` and `interpret importance` are
run on it, with the nulls and an untrained model. A row is the mean over seeds with the smallest and the largest;
the tables of every run stay in the working folder.

Stopped at any moment, the same call goes on: a finished run or study is not made again, and training resumes after
its last epoch. The summary is written after each model, of what there is until then. `--models` takes names of
architectures with settings: ``deepgrn:attention=single``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

INTERPRET = [sys.executable, "-m", "motiflens.analyses.cli.main"]
RESULTS = Path(__file__).parent / "results"
# Every kind of attention there is, once; DeepGRN's ensemble is the mean of its two kinds.
MODELS = ("deepgrn:attention=single", "deepgrn:attention=pairwise", "tbinet", "saresnet")
SECONDS = "seconds.json"
STUDIES: dict[str, list[str]] = {"chip": [], "importance": ["--no-single-features"]}


def interpret(*words: str | Path) -> float:
    """Run a command; what it says goes to this one's output. Return the seconds that it took."""
    start = time.perf_counter()
    subprocess.run([*INTERPRET, *map(str, words)], check=True)
    return time.perf_counter() - start


def studied(model: str, seed: int, options: argparse.Namespace) -> Path:
    """Train one model, unless it is there, and run both studies on it, unless they are; return the folder."""
    name, *settings = model.split(":")
    folder = options.work / f"{model.replace(':', '-').replace('=', '-')}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    data: Sequence[str | Path] = [] if options.data is None else ["--data", options.data]
    run = folder / "run"
    # Written after the weights of the last epoch: with it the run is whole.
    if not (folder / SECONDS).is_file():
        sets = [word for setting in (*settings, *options.set) for word in ("--set", setting)]
        how = ["--preset", options.preset, "--tf", options.tf, "--seed", str(seed), *sets]
        resume = ["--resume"] if run.exists() else []
        seconds = interpret("train", "--model", name, *how, *data, "--out", run, *resume)
        (folder / SECONDS).write_text(json.dumps({"train": seconds}), encoding="utf-8")
    for study in STUDIES:
        if not (folder / study / "study.json").is_file():
            more = ["--seed", str(seed), "--overwrite", *STUDIES[study]]
            more += ["--maximum", str(options.maximum)] if study == "chip" else []
            seconds = interpret(study, run, *data, *more, "--out", folder / study)
            record = json.loads((folder / SECONDS).read_text(encoding="utf-8"))
            (folder / SECONDS).write_text(json.dumps({**record, study: seconds}), encoding="utf-8")
    return folder


def gathered(folders: dict[tuple[str, int], Path], study: str, by: Sequence[str]) -> pd.DataFrame:
    """Return a study's table of all models and seeds, averaged over targets and runs within each."""
    parts = []
    for (name, seed), folder in folders.items():
        table = pd.read_csv(folder / study / f"{study}.tsv", sep="\t")
        means = table.groupby(list(by), sort=False).mean(numeric_only=True).reset_index()
        parts.append(means.assign(model=name, model_seed=seed))
    return pd.concat(parts, ignore_index=True)


def summary(table: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Return mean, smallest and largest over seeds, and the mean of their intervals, as text.

    >>> rows = {"model": ["a"] * 2, "look": ["x"] * 2, "model_seed": [0, 1], "r": [0.1, 0.3]}
    >>> summary(pd.DataFrame(rows).assign(low=0.0, high=0.5), ["look"], "r").astype(str).iloc[0].tolist()
    ['a', 'x', '2', '0.200', '0.100 to 0.300', '0.000 to 0.500']
    """
    rows = []
    for key, group in table.groupby(["model", *by], sort=False):
        some = group.dropna(subset=[value])
        if not len(some):  # a look that is constant, such as the saliency of a model that ignores its input
            continue
        row: dict[str, object] = dict(zip(["model", *by], key, strict=True))
        row["seeds"] = int(some["model_seed"].nunique())
        row[value] = f"{some[value].mean():.3f}"
        row["over seeds"] = f"{some[value].min():.3f} to {some[value].max():.3f}"
        row["95 %, mean of seeds"] = f"{some['low'].mean():.3f} to {some['high'].mean():.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.to_numpy().tolist()]
    return "\n".join(lines) + "\n"


def written(folders: dict[tuple[str, int], Path], options: argparse.Namespace) -> None:
    """Write the summary of the models that are done."""
    chip = gathered(folders, "chip", ["look", "quantity"])
    importance = gathered(folders, "importance", ["input", "way"])
    seconds = [json.loads((folder / SECONDS).read_text(encoding="utf-8")) for folder in folders.values()]
    times = pd.DataFrame(seconds).assign(model=[name for name, _ in folders]).groupby("model", sort=False).mean()
    whole = {(name, seed) for name in options.models for seed in range(options.seeds)} == set(folders)
    text = (
        f"# What {chip['model'].nunique()} attention models look at, {options.seeds} seeds each ({options.tf})\n\n"
    )
    text += "" if whole else f"UNFINISHED: {len(folders)} of {len(options.models) * options.seeds} runs.\n\n"
    text += "Made by `python benchmarks/attention_against_chip.py`: preset "
    text += f"`{options.preset}`, test split, at most {options.maximum} bound windows of each cell type.\n"
    text += "Mean over cell types and seeds, in brackets the smallest and the largest seed.\n\n"
    text += "## Correlation with ChIP-seq fold change, beside its nulls\n\n"
    text += "Pearson within a window, mean over bound windows; `excess`: what is left beyond windows elsewhere,\n"
    text += "`untrained_excess` the same of an untrained model of the same kind.\n\n"
    text += markdown(summary(chip, ["look", "quantity"], "mean"))
    text += "\n## Importance: auPRC lost when an input is spoilt\n\n"
    auprc = importance.groupby("model", sort=False)["auprc"].mean()
    text += "auPRC with every input, on the windows used (bound ones are enriched): "
    text += ", ".join(f"{name} {value:.3f}" for name, value in auprc.items()) + ".\n\n"
    text += markdown(summary(importance, ["input", "way"], "drop"))
    text += "\n## Seconds of one model and seed\n\n"
    text += markdown(times.round(0).astype(int).reset_index())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")


def main() -> None:
    """Train, study, and write the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the built-in data by default")
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tf", default="CTCF")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--maximum", type=int, default=400)
    parser.add_argument("--work", type=Path, default=Path("runs/attention_against_chip"))
    parser.add_argument("--out", type=Path, default=RESULTS / "attention_against_chip.md")
    options = parser.parse_args()
    folders: dict[tuple[str, int], Path] = {}
    # Seeds outside: a stopped run has every model with fewer seeds, not fewer models.
    for seed in range(options.seeds):
        for name in options.models:
            folders[name, seed] = studied(name, seed, options)
            written(folders, options)


if __name__ == "__main__":
    main()
