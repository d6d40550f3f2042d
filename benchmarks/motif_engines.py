"""Speed and agreement of the motif engines, side by side in one run: ours, pymemesuite and memelite.

    python benchmarks/motif_engines.py [--quick] [--yeast GENOME.fa.gz] [--out results/motif_engines.md]

Every engine runs in one process with one thread unless the row says otherwise, after a first call that compiles.
Read the ratios: machines and neighbours differ.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
GOLD = HERE.parent.parent / "shared" / "gold"


def timed(work: Callable[[], Any], repeats: int = 2) -> tuple[float, Any]:
    """Least of some wall times, and the result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def hits_of(table: Any) -> set[tuple[str, str, int, str]]:
    return set(zip(table["motif_id"], table["sequence_name"], table["start"], table["strand"], strict=True))


def fimo(quick: bool) -> list[str]:
    from motiflens.analyses.motifs.engines.external import _import, scan_with
    from motiflens.analyses.motifs.engines.scan import scan
    from motiflens.analyses.motifs.jaspar import jaspar

    rng = np.random.default_rng(0)
    motifs = jaspar()
    number = 2_000 if quick else 10_000
    letters = rng.choice(list("ACGT"), (number, 101))
    lines = [
        f"## Scanning {number:,} random sequences of 101 bp, both strands, p < 1e-4, JASPAR vertebrates\n",
        "| motifs | ours, 1 thread | ours, all threads | pymemesuite | memelite, all threads | "
        "pymemesuite / ours (1 thread, all) | memelite / ours (both all threads) |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.fa")
        path.write_text("".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate(letters)))
        memelite = _import("memelite")
        pwms = {motif.name: motif.ppm.T for motif in motifs}

        def theirs(n: int) -> Any:
            return memelite.fimo(dict(list(pwms.items())[:n]), str(path), threshold=1e-4)

        scan(motifs[:1], path)
        theirs(1)
        agreement = ""
        for n in (1, 50, 200, len(motifs)):
            one, table = timed(lambda n=n: scan(motifs[:n], path, threads=1))
            every, _ = timed(lambda n=n: scan(motifs[:n], path))
            lite, _ = timed(lambda n=n: theirs(n))
            meme: float | None = None
            if n <= 50 or not quick:
                meme, (known, _) = timed(lambda n=n: scan_with("meme", motifs[:n], path), 1)
                ours, wanted = hits_of(table), hits_of(known)
                agreement = (
                    f"{n} motifs: {len(wanted - ours)} of {len(wanted):,} missing, {len(ours - wanted)} extra"
                )
            slow = "–" if meme is None else f"{meme:.2f} s"
            ratio = "–" if meme is None else f"{meme / one:.0f}, {meme / every:.0f}"
            lines.append(
                f"| {n} | {one:.3f} s | {every:.3f} s | {slow} | {lite:.3f} s | {ratio} | {lite / every:.1f} |"
            )
        count = 50 if quick else len(motifs)
        approximate, _ = scan_with("memelite", motifs[:count], path)
        ours, wanted = hits_of(approximate), hits_of(known)
        lines.append(f"\nOurs against pymemesuite (padded, see `engines.py`), {agreement}.")
        lines.append(
            f"memelite against pymemesuite, {count} motifs: {len(wanted - ours):,} of {len(wanted):,} missing, "
            f"{len(ours - wanted):,} extra. It gives no q-values; ours do, in the times above.\n"
        )
    return lines


