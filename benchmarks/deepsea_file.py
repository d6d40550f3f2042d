"""How long does DeepSEA's training file take to be repacked, in each way its chunks may lie?

Run from the repository's root: ``python benchmarks/deepsea_file.py``. It writes files of random windows (1,000 bp,
919 labels, gzip, axes reversed as MATLAB's are) in three shapes of chunks, and opens each for the first time, in
turns with the former way: blocks of 8,192 windows through h5py, and numpy over each. Both give equal letters and
labels. The time of DeepSEA's 4.4 million windows is what more windows add, by two sizes of file. Writes
``benchmarks/results/deepsea_file.md``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from side_by_side import RESULTS, Best, forget_peak, in_turns, memory, one_core, processor

from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.files import write_text
from motiflens.models.provenance import versions

LENGTH, TASKS, ALL = 1000, 919, 4_400_000
_CODE = np.array([0, 2, 1, 3], dtype=np.uint8)
_BLOCK = 8192


def shapes(count: int) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the shapes of chunks of bases and labels."""
    return {
        "blocks of both": ((50, 4, 1000), (100, 1000)),
        "one window a chunk": ((LENGTH, 4, 1), (TASKS, 1)),
        "whole rows": ((1, 4, count), (1, count)),
    }


def make(path: Path, count: int, chunks: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Write a file of random windows."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (LENGTH, count)).astype(np.uint8)
    labels = (rng.random((TASKS, count), dtype=np.float32) < 0.02).astype(np.uint8)
    with h5py.File(path, "w") as file:
        x = np.stack([codes == code for code in range(4)], axis=1).astype(np.uint8)
        file.create_dataset("trainxdata", data=x, chunks=chunks[0], compression="gzip", compression_opts=4)
        file.create_dataset("traindata", data=labels, chunks=chunks[1], compression="gzip", compression_opts=4)


def former(path: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Repack as before: h5py's blocks, numpy's passes."""
    with h5py.File(path, "r") as file:
        x, y = file["trainxdata"], file["traindata"]
        count = x.shape[-1]
        codes = np.lib.format.open_memmap(folder / "x.npy", "w+", np.uint8, (count, LENGTH))
        labels = np.lib.format.open_memmap(folder / "y.npy", "w+", np.float32, (count, TASKS))
        for a in range(0, count, _BLOCK):
            block = np.asarray(x[:, :, a : a + _BLOCK]).T
            total = block.sum(axis=1, dtype=np.float64)
            if (~np.isin(block, (0, 1)).all(axis=1) | (total > 1)).any():
                raise ValueError("not one-hot")
            codes[a : a + _BLOCK] = np.where(total == 1, _CODE[block.argmax(axis=1)], np.uint8(4))
        for a in range(0, count, _BLOCK):
            values = np.asarray(y[:, a : a + _BLOCK]).T.astype(np.float32)
            if not np.isin(values, (0, 1)).all():
                raise ValueError("other labels")
            labels[a : a + _BLOCK] = values
    return codes, labels


def ours(path: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Open it for the first time."""
    os.environ["MOTIFLENS_CACHE"] = str(folder)
    windows = open_dataset(path)["train"]
    return windows.codes(np.arange(len(windows))), windows.labels


def afresh(
    call: Callable[[Path, Path], tuple[np.ndarray, np.ndarray]], path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Call with an empty folder."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        return call(path, Path(folder))


def measure(name: str, sizes: tuple[int, int], folder: Path, rounds: int) -> dict[str, Any]:
    """Time both ways at both sizes."""
    times: list[dict[str, Best]] = []
    peaks: dict[str, float] = {}
    for count in sizes:
        path = folder / "deepsea.mat"
        make(path, count, shapes(count)[name])
        found = []
        for way, call in (("ours", ours), ("former", former)):  # once, for what is slow only once
            forget_peak()
            before = memory("VmRSS")
            found.append(afresh(call, path))
            peaks[way] = memory("VmHWM") - before
        for mine, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        del found, mine, theirs
        ways = {
            "ours": lambda path=path: afresh(ours, path),
            "former": lambda path=path: afresh(former, path),
        }
        times.append(in_turns(ways, fewest=rounds, most=rounds))
    each = {
        (way, clock): (getattr(times[1][way], clock) - getattr(times[0][way], clock)) / (sizes[1] - sizes[0])
        for way in ("ours", "former")
        for clock in ("cpu", "wall")
    }
    return {
        "chunks": name,
        "ours": times[1]["ours"],
        "former": times[1]["former"],
        "all": {key: value * ALL for key, value in each.items()},
        "peaks": peaks,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    one_core()
    sizes = (options.windows // 3, options.windows)
    lines = [
        "# DeepSEA's training file, repacked at its first opening",
        "",
        f"Made by `python benchmarks/deepsea_file.py`: {sizes[1]:,} random windows of {LENGTH:,} bp with {TASKS}",
        f"labels (gzip, axes reversed) on one core, best of {options.rounds} in turns; equal letters and labels.",
        f"Times for all {ALL:,} follow from {sizes[0]:,} and {sizes[1]:,} windows. Of whole rows the former",
        "way unpacks the file once for each 8,192 windows: for all of them 537 times, which is not in its number.",
        "Ours includes the hashes of the file and the result, the former way does not. Two cores unpack at once,",
        "which one core does not show. Memory: peak above what was held before, pages of written files included.",
        "",
        "| chunks | CPU s (clock) | former | ratio | all, CPU min (clock) | former | MiB | former |",
        "|---|---|---|---|---|---|---|---|",
    ]
    folder = Path(tempfile.mkdtemp())
    try:
        for name in shapes(1):
            row = measure(name, sizes, folder, options.rounds)
            mine, theirs, peaks = row["ours"], row["former"], row["peaks"]
            whole = {key: value / 60 for key, value in row["all"].items()}
            lines.append(
                f"| {name} | {mine.cpu:.2f} ({mine.wall:.2f}) | {theirs.cpu:.2f} ({theirs.wall:.2f}) "
                f"| {mine.cpu / theirs.cpu:.2f} | {whole['ours', 'cpu']:.1f} ({whole['ours', 'wall']:.1f}) "
                f"| {whole['former', 'cpu']:.1f} | {peaks['ours']:.0f} | {peaks['former']:.0f} |"
            )
            print(lines[-1], flush=True)
    finally:
        shutil.rmtree(folder)
    used = versions()
    named = ", ".join(f"{name} {used[name]}" for name in ("python", "numpy", "numba"))
    lines += ["", f"{processor()}; {named}, h5py {h5py.__version__}."]
    write_text(RESULTS / "deepsea_file.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
