"""De novo discovery beside STREME's: measured sets, and planted motifs where discovery is hard.

    python benchmarks/denovo_against_streme.py --streme PATH [--data ../shared/data] [--seeds 3]

STREME is the MEME Suite's program (5.4.1), given the same sequences, shuffled ones as its control and widths 6
to 25. Both programs' significant motifs (ours: corrected p < .05; STREME's: E < .05 where it holds out
sequences, else none is significant) are matched with the factors that are there, TOMTOM's p < .001. CPU time is
user and system time of the process. Writes benchmarks/results/denovo_against_streme.md.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import tempfile
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.engines.denovo import denovo
from motiflens.analyses.motifs.engines.match import match
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.files import write_text
from motiflens.models.types import Codes

RESULTS = Path(__file__).resolve().parent / "results" / "denovo_against_streme.md"
SETS = {
    "REST_GM12878": "MA0138.3",
    "GABPA_GM12878": "MA0062.4",
    "YY1_H1-hESC": "MA0095.4",
    "FOXA1_HepG2": "MA0148.5",
}
CTCF, ETS1, FOXA1, NRF1, SRF, MAX, NFI = (
    "MA0139.2", "MA0098.4", "MA0148.5", "MA0506.3", "MA0083.3", "MA0058.4", "MA0119.1",
)  # fmt: skip


class Case(NamedTuple):
    """Sequences with planted sites."""

    name: str
    plant: dict[str, float]  # matrix -> share of sequences
    count: int = 300
    length: int = 101
    gc: float = 0.5
    spoil: str = ""  # repeats or unknown


CASES = (
    Case("two factors", {NRF1: 0.4, SRF: 0.4}),
    Case("50 windows", {CTCF: 0.8}, count=50),
    Case("50 windows, a short motif", {FOXA1: 0.8}, count=50),
    Case("60 % G and C to 70 %", {CTCF: 0.5}, gc=0.7),
    Case("30 bp", {ETS1: 0.6}, length=30),
    Case("1,000 bp, 100 windows", {CTCF: 0.8}, count=100, length=1000),
    Case("palindrome", {MAX: 0.5}),
    Case("gapped", {NFI: 0.6}),
    Case("CA repeats in a third", {SRF: 0.5}, spoil="repeats"),
    Case("runs of N", {ETS1: 0.6}, spoil="unknown"),
    Case("nothing", {}),
)


def planted(case: Case, known: dict[str, Motif], seed: int) -> Codes:
    """Random sequences, sites of either strand planted in a share of them."""
    rng = np.random.default_rng([seed, len(case.name)])
    letters = [(1 - case.gc) / 2, case.gc / 2, case.gc / 2, (1 - case.gc) / 2]
    codes = rng.choice(4, (case.count, case.length), p=letters).astype(np.uint8)
    for row in range(case.count if case.spoil else 0):
        at, size = int(rng.integers(0, case.length - 40)), int(rng.integers(5, 40))
        if case.spoil == "unknown":
            codes[row, at : at + size] = 4
        elif row % 3 == 0:
            codes[row, at : at + 30] = np.tile([1, 0], 15)
    for matrix, share in case.plant.items():
        ppm = known[matrix].ppm
        for row in rng.choice(case.count, int(case.count * share), replace=False):
            site = np.array([rng.choice(4, p=column / column.sum()) for column in ppm], dtype=np.uint8)
            at = int(rng.integers(0, case.length - len(site) + 1))
            codes[row, at : at + len(site)] = site if rng.random() < 0.5 else reverse_complement(site)
    return codes


def ours(codes: Codes, seed: int) -> tuple[list[Motif], float]:
    """Significant motifs, and CPU seconds."""
    started = process_time()
    found = denovo(codes, seed=seed)
    return [one.motif for one in found if one.corrected_p < 0.05], process_time() - started


def theirs(program: str, codes: Codes, seed: int) -> tuple[list[Motif], float]:
    """STREME's significant motifs, and CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sequences.fa"
        rows = ("".join("ACGTN"[code] for code in row) for row in codes)
        file.write_text("".join(f">{number}\n{row}\n" for number, row in enumerate(rows)))
        command = [
            program,
            "--p",
            str(file),
            "--dna",
            "--text",
            "--minw",
            "6",
            "--maxw",
            "25",
            "--seed",
            str(seed),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = Path(folder) / "streme.meme"
        output.write_text(done.stdout)
        values = re.findall(r"letter-probability matrix:.* ([SE])= (\S+)", done.stdout)
        motifs = read_motifs(output) if values else []
    kept = [
        motif for motif, (kind, value) in zip(motifs, values, strict=True) if kind == "E" and float(value) < 0.05
    ]
    return kept, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told(motifs: list[Motif], wanted: list[Motif]) -> str:
    """Which of the wanted are there, what else is, and the widths."""
    right: dict[str, str] = {}
    other = []
    for motif in motifs:
        table = match([motif], wanted, threshold=1) if wanted else None
        best = None if table is None or not len(table) else table.sort_values("p-value").iloc[0]
        if best is None or best["p-value"] > 1e-3:
            other.append(consensus(motif, mask=0.4))
        elif str(best["Target_ID"]) not in right:
            right[str(best["Target_ID"])] = f"{motif.width} bp"
    found = ", ".join(right.values()) or "–"
    return f"{len(right)} of {len(wanted)} ({found})" + (f" + {len(other)} other" if other else "")


def main() -> None:
    """Run both on everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streme", required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    known = {motif.name: motif for motif in jaspar()}
    lines = [
        "# De novo discovery beside STREME",
        "",
        "Made by `python benchmarks/denovo_against_streme.py --streme PATH --data ../shared/data "
        f"--seeds {given.seeds}`.",
        "",
        "Significant motifs that match a factor that is there (TOMTOM's p < .001) of the factors, their width,",
        "and motifs that match none of these (in measured sets they may be other factors; CA repeats are one).",
        "STREME 5.4.1, widths 6 to 25 as ours; with 50 windows it holds none out, gives scores in place of E, and",
        "nothing is significant by it. A seed draws the planted sequences anew; on measured sets it draws what is",
        "held out and the shuffled control.",
        "",
        "| sequences | seed | ours | STREME | CPU s, ours | STREME |",
        "|---|---|---|---|---|---|",
    ]

    def add(name: str, codes: Codes, wanted: list[Motif], seed: int) -> None:
        (mine, own), (other, their) = ours(codes, seed), theirs(given.streme, codes, seed)
        lines.append(
            f"| {name} | {seed} | {told(mine, wanted)} | {told(other, wanted)} | {own:.1f} | {their:.1f} |"
        )
        print(lines[-1], flush=True)
        write_text(RESULTS, "\n".join([*lines, ""]))

    ours(planted(CASES[0], known, 99), 0)  # compiles
    for case in CASES:
        for seed in range(given.seeds):
            add(case.name, planted(case, known, seed), [known[matrix] for matrix in case.plant], seed)
    for name, matrix in SETS.items() if given.data else ():
        windows = open_dataset(str(given.data / "encode" / f"{name}.AC.seq.gz")).splits["train"]
        codes = windows.codes(np.flatnonzero(windows.labels[:, 0] == 1)[:1000])
        for seed in range(given.seeds):
            add(f"{name}, {len(codes):,} windows", codes, [known[matrix]], seed)


if __name__ == "__main__":
    main()
