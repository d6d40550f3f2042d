"""Matching motifs with all of JASPAR: ours against memelite's bare arrays, on one core, in turns.

Run: python benchmarks/match_engines.py [--queries 160]

Queries are 26 columns wide, as first-layer kernels: a known motif in noise. Ours makes TOMTOM's whole table (p, E,
q of every pair), exact (see `motif_engines.py`); memelite arrays of p-values within 5 % for 92 % of pairs.
"""

from __future__ import annotations

import os

os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import importlib.metadata
import time
from pathlib import Path

import memelite
import numpy as np
from side_by_side import in_turns, one_core, peaks, processor

from motiflens.analyses.motifs.engines.match import match
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.files import write_text


def kernels(number: int, targets: list[Motif]) -> list[Motif]:
    """Return matrices like those of first-layer kernels."""
    rng = np.random.default_rng(0)
    queries = []
    for i in range(number):
        ppm = rng.dirichlet(np.full(4, 20.0), 26)
        core = targets[int(rng.integers(len(targets)))].ppm[:20]
        start = int(rng.integers(0, 27 - len(core)))
        ppm[start : start + len(core)] = 0.8 * core + 0.2 * ppm[start : start + len(core)]
        queries.append(Motif(f"q{i}", ppm, nsites=500.0))
    return queries


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=160)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/match_engines.md"))
    given = parser.parse_args()
    machine = processor()
    one_core()
    targets = list(jaspar())
    queries = kernels(given.queries, targets)
    qs, ts = [query.ppm.T for query in queries], [target.ppm.T for target in targets]
    contenders = {
        "memelite, ed": lambda: memelite.tomtom(qs, ts, n_jobs=1),
        "ours, ed": lambda: match(queries, targets, threshold=1, threads=1),
        "ours, pearson": lambda: match(queries, targets, distance="pearson", threshold=1, threads=1),
    }
    taken = peaks(contenders)
    best = in_turns(contenders, fewest=4, most=6)
    lines = [
        "# Matching engines on one core", "",
        f"`python benchmarks/match_engines.py --queries {given.queries}`: {given.queries} queries of width 26, "
        f"{len(targets):,} targets, every pair. {machine}; {time.strftime('%Y-%m-%d')}; "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("memelite", "numba", "numpy"))
        + ".", "",
        "| engine | CPU s | s | ratio to memelite, CPU | clock | MiB |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    first = best["memelite, ed"]
    for name, (cpu, wall) in best.items():
        lines.append(
            f"| {name} | {cpu:.3f} | {wall:.3f} | {cpu / first.cpu:.2f} | {wall / first.wall:.2f} | "
            f"{taken[name]:.0f} |"
        )
        print(lines[-1], flush=True)
    write_text(given.out, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
