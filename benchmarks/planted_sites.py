"""Do attributions find the sites that were planted? On simulated data, where the truth is known.

Run: python benchmarks/planted_sites.py [--tf CTCF] [--out benchmarks/results/planted_sites.md]

For deepgrn (which reads DNase), tbinet and saresnet, trained on one TF with their `small` recipes and kept in
the cache, the bound test windows are attributed. In each window, bases in sites of the TF that were planted
and are bound in the window's cell type are 'inside'; bases in no site of the TF at all are 'outside'.
Importance is |score| over the window's mean |score|. Reported, with 95 % bootstrap intervals over windows:
mean importance inside and outside, and by how much inside minus outside exceeds that of random scores on the
same windows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.interpret.attribution.attribute import attribute
from motiflens.models.data.options import Options
from motiflens.models.data.windows import Windows
from motiflens.models.evaluate import evaluate
from motiflens.models.files import write_text
from motiflens.models.open_for_run import built_in, open_as_trained
from motiflens.models.provenance import versions
from motiflens.models.run import Run

MODELS = ("deepgrn", "tbinet", "saresnet")
METHODS = ("saliency", "deep_lift_shap", "ism")


def inside_outside(
    windows: Windows, tf: str, cell_type: str | None, sites: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Return masks (N, L): bases in planted sites bound in the window's cell type; bases in no site of the TF."""
    own = sites[sites["name"] == tf]
    inside = np.zeros((len(windows), windows.length), dtype=bool)
    anywhere = np.zeros_like(inside)
    for i, row in enumerate(windows.table.itertuples(index=False)):
        where = cell_type or row.cell_type
        near = own[(own["chrom"] == row.chrom) & (own["start"] < row.end) & (own["end"] > row.start)]
        for site in near.itertuples(index=False):
            first, last = max(site.start - row.start, 0), min(site.end - row.start, windows.length)
            anywhere[i, first:last] = True
            planted = site.kind in ("planted", "composite")
            if planted and where in site.bound.split(","):
                inside[i, first:last] = True
    return inside, ~anywhere


def contrasts(scores: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return mean importance inside and outside, (N, 2), for each window."""
    size = np.abs(scores[:, :4]).sum(1)  # N, L
    size = size / np.maximum(size.mean(1, keepdims=True), 1e-12)
    return np.stack([(size * mask).sum(1) / mask.sum(1) for mask in (inside, outside)], axis=1)


def interval(values: np.ndarray, rng: np.random.Generator) -> str:
    """Return the mean with its 95 % bootstrap interval."""
    draws = values[rng.integers(0, len(values), (2000, len(values)))].mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def lines_of(run: Run, tf: str, most: int, methods: list[str], sites: pd.DataFrame) -> list[str]:
    """Return the table's lines for one model."""
    rng = np.random.default_rng(0)
    dataset = open_as_trained(run)
    windows = dataset["test"]
    # The tasks are the TF alone, or every TF in every cell type: then its first one.
    target = next(i for i, task in enumerate(run.tasks) if task.partition("|")[0] == tf)
    cell_type = run.tasks[target].partition("|")[2] or None
    metrics = evaluate(run, dataset).iloc[target]
    bound = rng.permutation(np.flatnonzero(windows.labels[:, target] == 1))
    chosen = windows.subset(bound)
    inside, outside = inside_outside(chosen, tf, cell_type, sites)
    has = np.flatnonzero(inside.any(1) & outside.any(1))[:most]
    batch = chosen.read(has)
    found = {
        method: contrasts(
            attribute(run.model, batch.x, method=method, target=target, meta=batch.meta, batch_size=64).scores,
            inside[has],
            outside[has],
        )
        for method in methods
    }
    null = found["random"][:, 0] - found["random"][:, 1]
    name = run.config["model"]["architecture"]
    lines = []
    for method, values in found.items():
        beyond = values[:, 0] - values[:, 1] - null
        lines.append(
            f"| {name} | {metrics['auroc']:.3f} / {metrics['auprc']:.3f} | {len(has)} | {method} | "
            f"{interval(values[:, 0], rng)} | {interval(values[:, 1], rng)} | "
            f"{'' if method == 'random' else interval(beyond, rng)} |"
        )
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Train, attribute, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/planted_sites.md"))
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--tf", default="CTCF")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--windows", type=int, default=100)
    given = parser.parse_args()
    torch.set_num_threads(1)
    sites = pd.read_csv(Path(built_in()) / "truth" / "sites.bed", sep="\t", keep_default_na=False)
    sites = sites.rename(columns={"#chrom": "chrom"})
    text = [
        "# Importance inside planted, bound sites",
        "",
        f"`python benchmarks/planted_sites.py --tf {given.tf}`: built-in simulated data, `small` recipes, bound "
        "test windows. Importance: |score| over the window's mean; 1 is what chance gives. "
        "In brackets: 95 % bootstrap intervals over windows.",
        "",
        ", ".join(f"{part} {version}" for part, version in versions().items()),
        "",
        "| model | test auROC / auPRC | windows | method | inside | outside | inside − outside, beyond random |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in given.models:
        run, _ = cached_run(name, data=Options(tf=given.tf))
        text += lines_of(run, given.tf, given.windows, [*given.methods, "random"], sites)
    write_text(given.out, "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
