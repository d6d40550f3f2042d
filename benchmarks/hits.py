"""Motif instances: `interpret hits` against Fi-NeMo on planted sites whose place is known.

Contributions are each site's information content, noise, and in every window one decoy stretch of contributions
without a motif. Both get the same arrays and the same matrices; Fi-NeMo takes its contribution-weighted matrices
(CWM) of unit length, as its own reader makes them: with others its penalty means something else, and hardly a call
is right. ``--finemo PYTHON`` names an interpreter that has the package `finemo` (0.41). Writes
``results/hits.md``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.hits import motif_hits
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.models.data.one_hot import one_hot, reverse_complement
from motiflens.models.provenance import versions
from motiflens.models.types import Codes, Floats

MOTIFS = jaspar(ids=["MA0139.2", "MA0148.5", "MA0058.4", "MA0080.7"])
NOISE = (0.15, 0.4, 0.8)  # bits
PEER = """
import sys, time
import numpy as np
from finemo.hitcaller import fit_contribs
z = np.load(sys.argv[1])
start = time.process_time()
hits, _ = fit_contribs(z["cwms"], z["contribs"], z["sequences"], z["mask"], False, z["lambdas"], batch_size=128)
seconds = time.process_time() - start
hits.write_csv(sys.argv[2], separator="\\t")
print(seconds)
"""


def planted(count: int, length: int, noise: float, rng: np.random.Generator) -> tuple[Codes, Floats, pd.DataFrame]:
    """Windows with two sites each, at random, and their contributions."""
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    scores = rng.normal(scale=noise, size=codes.shape).astype(np.float32)
    truth = []
    for row in range(count):
        decoy = int(rng.integers(length // 2 - 12, length // 2))
        scores[row, decoy : decoy + 8] += 1.2
        for half in range(2):
            number = int(rng.integers(len(MOTIFS)))
            motif = MOTIFS[number]
            bases = np.array([rng.choice(4, p=column) for column in motif.ppm], dtype=np.uint8)
            height = motif.information * (motif.ppm[np.arange(motif.width), bases] > 0.2)
            strand = int(rng.integers(2))
            if strand:
                bases, height = reverse_complement(bases), height[::-1]
            at = int(rng.integers(0, length // 2 - 40)) + half * (length // 2 + 10)
            codes[row, at : at + motif.width] = bases
            scores[row, at : at + motif.width] += height
            truth.append((row, number, at))
    return codes, scores, pd.DataFrame(truth, columns=["window", "motif", "start"])


def judged(found: pd.DataFrame, truth: pd.DataFrame) -> tuple[float, float]:
    """Precision and recall: same window and motif, starts within 2 bp."""
    pairs = truth.merge(found, on=["window", "motif"], suffixes=("", "_found"))
    close = pairs[(pairs["start"] - pairs["start_found"]).abs() <= 2]
    recall = len(close.drop_duplicates(["window", "motif", "start"])) / len(truth)
    called = len(found.drop_duplicates(["window", "motif", "start"]))  # a palindrome on both strands is one
    precision = len(close.drop_duplicates(["window", "motif", "start_found"])) / max(called, 1)
    return precision, recall


def peer(python: str, codes: Codes, scores: Floats) -> tuple[pd.DataFrame, float]:
    """What Fi-NeMo finds, with its defaults (lambda 0.7), and its seconds."""
    width = max(motif.width for motif in MOTIFS)
    cwms = np.zeros((2 * len(MOTIFS), 4, width), dtype=np.float32)
    mask = np.zeros((2 * len(MOTIFS), width), dtype=np.float32)
    for number, motif in enumerate(MOTIFS):
        matrix = (motif.ppm * motif.information[:, None]).T
        matrix = matrix / np.linalg.norm(matrix)  # the penalty is meant for coefficients of such
        for strand in range(2):
            cwms[2 * number + strand, :, : motif.width] = matrix[::-1, ::-1] if strand else matrix
            mask[2 * number + strand, : motif.width] = 1
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in.npz", Path(folder) / "out.tsv"
        arrays = {"cwms": cwms, "mask": mask, "contribs": scores.astype(np.float16)}
        lambdas = np.full(len(cwms), 0.7, np.float32)
        np.savez(given, **arrays, sequences=one_hot(codes).astype(np.int8), lambdas=lambdas)
        shown = subprocess.run(
            [python, "-c", PEER, str(given), str(out)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        )
        table = pd.read_csv(out, sep="\t")
    table = table.rename(columns={"peak_id": "window", "hit_start": "start", "motif_id": "motif"})
    table["motif"] //= 2
    return table[["window", "motif", "start"]], float(shown.stdout.split()[-1])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=300)
    parser.add_argument("--length", type=int, default=400)
    parser.add_argument("--finemo", help="a Python that has finemo")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "hits.md")
    own = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for noise in NOISE:
        codes, scores, truth = planted(own.windows, own.length, noise, np.random.default_rng(0))
        started = time.process_time()
        found = motif_hits(codes, scores, MOTIFS)
        rows.append(("motiflens", noise, time.process_time() - started, *judged(_numbered(found), truth)))
        if own.finemo:
            table, seconds = peer(own.finemo, codes, scores)
            rows.append(("Fi-NeMo", noise, seconds, *judged(table, truth)))
    lines = [f"| {name} | {noise} | {p:.3f} | {r:.3f} | {seconds:.1f} |" for name, noise, seconds, p, r in rows]
    print("\n".join(lines))
    made = ", ".join(f"{part} {version}" for part, version in versions().items())
    own.out.write_text(
        f"# Motif instances on planted sites\n\n{own.windows} windows of {own.length} bp with two sites of four "
        "motifs each and a decoy; contributions are information in bits with noise of this standard deviation. "
        "Defaults of both: q ≤ 0.05; lambda 0.7. Seconds of one thread's time on a CPU, reading and writing left "
        "out. A call is right within 2 bp of a planted site of its motif.\n\n"
        "| program | noise | precision | recall | seconds |\n|---|---|---|---|---|\n"
        + "\n".join(lines)
        + f"\n\n{made}\n",
        encoding="utf-8",
    )


def _numbered(found: pd.DataFrame) -> pd.DataFrame:
    numbers = {motif.name: number for number, motif in enumerate(MOTIFS)}
    return found.assign(motif=found["motif"].map(numbers))[["window", "motif", "start"]]


if __name__ == "__main__":
    main()