def tomtom(quick: bool) -> list[str]:
    import pandas as pd

    from motiflens.analyses.motifs.engines.external import _import, match_with
    from motiflens.analyses.motifs.engines.match import match
    from motiflens.analyses.motifs.jaspar import jaspar
    from motiflens.analyses.motifs.motif import Motif
    from motiflens.analyses.motifs.motif_files import read_motifs

    rng = np.random.default_rng(0)
    targets = jaspar()
    number = 64 if quick else 320
    queries = []
    for i in range(number):  # kernel-like: a motif with noise in flanks, 26 columns
        ppm = rng.dirichlet(np.full(4, 20.0), 26)
        core = targets[int(rng.integers(len(targets)))].ppm[:20]
        start = int(rng.integers(0, 27 - len(core)))
        ppm[start : start + len(core)] = 0.8 * core + 0.2 * ppm[start : start + len(core)]
        queries.append(Motif(f"q{i}", ppm, nsites=500.0))
    memelite = _import("memelite")
    qs, ts = [q.ppm.T for q in queries], [t.ppm.T for t in targets]
    match(queries[:1], targets)
    memelite.tomtom(qs[:2], ts)
    one, _ = timed(lambda: match(queries, targets, threshold=1, threads=1))
    every, _ = timed(lambda: match(queries, targets, threshold=1))
    pearson, _ = timed(lambda: match(queries, targets, distance="pearson", threshold=1))
    lite_one, _ = timed(lambda: memelite.tomtom(qs, ts, n_jobs=1))
    lite, _ = timed(lambda: memelite.tomtom(qs, ts))
    lines = [
        f"## Matching {number} queries of width 26 with JASPAR 2026 vertebrates, every pair\n",
        "| engine | 1 thread | all threads |",
        "|---|---|---|",
        f"| ours, ed (table with p, E, q) | {one:.2f} s | {every:.2f} s |",
        f"| ours, pearson | | {pearson:.2f} s |",
        f"| memelite, ed (arrays of p) | {lite_one:.2f} s | {lite:.2f} s |",
        f"| ours / memelite, ed | {one / lite_one:.1f} | {every / lite:.1f} |\n",
    ]
    if GOLD.is_dir():
        queries = read_motifs(GOLD / "tomtom_queries.meme")
        targets = read_motifs(GOLD / "jaspar2026_vertebrates.meme.gz")
        wanted = pd.read_csv(GOLD / "tomtom_ed.tsv.gz", sep="\t", comment="#")
        lines += ["Against the MEME Suite's own output (40 queries x 1,019 targets, ed):\n"]
        lines += [
            "| engine | p within 5 % | max \\|d log10 p\\| | offset equal | strand equal |",
            "|---|---|---|---|---|",
        ]
        for name, table in (
            ("ours", match(queries, targets, threshold=1)),
            ("memelite", match_with("memelite", queries, targets, threshold=1)),
        ):
            both = wanted.merge(table, on=["Query_ID", "Target_ID"], suffixes=("", "_x"))
            ratio = np.abs(np.log10(both["p-value_x"].clip(1e-300) / both["p-value"]))
            lines.append(
                f"| {name} | {(ratio <= np.log10(1.05)).mean():.2%} | {ratio.max():.2g} | "
                f"{(both['Optimal_offset'] == both['Optimal_offset_x']).mean():.2%} | "
                f"{(both['Orientation'] == both['Orientation_x']).mean():.2%} |"
            )
        lines.append("")
    return lines


def yeast(genome: Path) -> list[str]:
    """In a process of its own, so that the peak of memory is its own."""
    code = (
        "import sys, time\n"
        "from motiflens.analyses.motifs.engines.scan import scan_to_file\n"
        "from motiflens.analyses.motifs.jaspar import jaspar\n"
        "def peak():  # of this program alone: getrusage counts what started it\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return int(next(line for line in lines if line.startswith('VmHWM')).split()[1]) / 1024\n"
        "base = peak()\n"
        "start = time.perf_counter()\n"
        "done = scan_to_file(jaspar(), sys.argv[1], sys.argv[2])\n"
        "print(f'{time.perf_counter() - start:.1f} {done.bases} {done.hits} {base:.0f} {peak():.0f}')\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "hits.tsv")
        found = subprocess.run(
            [sys.executable, "-c", code, str(genome), str(out)], check=True, capture_output=True, text=True
        )
        size = out.stat().st_size / 1e6
    seconds, bases, hits, base, peak = found.stdout.split()
    return [
        "## A whole genome\n",
        f"Yeast, {int(bases):,} bp x 1,019 matrices, both strands, p < 1e-4, with q-values: **{seconds} s**, "
        f"{int(hits):,} hits ({size:.0f} MB of table), peak memory {peak} MB ({base} MB of it before the scan).\n",
    ]


def cold() -> list[str]:
    """First import with an empty cache of compiled code, and with a filled one."""
    lines = ["## First use\n"]
    code = (
        "import time; import numba, numpy, pandas; start = time.perf_counter(); "
        "import motiflens.analyses.motifs.engines.scan, motiflens.analyses.motifs.engines.match; "
        "print(f'{time.perf_counter() - start:.1f}')"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        first, second = (
            subprocess.run(
                [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
            ).stdout.strip()
            for _ in range(2)
        )
    lines.append(
        f"Importing both engines: {first} s with compilation (once per machine), {second} s after that.\n"
    )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--yeast", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "motif_engines.md")
    given = parser.parse_args()
    from motiflens.models.provenance import versions

    lines = ["# Motif engines\n"]
    lines.append(f"{len(os.sched_getaffinity(0))} cores ({platform.machine()}), {time.strftime('%Y-%m-%d')}; ")
    found = versions(("numba", "numpy", "memelite", "pymemesuite", "pyjaspar"))
    lines.append(", ".join(f"{name} {version}" for name, version in found.items()) + ".\n")
    sections: list[Callable[[], list[str]]] = [lambda: fimo(given.quick), lambda: tomtom(given.quick), cold]
    if given.yeast:
        sections.append(lambda: yeast(given.yeast))
    for section in sections:
        lines += section()
        print("\n".join(lines), flush=True)
        lines_so_far = "\n".join(lines)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(lines_so_far + "\n", encoding="utf-8")
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
