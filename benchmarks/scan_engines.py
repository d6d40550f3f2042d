"""Scanning with 1,019 matrices: ours, memelite and lightmotif on one core, in turns.

Run: python benchmarks/scan_engines.py (needs `pip install lightmotif`, which nothing else here does)

10,000 random sequences of 101 bp, both strands, p < 1e-4. Ours and memelite read a FASTA file and return tables
(ours with q-values); lightmotif gets one striped sequence of all letters in memory and its hits are only counted.
A cell is one matrix column at one place of one strand: programs that need not look at every cell pass over the
others. The machine's limit is taken as 64 bytes of table look-ups (one AVX-512 shuffle) a cycle.
"""

from __future__ import annotations

import os

os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import importlib.metadata
import tempfile
import time
from pathlib import Path
from typing import Any

import lightmotif
import memelite
import numpy as np
from side_by_side import in_turns, one_core, peaks, processor

from motiflens.analyses.motifs.engines.scan import scan
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.models.files import write_text

SEQUENCES, LENGTH, P = 10_000, 101, 1e-4


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/scan_engines.md"))
    given = parser.parse_args()
    machine = processor()
    one_core()
    motifs = jaspar()
    letters = np.random.default_rng(0).choice(list("ACGT"), (SEQUENCES, LENGTH))
    cells = 2 * SEQUENCES * sum(max(LENGTH - motif.width + 1, 0) * motif.width for motif in motifs)
    striped = lightmotif.stripe("".join("".join(row) for row in letters))
    scorings = []
    for motif in motifs:
        counts = np.rint(motif.ppm * (motif.nsites or 20)).astype(int)
        weights = lightmotif.CountMatrix({base: counts[:, i].tolist() for i, base in enumerate("ACGT")})
        forward = weights.normalize(0.1).log_odds()
        scorings += [(each, each.score(P)) for each in (forward, forward.reverse_complement())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.fa")
        path.write_text("".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate(letters)), encoding="utf-8")
        ppms = {motif.name: motif.ppm.T for motif in motifs}

        def light() -> int:
            return sum(sum(1 for _ in lightmotif.scan(each, striped, threshold=score)) for each, score in scorings)

        contenders: dict[str, Any] = {
            "ours": lambda: scan(motifs, path, threads=1),
            "memelite": lambda: memelite.fimo(ppms, str(path), threshold=P),
            "lightmotif": light,
        }
        taken = peaks(contenders)
        best = in_turns(contenders, fewest=3, most=3)
    hertz = 2.6e9
    lines = [
        "# Scanning engines on one core", "",
        f"`python benchmarks/scan_engines.py`: {SEQUENCES:,} random sequences of {LENGTH} bp, {len(motifs):,} "
        f"matrices, both strands, p < {P:g}: {cells:.3g} cells. {machine}; {time.strftime('%Y-%m-%d')}; "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("memelite", "lightmotif", "numba"))
        + ".", "",
        "| engine | CPU s | s | its time / ours, CPU | clock | million cells/s | share of the limit | MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, (cpu, wall) in best.items():
        lines.append(
            f"| {name} | {cpu:.2f} | {wall:.2f} | {cpu / best['ours'].cpu:.2f} | {wall / best['ours'].wall:.2f} | "
            f"{cells / cpu / 1e6:,.0f} | {cells / cpu / (64 * hertz):.2f} | {taken[name]:.0f} |"
        )
        print(lines[-1], flush=True)
    write_text(given.out, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
