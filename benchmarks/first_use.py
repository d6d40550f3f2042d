"""What the first use of the motif engines takes on a machine: their compilation, beside a second call.

Run: python benchmarks/first_use.py [--src OTHER_CHECKOUT/src]

`interpret scan` (JASPAR's CTCF on one sequence) and `interpret match` (CTCF against itself) with an empty numba
cache, and again with the cache filled: CPU time of the whole process and its children, and time by the clock. With
`--src` the same of another checkout, in turns, to see what a change did.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from side_by_side import Best, processor

from motiflens.models.files import write_text

HERE = Path(__file__).resolve().parents[1] / "src"
START = "from motiflens.analyses.cli.main import main; main()"


def timed(command: list[str], source: Path, cache: str) -> Best:
    """Run one command of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter()
    surroundings = os.environ | {"PYTHONPATH": str(source), "NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", START, *command], env=surroundings, check=True, capture_output=True)
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Best(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src", type=Path, help="another checkout's src")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/first_use.md"))
    given = parser.parse_args()
    sources = {"this": HERE} | ({"other": given.src.resolve()} if given.src else {})
    took: dict[tuple[str, str, str], Best] = {}
    with tempfile.TemporaryDirectory() as folder:
        fasta = Path(folder, "s.fa")
        fasta.write_text(">s\nTTTTTGGCCACCAGGGGGCGCTATTTT\n", encoding="utf-8")
        ctcf = "jaspar:2026:CTCF"
        commands = {
            "scan": [
                "scan",
                "--motifs",
                ctcf,
                "--sequences",
                str(fasta),
                "--out",
                f"{folder}/s.tsv",
                "--overwrite",
            ],
            "match": ["match", ctcf, ctcf, "--out", f"{folder}/m.tsv", "--overwrite"],
        }
        for turn in range(given.rounds):
            for command, words in commands.items():
                for source, path in sources.items():
                    cache = f"{folder}/{turn}{command}{source}"
                    for use in ("first", "second"):
                        new, old = timed(words, path, cache), took.get((command, source, use))
                        took[command, source, use] = (
                            Best(min(old.cpu, new.cpu), min(old.wall, new.wall)) if old else new
                        )
    lines = [
        "# First use of the motif engines", "",
        f"`python benchmarks/first_use.py{' --src OTHER/src' if given.src else ''} --rounds {given.rounds}`: "
        f"the best of each. {processor()}; {time.strftime('%Y-%m-%d')}; "
        f"numba {importlib.metadata.version('numba')}.", "",
        "| command | code | first: CPU s | s | second: CPU s | s | compiling: CPU s | s |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for command in commands:
        for source in sources:
            first, second = took[command, source, "first"], took[command, source, "second"]
            numbers = [*first, *second, first.cpu - second.cpu, first.wall - second.wall]
            lines.append(f"| {command} | {source} | " + " | ".join(f"{number:.1f}" for number in numbers) + " |")
            print(lines[-1], flush=True)
    write_text(given.out, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
