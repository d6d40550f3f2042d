"""Does what is reported stay at its nominal rate where there is nothing to find?

    python benchmarks/calibration.py [--repeats 100]

Four simulations, each with nothing to find: kernels of untrained models on shuffled sequences; matrices with
permuted positions; de novo discovery on random sequences; enrichment of known motifs in random windows. Written
to benchmarks/results/calibration.md with the rate of runs that report anything at q < 0.05 (nominal: at most 5 %),
and beside it what the same matrices give by E < 0.05 without gate and correction.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.stats import binomtest

from motiflens.analyses.motifs.attended import attended
from motiflens.analyses.motifs.engines.denovo import DenovoOptions, denovo
from motiflens.analyses.motifs.engines.match import match
from motiflens.analyses.motifs.first_layer_motifs import first_layer_motifs
from motiflens.analyses.motifs.gate import Gate, gated
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.naming import name_motifs
from motiflens.analyses.motifs.nulls import shuffle_columns
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.models import build
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.data.windows import ArrayWindows
from motiflens.models.files import write_text

ALPHA = 0.05
RESULTS = Path(__file__).resolve().parent / "results" / "calibration.md"


def untrained_kernels(repeats: int, targets: list[Motif], *, gate: bool) -> tuple[list[int], list[int]]:
    """Matches of untrained kernels on shuffled sequences: ours, and by E < 0.05 as counted."""
    ours, raw = [], []
    for repeat in range(repeats):
        torch.manual_seed(repeat)
        model = build("tbinet", length=200, outputs=1, kernels=32, kernel_size=26, units=4, dense=4)
        rng = np.random.default_rng(repeat)
        codes = dinucleotide_shuffle(
            rng.choice(4, (1000, 200), p=[0.3, 0.2, 0.2, 0.3]).astype(np.uint8), seed=repeat
        )
        made = first_layer_motifs(model, ArrayWindows(codes, np.zeros(1000)), kernel_threshold="half")
        trimmed, passed = gated(made, Gate() if gate else Gate(core=0, width=1, sites=0))
        good = [motif for motif, keep in zip(trimmed, passed, strict=True) if keep]
        best = name_motifs(good, targets, shuffles=10, seed=repeat).best
        ours.append(int((best["q"] < ALPHA).sum()))
        raw.append(match(made, targets, threshold=ALPHA, evalue=True)["Query_ID"].nunique())
    return ours, raw


def permuted_matrices(repeats: int, targets: list[Motif]) -> list[int]:
    """Matches of known matrices whose positions are permuted, 20 a run."""
    real = [motif for motif in targets if 7 <= motif.width <= 16]
    counts = []
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        drawn = [shuffle_columns(real[i], rng) for i in rng.choice(len(real), 20, replace=False)]
        counts.append(
            int((name_motifs(drawn, targets, shuffles=20, seed=repeat + 10_000).best["q"] < ALPHA).sum())
        )
    return counts


def random_denovo(repeats: int) -> list[int]:
    """First motif of random sequences at p < 0.05 by the held-out test."""
    counts = []
    for repeat in range(repeats):
        codes = np.random.default_rng(repeat).integers(0, 4, (300, 40)).astype(np.uint8)
        counts.append(int(denovo(codes, None, DenovoOptions(maximum=1), seed=repeat)[0].p < ALPHA))
    return counts


def random_attention(repeats: int, targets: list[Motif]) -> list[int]:
    """Known motifs 'enriched' at q < 0.05 in attended windows that were drawn at random."""
    import pandas as pd

    counts = []
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        part = [rng.choice(4, (600, 20), p=[0.3, 0.2, 0.2, 0.3]).astype(np.uint8) for _ in range(3)]
        nothing = np.zeros((0, 0), dtype=np.float32)
        sites = Subsequences(*part, pd.DataFrame(), nothing, np.zeros(0), None, np.zeros(0, dtype=np.int64), {})
        found = attended(sites, [str(i) for i in range(600)], targets)
        counts.append(int((found.known["enrichment_q"] < ALPHA).sum()))
    return counts


def line(name: str, counts: list[int], seconds: float) -> str:
    """One row: how many runs report anything, with its 95 % interval, and how many in total."""
    some = sum(count > 0 for count in counts)
    interval = binomtest(some, len(counts)).proportion_ci(method="wilson")
    return (
        f"| {name} | {len(counts)} | {some / len(counts):.3f} ({interval.low:.3f} to {interval.high:.3f}) "
        f"| {np.mean(counts):.2f} | {seconds:.0f} |"
    )


def main() -> None:
    """Run all four and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    targets = jaspar()
    rows = []

    def add(name: str, counts: list[int], started: float) -> None:
        rows.append(line(name, counts, perf_counter() - started))
        print(rows[-1], flush=True)

    started = perf_counter()
    ours, raw = untrained_kernels(max(5, repeats // 5), targets, gate=True)
    add("kernels of untrained models, shuffled sequences", ours, started)
    add("the same, untrimmed, E < 0.05, no gate, no correction (as papers count)", raw, started)
    started = perf_counter()
    ours, _ = untrained_kernels(max(3, repeats // 10), targets, gate=False)
    add("the same, trimmed, no gate, q with decoys", ours, started)
    started = perf_counter()
    add("known matrices, positions permuted", permuted_matrices(max(5, repeats // 2), targets), started)
    started = perf_counter()
    add("de novo on random sequences (p of the first)", random_denovo(repeats), started)
    started = perf_counter()
    add(
        "hits of 1,019 matrices in random 'attended' windows",
        random_attention(max(5, repeats // 2), targets),
        started,
    )
    head = [
        "# Calibration: nothing to find",
        "",
        "Runs that report anything at q (p) < 0.05; nominal: at most 0.05. 32 kernels, 20 matrices a run.",
        "",
        "| simulation | runs | runs with a discovery (95 % interval) | discoveries a run | seconds |",
        "|---|---|---|---|---|",
    ]
    write_text(RESULTS, "\n".join([*head, *rows, ""]))


if __name__ == "__main__":
    main()
