"""Does memory stay the same however much is scanned, predicted or attributed?

Run from the repository's root: ``python benchmarks/memory.py``. Each case runs in a process of its own, which
reports the most memory of its own that it held (RssAnon, looked at every 5 ms; pages of mapped files are the
operating system's to take back); it writes ``benchmarks/results/memory.tsv|md``. Linux only.

``scan reads``: sequences of 100 bp; ``scan one sequence``: one of 100 bp times as many; both with twenty JASPAR
matrices. ``predict``: a genome of as many bins, with a small network, in one process. ``attribute``: as many
windows of 60 bp about the intervals of a BED file, input times gradient, in a store.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.models.files import write_text
from motiflens.models.provenance import versions

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = (10_000, 100_000, 1_000_000)
BASES = np.frombuffer(b"ACGT", dtype=np.uint8)


def own() -> float:
    """Return this process's own memory in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


@contextmanager
def peak() -> Iterator[list[float]]:
    """Give a list that holds the most memory held in the block, in MB, at its end."""
    seen, over = [own()], threading.Event()

    def look() -> None:
        while not over.wait(0.005):
            seen[0] = max(seen[0], own())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def write_fasta(path: Path, count: int, length: int) -> None:
    """Write random sequences, a block at a time."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for number in range(count):
            file.write(b">s%d\n" % number)
            for first in range(0, length, 1 << 20):
                file.write(rng.choice(BASES, min(1 << 20, length - first)).tobytes() + b"\n")


def scan(count: int, length: int) -> Callable[[Path], object]:
    """Scan sequences with twenty matrices."""

    def case(folder: Path) -> object:
        from motiflens.analyses.motifs.jaspar import jaspar
        from motiflens.analyses.motifs.motif_files import write_meme
        from motiflens.analyses.motifs.scan_command import ScanCommand, scan_command

        write_fasta(folder / "s.fa", count, length)
        write_meme(folder / "m.meme", jaspar()[:20])
        how = ScanCommand(threads=1)
        return lambda: scan_command(str(folder / "m.meme"), folder / "s.fa", folder / "hits.tsv", how)

    return case


def _run(folder: Path) -> Path:
    import torch

    from motiflens.models import build, save_run

    torch.set_num_threads(1)
    model = build("cnn_zeng", length=60, outputs=1, kernels=4, kernel_size=6, dense=4)
    return save_run(folder / "run", model, {"tasks": ["x"], "channels": list("ACGT")})


def predict(bins: int) -> Callable[[Path], object]:
    """Predict a genome in one process."""

    def case(folder: Path) -> object:
        from motiflens.models.predict import write_predictions
        from motiflens.models.predict_genome import GenomeRequest, predict_genome

        write_fasta(folder / "g.fa", 1, 20 * bins)
        request = GenomeRequest(str(_run(folder)), genome=str(folder / "g.fa"), bin_size=20, step=20)

        def work() -> None:
            write_predictions(folder / "p.tsv", predict_genome(request, folder / "parts"), ("x",))

        return work

    return case


def attribute(count: int) -> Callable[[Path], object]:
    """Attribute windows of a BED file into a store."""

    def case(folder: Path) -> object:
        from motiflens.interpret import adapt
        from motiflens.interpret.write_store import write_store
        from motiflens.models import open_run
        from motiflens.models.regions import Regions, open_regions

        write_fasta(folder / "g.fa", 1, 1_000_000)
        starts = np.random.default_rng(1).integers(100, 999_000, count)
        with (folder / "x.bed").open("w") as file:
            file.writelines(f"s0\t{start}\t{start + 60}\n" for start in starts.tolist())
        run = open_run(_run(folder))

        def work() -> None:
            windows = open_regions(run, Regions(bed=folder / "x.bed", genome=folder / "g.fa")).windows
            write_store(adapt(run.model), windows, folder / "o.h5", method="input_x_gradient", batch_size=256)

        return work

    return case


CASES: dict[str, Callable[[int], Callable[[Path], object]]] = {
    "scan reads": lambda size: scan(size, 100),
    "scan one sequence": lambda size: scan(1, 100 * size),
    "predict": predict,
    "attribute": attribute,
}


def measure(name: str, size: int) -> None:
    """Run a case in this process and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        work = CASES[name](size)(Path(folder))
        assert callable(work)
        base, begun = own(), time.perf_counter()
        with peak() as most:
            work()
        print(json.dumps({"base": base, "peak": most[0], "seconds": time.perf_counter() - begun}))


def main() -> None:
    """Run each case in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", help="only measure one, in this process (used by itself)")
    parser.add_argument("--size", type=int)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options = parser.parse_args()
    if options.case:
        measure(options.case, options.size)
        return
    path = RESULTS / "memory.tsv"
    rows = pd.read_csv(path, sep="\t").to_dict("records") if path.is_file() else []
    for name in options.cases.split(","):
        for size in map(int, options.sizes.split(",")):
            command = [sys.executable, __file__, "--case", name, "--size", str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = {key: round(value, 1) for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
            rows = [row for row in rows if (row["case"], row["size"]) != (name, size)]
            rows.append({"case": name, "size": size, **found})
            print(rows[-1], flush=True)
            table = pd.DataFrame(rows).sort_values(["case", "size"])
            write_text(path, table.to_csv(sep="\t", index=False))
            write_text(RESULTS / "memory.md", report(table))


def report(table: pd.DataFrame) -> str:
    """Return the table for people."""
    wide = table.pivot_table(index="case", columns="size", values="peak")
    lines = [
        "# Memory against the amount of work",
        "",
        "Made by `python benchmarks/memory.py`: the most memory of its own (MB) that a process held, by the",
        "number of sequences, hundreds of bp, bins or windows; and how much the largest takes more than the",
        "smallest.",
        "",
        "| case | " + " | ".join(f"{size:,}" for size in wide.columns) + " | grows by |",
        "|---|" + "---|" * (len(wide.columns) + 1),
    ]
    for name, row in wide.iterrows():
        known = row.dropna()
        cells = ["–" if value != value else f"{value:.0f}" for value in row]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {known.iloc[-1] / known.iloc[0] - 1:+.1%} |")
    ends = {str(name): row.dropna().iloc[[0, -1]].tolist() for name, row in wide.iterrows()}
    beyond = [name for name, (first, last) in ends.items() if last > 1.1 * first]
    lines += ["", f"Not flat to within 10 %: {', '.join(beyond) or 'none'}.", f"Not measured: {_missing(wide)}."]
    lines += ["", f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}."]
    return "\n".join(lines) + "\n"


def _missing(wide: pd.DataFrame) -> str:
    """Name the cases and sizes without a number."""
    gaps = [
        f"{name} of {size:,}" for name, row in wide.iterrows() for size in wide.columns if row[size] != row[size]
    ]
    return ", ".join(gaps) or "none"


if __name__ == "__main__":
    main()
