"""What counts as homologous, what it costs, and how much of it there is between measured ChIP-seq sets.

Run from the repository's root: ``python benchmarks/homology.py``. It writes ``benchmarks/results/homology.md``:
the share of planted relatives found by divergence and by overlap, pairs found among random sequences, the time by
number of windows, and, where ``../shared/data/encode`` is there, the windows of each test half related to each
training half.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import numpy as np

from motiflens.models.data.deepbind_seq import read_seq
from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.files import write_text
from motiflens.models.provenance import versions

RESULTS = Path(__file__).resolve().parent / "results"
ENCODE = Path("../shared/data/encode")
LENGTH, N = 101, 4000


def main() -> None:
    """Measure and write."""
    rng = np.random.default_rng(0)
    lines = [
        "# Homologous windows",
        "",
        f"Windows of {LENGTH} bp, k = 14, a quarter of the k-mers in common. {platform.machine()}, one thread, "
        f"numpy {versions()['numpy']}.",
        "",
        "| substitutions | related |",
        "|---|---|",
    ]
    base = rng.integers(0, 4, (N, 300)).astype(np.uint8)
    for share in (0.0, 0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3):
        a = base[:, :LENGTH]
        other = np.where(rng.random(a.shape) < share, (a + rng.integers(1, 4, a.shape)) % 4, a).astype(np.uint8)
        one, two = homology_groups([a, other])
        lines.append(f"| {share:.0%} | {(one == two).mean():.1%} |")
    lines += ["", "| overlap (bp) | related |", "|---|---|"]
    for overlap in (101, 81, 61, 41, 36, 35, 31, 21):
        shift = LENGTH - overlap
        one, two = homology_groups([base[:, :LENGTH], base[:, shift : shift + LENGTH]])
        lines.append(f"| {overlap} | {(one == two).mean():.1%} |")
    lines += ["", "| random windows | seconds | pairs by chance |", "|---|---|---|"]
    for size in (10_000, 100_000, 400_000):
        codes = rng.integers(0, 4, (size, LENGTH)).astype(np.uint8)
        began = time.perf_counter()
        (groups,) = homology_groups([codes])
        lines.append(f"| {size:,} | {time.perf_counter() - began:.1f} | {size - len(np.unique(groups))} |")
    if ENCODE.is_dir():
        lines += _measured()
    write_text(RESULTS / "homology.md", "\n".join(lines) + "\n")
    print("\n".join(lines))


def _measured() -> list[str]:
    """Count bound windows of each test half that are related to bound windows of each training half."""
    names = sorted(path.name.removesuffix(".AC.seq.gz") for path in ENCODE.glob("*.AC.seq.gz"))
    halves = {(name, half): read_seq(ENCODE / f"{name}.{half}.seq.gz") for name in names for half in ("AC", "B")}
    codes = {key: part.bases()[part.labels == 1] for key, part in halves.items()}
    groups = dict(zip(codes, homology_groups(list(codes.values())), strict=True))
    lines = [
        "",
        f"Bound test windows related to bound training windows of a set ({len(names)} sets):",
    ]
    lines += ["", f"| test half | windows | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    for name in names:
        found = groups[name, "B"]
        counts = [str(int(np.isin(found, groups[other, "AC"]).sum())) for other in names]
        lines.append(f"| {name} | {len(found)} | {' | '.join(counts)} |")
    sizes = np.unique(np.concatenate(list(groups.values())), return_counts=True)[1]
    return [*lines, "", f"The largest group has {sizes.max()} of {sizes.sum():,} windows."]


if __name__ == "__main__":
    main()
