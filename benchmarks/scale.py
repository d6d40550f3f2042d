"""How much faster are more processes, what does each hold in memory, and what would a large genome need?

Run from the repository's root: ``python benchmarks/scale.py``. It predicts the yeast genome (TBiNet's short
recipe, untrained, bins of 100 bp) and scans it with JASPAR's matrices through the command line, once with one
process and once with two of one thread each, and attributes windows in both ways; it checks that the files are
equal to the byte (of the stores of attributions, which tell the command line, each array), and samples the memory
of each process (RssAnon, every 50 ms). It writes ``benchmarks/results/scale.md``, with a table on paper: the rates
of one core, times what hg38 has. Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from motiflens.models import build, save_run
from motiflens.models.files import write_text
from motiflens.models.provenance import versions
from motiflens.models.recipes import recipe

RESULTS = Path(__file__).resolve().parent / "results"
LENGTH, BIN = 101, 100
HG38_BASES, HG38_STEP = 3_088_269_832, 200  # chromosomes 1 to 22, X and Y
WINDOWS, SAMPLE = 100_000, 400
CORES = (1, 16, 128)


class Taken(NamedTuple):
    """What a command took."""

    seconds: float  # on the clock
    processor: float  # seconds of all cores together
    memory: float  # MB, of the process that held most
    result: bytes
    record: dict[str, float]


def take(arguments: list[str], out: Path) -> Taken:
    """Run a command and watch its processes."""
    begun = time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        [sys.executable, "-m", "motiflens.analyses.cli.main", *arguments, "--out", str(out), "--quiet"],
        env=environment,
    )
    most = 0.0
    while not (ended := os.wait4(running.pid, os.WNOHANG))[0]:
        for process in (running.pid, *children(running.pid)):
            most = max(most, own(process))
        time.sleep(0.05)
    if ended[1]:
        raise SystemExit(f"{arguments} failed with {ended[1]}")
    processor = ended[2].ru_utime + ended[2].ru_stime  # of its processes too
    seconds = time.perf_counter() - begun
    if out.is_dir():
        return Taken(seconds, processor, most, arrays(out / "attributions.h5"), {})
    record = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    return Taken(seconds, processor, most, out.read_bytes(), record)


def arrays(store: Path) -> bytes:
    """Return the hash of every array of a store."""
    digest = hashlib.sha256()

    def add(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(repr((name, item.shape, item.dtype)).encode() + np.asarray(item[()]).tobytes())

    with h5py.File(store) as file:
        file.visititems(add)
    return digest.digest()


def children(parent: int) -> list[int]:
    """Return the processes that one has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(words[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def own(process: int) -> float:
    """Return a process's own memory in MB."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line for line in lines if line.startswith("RssAnon")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genome", type=Path, default=Path("../shared/data/yeast_fkh1/sacCer3.fa.gz"))
    parser.add_argument("--model", default="tbinet")
    options = parser.parse_args()
    genome = str(options.genome)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hyperparameters = recipe(options.model, preset="short").hyperparameters
        model = build(options.model, length=LENGTH, outputs=1, **hyperparameters)
        run = str(save_run(folder / "run", model, {"tasks": ["x"], "channels": list("ACGT")}))
        given = ["predict", run, "--genome", genome, "--bin", str(BIN), "--step", str(BIN), "--device", "cpu"]
        ways = {
            "predict": given,
            "scan": ["scan", "--motifs", "jaspar", "--sequences", genome, "--threads"],
        }
        taken: dict[tuple[str, int], Taken] = {}
        for what, arguments in ways.items():
            for processes in (1, 2):
                # --threads of scan are those of all processes together
                more = [str(processes)] if what == "scan" else []
                out = folder / f"{what}{processes}.tsv"
                taken[what, processes] = take([*arguments, *more, "--processes", str(processes)], out)
                print(what, processes, f"{taken[what, processes].processor:.1f} s", flush=True)
        attributed = ["attribute", run, "--genome", genome, "--device", "cpu", "--only", "all"]
        for method, processes in (("input_x_gradient", 1), ("deep_lift_shap", 1), ("deep_lift_shap", 2)):
            place = ["--locus", f"chrI:0-{LENGTH * SAMPLE}", "--method", method]
            more = [*place, "--processes", str(processes)]
            taken[method, processes] = take([*attributed, *more], folder / f"{method}{processes}")
            print(method, processes, f"{taken[method, processes].processor:.1f} s", flush=True)
        start = take([*attributed, "--locus", f"chrI:0-{LENGTH}"], folder / "one").processor
    methods = {method: taken[method, 1] for method in ("input_x_gradient", "deep_lift_shap")}
    write_text(RESULTS / "scale.md", report(taken, methods, start, options.model))


def report(taken: dict[tuple[str, int], Taken], methods: dict[str, Taken], start: float, model: str) -> str:
    """Return the tables."""
    lines = [
        "# One process and two, and what a large genome needs",
        "",
        "Made by `python benchmarks/scale.py` on the yeast genome (12.2 Mb): whole commands, start included;",
        f"`predict` with {model} ({LENGTH} bp, bins of {BIN} bp), `scan` with 1,019 matrices on both strands,",
        f"`attribute` with deep_lift_shap on {SAMPLE} windows.",
        "Memory is what the process that holds most has of its own. The machine has two cores, which other work",
        f"used at the same time (load {os.getloadavg()[2]:.0f}), so seconds on the clock say little; those of",
        "the processor count what starting and feeding a second process costs, and twice their ratio is the",
        "speed-up that two free cores could give.",
        "",
        "| | processes | s on the clock | s of processor | speed-up, at most | MB a process | equal bytes |",
        "|---|---|---|---|---|---|---|",
    ]
    for what in ("predict", "scan", "deep_lift_shap"):
        one = taken[what, 1]
        for processes in (1, 2):
            done = taken[what, processes]
            equal = "" if processes == 1 else ("yes" if done.result == one.result else "NO")
            name = "attribute" if what == "deep_lift_shap" else what
            lines.append(
                f"| {name} | {processes} | {done.seconds:.1f} | {done.processor:.1f} | "
                f"{processes * one.processor / done.processor:.2f} | {done.memory:.0f} | {equal} |"
            )
    scan, predict = taken["scan", 1], taken["predict", 1]
    ratio = HG38_BASES / scan.record["bases"]
    bins = HG38_BASES / HG38_STEP
    hits = scan.record["hits"] * ratio
    work = {
        "scan hg38 x 1,019 matrices": scan.processor * ratio,
        f"predict hg38, {bins / 1e6:.1f} M bins": predict.processor * bins / predict.record["predictions"],
    }
    memory = {name: taken[key, 1].memory for name, key in zip(work, ("scan", "predict"), strict=True)}
    for method, done in methods.items():
        name = f"attribute {WINDOWS:,} windows, {method}"
        work[name] = max(done.processor - start, 0.0) * WINDOWS / SAMPLE
        memory[name] = done.memory
    lines += [
        "",
        "## On paper",
        "",
        "Seconds of processor above, times the amount of work; parts are taken as divided evenly, though putting",
        "them together is one process's work.",
        f"A scan of hg38 at p < 1e-4 finds about {hits / 1e6:,.0f} million hits, which wait in",
        f"{32 * hits / 1e9:,.0f} GB of `OUT.parts` and become {len(scan.result) * ratio / 1e9:,.0f} GB of table;",
        "by chance alone `--thresh 1e-6` would leave a hundredth of them (not measured).",
        "",
        "| | " + " | ".join(f"{cores} core{'s' * (cores > 1)}" for cores in CORES) + " | MB a process |",
        "|---|" + "---|" * (len(CORES) + 1),
    ]
    for name, seconds in work.items():
        cells = [_time(seconds / cores) for cores in CORES]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {memory[name]:.0f} |")
    lines += ["", f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}."]
    return "\n".join(lines) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 5400 else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    main()
