"""How fast are windows read as a model takes them, against a plain loop over pyfaidx and pyBigWig?

Run from the repository's root: ``python benchmarks/data.py``. It reads the same windows of the built-in
simulated data (A, C, G, T, uniqueness, DNase; random order, batches of 256) in both ways, side by side,
checks that the numbers are equal, and writes ``benchmarks/results/data.json``. Memory is that of each way in a
process of its own: what reading adds to the resident memory after the first batch, its own and that of pages
of mapped files, which the operating system takes back when it needs them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyBigWig
import pyfaidx

from motiflens.models.cache import cache_folder
from motiflens.models.data import open_dataset
from motiflens.models.data.genome_windows import GenomeWindows
from motiflens.models.data.simulate.builtin import builtin
from motiflens.models.files import write_text
from motiflens.models.provenance import versions

RESULT = Path(__file__).resolve().parent / "results" / "data.json"
BATCH = 256
_ONE_HOT = np.zeros((256, 4), dtype=np.float32)
for _i, _letter in enumerate("ACGT"):
    _ONE_HOT[ord(_letter), _i] = _ONE_HOT[ord(_letter.lower()), _i] = 1

Reader = Callable[[np.ndarray], np.ndarray]  # rows of the windows -> x


def ours(windows: GenomeWindows) -> Reader:
    """Read through the package."""
    return lambda index: windows.read(index).x


def plain(windows: GenomeWindows, folder: Path) -> Reader:
    """Read each window with pyfaidx and pyBigWig, as a training script would."""
    fasta = pyfaidx.Fasta(str(folder / "genome.fa"), as_raw=True, sequence_always_upper=True)
    uniqueness = pyBigWig.open(str(folder / "uniqueness.bw"))
    cells = {cell: pyBigWig.open(str(folder / "dnase" / f"{cell}.bw")) for cell in windows.features.cell_types}
    table = windows.table
    rows = list(zip(table["chrom"], table["start"], table["end"], table["cell_type"], strict=True))
    length = windows.length

    def values(file: pyBigWig.pyBigWig, chrom: str, start: int, end: int, size: int) -> np.ndarray:
        out = np.zeros(length, dtype=np.float32)
        first, last = max(start, 0), min(end, size)
        out[first - start : last - start] = np.nan_to_num(file.values(chrom, first, last, numpy=True))
        return out

    def read(index: np.ndarray) -> np.ndarray:
        x = []
        for row in index:
            chrom, start, end, cell = rows[row]
            size = len(fasta[chrom])
            letters = fasta[chrom][max(start, 0) : min(end, size)]
            letters = "N" * max(-start, 0) + letters + "N" * max(end - size, 0)
            bases = _ONE_HOT[np.frombuffer(letters.encode(), dtype=np.uint8)].T
            signals = [values(file, chrom, start, end, size) for file in (uniqueness, cells[cell])]
            x.append(np.concatenate([bases, np.stack(signals)]))
        return np.stack(x)

    return read


def opened(length: int) -> tuple[GenomeWindows, Path]:
    """Return the training windows of CTCF in the built-in data, and its folder."""
    folder = builtin()
    windows = open_dataset(folder, tf="CTCF", length=length)["train"]
    assert isinstance(windows, GenomeWindows)
    return windows, folder


def reader(name: str, length: int) -> tuple[Reader, GenomeWindows]:
    """Return one of the two ways."""
    windows, folder = opened(length)
    return (ours(windows) if name == "motiflens" else plain(windows, folder)), windows


def batches(windows: GenomeWindows, count: int) -> list[np.ndarray]:
    """Return windows in random order."""
    rows = np.random.default_rng(0).permutation(len(windows))[: count * BATCH]
    return [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]


def resident() -> dict[str, float]:
    """Return the resident memory of this process in MB: its own, and pages of mapped files (Linux only)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {key: int(lines[name].split()[0]) / 1024 for key, name in (("own", "RssAnon"), ("mapped", "RssFile"))}


def memory(name: str, length: int, count: int) -> None:
    """Print what reading adds to the resident memory, in MB."""
    read, windows = reader(name, length)
    first = batches(windows, count)
    read(first[0])  # what is compiled and imported at the first call counts for neither
    before = resident()
    for index in first:
        read(index)
    after = resident()
    print(json.dumps({key: round(after[key] - before[key], 1) for key in before}))


def measured_memory(name: str, length: int, count: int) -> dict[str, float]:
    """Measure `memory` in a process of its own."""
    command = [sys.executable, __file__, "--memory", name, "--length", str(length), "--batches", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def folder_size(folder: Path) -> float:
    """Return the size of a folder's files, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def compare(length: int, count: int, repeats: int) -> dict[str, object]:
    """Read the same batches both ways, in turns, and return windows per second."""
    windows, folder = opened(length)
    ways = {"motiflens": ours(windows), "pyfaidx + pyBigWig": plain(windows, folder)}
    chosen = batches(windows, count)
    begun = time.perf_counter()
    first = ways["motiflens"](chosen[0])  # compiles, and unpacks chromosomes where the cache is empty
    opening = time.perf_counter() - begun
    np.testing.assert_array_equal(first, ways["pyfaidx + pyBigWig"](chosen[0]))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, read in ways.items():
            begun = time.perf_counter()
            for index in chosen:
                read(index)
            times[name].append(time.perf_counter() - begun)
    read_windows = sum(map(len, chosen))
    rates = {name: read_windows / float(np.median(found)) for name, found in times.items()}
    ratios = np.array(times["pyfaidx + pyBigWig"]) / np.array(times["motiflens"])
    return {
        "length": length,
        "channels": list(windows.channels),
        "windows": read_windows,
        "batch": BATCH,
        "first_batch_seconds": opening,
        "windows_per_second": rates,
        "ratio": {"median": float(np.median(ratios)), "least": float(ratios.min()), "most": float(ratios.max())},
        "memory": {
            "motiflens": measured_memory("motiflens", length, count),
            "pyfaidx + pyBigWig": measured_memory("plain", length, count),
        },
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", choices=["motiflens", "plain"], help="only measure memory (used by itself)")
    options = parser.parse_args()
    if options.memory:
        memory(options.memory, options.length, options.batches)
        return
    found = [compare(length, options.batches, options.repeats) for length in dict.fromkeys((200, options.length))]
    sizes = {name: folder_size(cache_folder(name)) for name in ("genomes", "tracks")}
    result = {"runs": found, "cache_mb": sizes, "cpus": os.cpu_count(), "versions": versions()}
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    for run in found:
        rates = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in run["windows_per_second"].items())  # type: ignore[attr-defined]
        print(f"{run['length']} bp: {rates}; ratio {run['ratio']['median']:.1f}")  # type: ignore[index]


if __name__ == "__main__":
    main()
