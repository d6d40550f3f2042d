"""Patterns of the seqlet route beside TF-MoDISco's on the same arrays: which motifs, and how long it takes.

    python benchmarks/seqlets_against_modisco.py --modisco PYTHON [--runs RUN=FACTOR ...] [--arrays FOLDER]
        [--sizes WINDOWS ...]

PYTHON has modisco-lite (`pip install modisco-lite` into an environment of its own). Arrays are attributions
(gradient times input, each task's logit on its own bound windows) of small networks trained here on simulated
windows, of the same networks untrained, and of runs. TF-MoDISco gets bases and hypothetical scores (the gradient
less its mean over letters; of a store they are the pair that `interpret attribute RUN --export modisco` writes),
with its own defaults and at most 2,000 seqlets; ours gets the projected scores. Two networks of simulated
windows have no inhibiting motif; in the third GFI1's site forbids NRF1's and SRF's binding, and ZEB1's site
forbids TEAD4's. CPU time of ours is the mean of five calls. `--sizes` also attributes so many windows of the third
network, for ours alone. Writes results/seqlets_against_modisco.md.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import tracemalloc
from pathlib import Path
from time import process_time

import numpy as np
import torch
from torch import nn

from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.engines.match import match
from motiflens.analyses.motifs.engines.own_positives import own_positives
from motiflens.analyses.motifs.engines.seqlets import seqlets
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.nulls import untrained
from motiflens.models import open_run
from motiflens.models.data.one_hot import one_hot
from motiflens.models.files import write_text
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.types import Codes, Floats

RESULTS = Path(__file__).resolve().parent / "results" / "seqlets_against_modisco.md"
NETWORKS = {  # name -> (seed, factors, task -> factor whose site forbids binding)
    "six factors": (11, ("NRF1", "SRF", "TP53", "HNF4A", "STAT3", "ETS1"), {}),
    "eight factors": (21, ("E2F6", "ZNF143", "TEAD4", "NFIA", "RUNX1", "POU5F1", "ESR1", "HNF1A"), {}),
    "inhibited": (12, ("NRF1", "SRF", "TEAD4", "CEBPA"), {0: "GFI1", 1: "GFI1", 2: "ZEB1"}),
}
LENGTH, MOST = 200, 900
THEIRS = """
import sys, time
import numpy as np, modiscolite
arrays = np.load(sys.argv[1])
x, scores = (np.ascontiguousarray(arrays[name].transpose(0, 2, 1)) for name in ("x", "hypothetical"))
started = time.process_time()
both = modiscolite.tfmodisco.TFMoDISco(hypothetical_contribs=scores, one_hot=x, max_seqlets_per_metacluster=2000,
    sliding_window_size=20, flank_size=5, target_seqlet_fdr=0.05, n_leiden_runs=2)
seconds = time.process_time() - started
found = {}
for sign, patterns in zip(("pos", "neg"), both):
    for number, one in enumerate(patterns or []):
        found[f"{sign}_{number:02d}_{len(one.seqlets)}"] = np.stack([one.sequence, one.contrib_scores])
np.savez(sys.argv[2], seconds=seconds, **found)
"""


class Network(nn.Module):
    """Two convolutions and two layers."""

    def __init__(self, tasks: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.c1 = nn.Conv1d(4, 48, 15, padding=7)
        self.c2 = nn.Conv1d(48, 48, 7, padding=3)
        self.d = nn.Dropout(0.2)
        self.l1 = nn.Linear(48 * (LENGTH // 20), 64)
        self.l2 = nn.Linear(64, tasks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = nn.functional.max_pool1d(torch.relu(self.c1(x)), 4)
        h = nn.functional.max_pool1d(torch.relu(self.c2(h)), 5)
        return self.l2(self.d(torch.relu(self.l1(h.flatten(1)))))


def world(known: dict[str, Motif], name: str, count: int = 8000) -> tuple[Codes, Floats]:
    """Windows with sites of either strand, and what is bound."""
    seed, factors, forbids = NETWORKS[name]
    rng = np.random.default_rng(seed)
    codes = rng.choice(4, (count, LENGTH), p=[0.29, 0.21, 0.21, 0.29]).astype(np.uint8)
    every = [*factors, *sorted(set(forbids.values()))]
    has = np.zeros((count, len(every)), dtype=bool)
    places = list(range(10, LENGTH - 35, 32))
    for row in range(count):
        drawn = [t for t in range(len(every)) if rng.random() < (0.25 if t < len(factors) else 0.4)]
        free = list(rng.permutation(places))
        for task in drawn[: len(free)]:
            ppm = known[every[task]].ppm
            site = np.array([rng.choice(4, p=column / column.sum()) for column in ppm], dtype=np.uint8)
            at = int(free.pop()) + int(rng.integers(0, max(1, 32 - len(site))))
            site = (3 - site)[::-1] if rng.random() < 0.5 else site
            codes[row, at : at + len(site)] = site[: LENGTH - at]
            has[row, task] = True
    bound = has[:, : len(factors)].astype(np.float32)
    for task, factor in forbids.items():
        bound[:, task] *= ~has[:, every.index(factor)]
    return codes, bound


def train(network: Network, codes: Codes, bound: Floats, epochs: int = 18) -> None:
    """Train with Adam, each batch as its reverse complement half of the time."""
    torch.manual_seed(0)
    x, y = torch.from_numpy(one_hot(codes)), torch.from_numpy(bound)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(x)).split(64):
            batch = x[rows].flip(1, 2) if torch.rand(1) < 0.5 else x[rows]
            loss = nn.functional.binary_cross_entropy_with_logits(network(batch), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def attributed(model: nn.Module, codes: Codes, tasks: np.ndarray) -> dict[str, np.ndarray]:
    """Bases, projected and hypothetical scores of each window for its own task's logit."""
    model.eval()
    parts = []
    for rows in np.array_split(np.arange(len(codes)), max(1, len(codes) // 128)):
        x = torch.from_numpy(one_hot(codes[rows])).requires_grad_()
        model(x)[torch.arange(len(rows)), torch.from_numpy(tasks[rows])].sum().backward()
        assert x.grad is not None
        parts.append(x.grad.numpy())
    gradient, x = np.concatenate(parts), one_hot(codes)
    hypothetical = gradient - gradient.mean(axis=1, keepdims=True)
    return {"codes": codes, "tasks": tasks, "x": x, "scores": gradient * x, "hypothetical": hypothetical}


def arrays_of(
    known: dict[str, Motif], name: str, folder: Path | None, *, trained: bool, most: int = MOST
) -> dict[str, np.ndarray]:
    """Arrays of a network, kept in a folder where one is named; more windows than it has are others like them."""
    size = "" if most == MOST else f"_{most}"
    kept = None if folder is None else folder / f"{name}_{trained}{size}.npz"
    if kept is not None and kept.exists():
        return dict(np.load(kept))
    seed = NETWORKS[name][0]
    codes, bound = world(known, name)
    network = Network(bound.shape[1], seed if trained else seed + 100)
    if trained:
        train(network, codes[:7000], bound[:7000])
    if most > MOST:
        codes, bound = world(known, name, 2 * most)
    rows, tasks = own_positives(bound, range(bound.shape[1]), most=most)
    result = attributed(network, codes[rows], tasks)
    if kept is not None:
        np.savez(kept, **result)
    return result


def arrays_of_run(path: str, *, trained: bool) -> dict[str, np.ndarray]:
    """Arrays of a run's model, or of the same architecture untrained, on bound training windows."""
    run = open_run(path)
    windows = open_as_trained(run).splits["train"]
    rows, tasks = own_positives(windows.labels, range(windows.labels.shape[1]), most=MOST)
    model = run.model if trained else untrained(run.model, seed=1)
    return attributed(model, windows.codes(rows), tasks)


def theirs(python: str, arrays: dict[str, np.ndarray]) -> tuple[list[tuple[str, Motif]], float]:
    """TF-MoDISco's patterns with their signs, trimmed by its own rule, and CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        given, made, script = (Path(folder) / name for name in ("in.npz", "out.npz", "run.py"))
        np.savez(given, x=arrays["x"], hypothetical=arrays["hypothetical"].astype(np.float32))
        script.write_text(THEIRS)
        subprocess.run([python, str(script), str(given), str(made)], check=True, capture_output=True)
        found = np.load(made)
        patterns = []
        for name in found.files[1:]:
            ppm, contribution = found[name]
            size = np.abs(contribution).sum(axis=1)
            kept = np.flatnonzero(size >= 0.3 * size.max())
            own = ppm[kept[0] : kept[-1] + 1]
            sign, _, sites = name.split("_")
            own = own / np.maximum(own.sum(axis=1, keepdims=True), 1e-9)
            patterns.append((sign, Motif(name, own, nsites=float(sites))))
        return patterns, float(found["seconds"])


def told(patterns: list[tuple[str, Motif]], wanted: list[Motif]) -> str:
    """Factors by sign that patterns match (TOMTOM's p < .001), how often, and what matches none."""
    cells = []
    for sign, mark in (("pos", "raise: "), ("neg", "lower: ")):
        names: dict[str, int] = {}
        other = []
        for motif in (motif for which, motif in patterns if which == sign):
            table = match([motif], wanted, threshold=1).sort_values("p-value")
            if len(table) and table["p-value"].iloc[0] < 1e-3:
                name = next(one.alt for one in wanted if one.name == table["Target_ID"].iloc[0])
                names[name] = names.get(name, 0) + 1
            else:
                other.append(consensus(motif, mask=0.4))
        found = [name if count == 1 else f"{name} x{count}" for name, count in sorted(names.items())]
        if found or other:
            cells.append(mark + ", ".join([*found, *(f"other {letters}" for letters in other)]))
    return "; ".join(cells) or "none"


def seconds(arrays: dict[str, np.ndarray], calls: int = 5) -> float:
    """CPU time of a call of ours."""
    started = process_time()
    for _ in range(calls):
        seqlets(arrays["scores"], arrays["codes"], arrays["tasks"])
    return (process_time() - started) / calls


def sized(known: dict[str, Motif], folder: Path | None, sizes: list[int]) -> list[str]:
    """Table of how time and memory grow with the windows."""
    lines = [
        "",
        "| windows | CPU s | microseconds a window | memory, MiB | of the scores, MiB |",
        "|---|---|---|---|---|",
    ]
    for size in sizes:
        arrays = arrays_of(known, "inhibited", folder, trained=True, most=size)
        own, count = seconds(arrays), len(arrays["codes"])
        tracemalloc.start()
        seqlets(arrays["scores"], arrays["codes"], arrays["tasks"])
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        given = arrays["scores"].nbytes / 2**20
        lines.append(f"| {count} | {own:.2f} | {own / count * 1e6:.0f} | {peak:.0f} | {given:.0f} |")
    return lines


def main() -> None:
    """Run both on everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modisco", required=True)
    parser.add_argument("--runs", nargs="*", default=[])
    parser.add_argument("--arrays", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    given = parser.parse_args()
    known = {motif.alt.upper(): motif for motif in jaspar()}
    lines = [
        "# Seqlets beside TF-MoDISco (modisco-lite 3.0.0)",
        "",
        "Made by `python benchmarks/seqlets_against_modisco.py --modisco PYTHON --runs RUN=FACTOR ...`. Same",
        "arrays for both (what they are: the script's head). Factors whose matrix a pattern matches, by sign;",
        "`x2`: two patterns; `other`: a pattern that matches none of these. In untrained networks each is",
        "false. CPU seconds of one thread, without starting and compiling.",
        "",
        "| arrays | windows | ours | TF-MoDISco | CPU s, ours | TF-MoDISco | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    cases = [(name, trained) for trained in (True, False) for name in NETWORKS]
    jobs = [
        (
            f"{name}{'' if trained else ', untrained'}",
            [known[one] for one in (*NETWORKS[name][1], *set(NETWORKS[name][2].values()))],
            lambda name=name, trained=trained: arrays_of(known, name, given.arrays, trained=trained),
        )
        for name, trained in cases
    ]
    for run in given.runs:
        path, _, factor = run.partition("=")
        for trained in (True, False):
            title = f"{open_run(path).config['model']['architecture']}, {factor}{'' if trained else ', untrained'}"
            jobs.append(
                (title, [known[factor]], lambda path=path, trained=trained: arrays_of_run(path, trained=trained))
            )
    for number, (title, wanted, make) in enumerate(jobs):
        arrays = make()
        if number == 0:
            seqlets(arrays["scores"], arrays["codes"], arrays["tasks"])
            theirs(given.modisco, {name: array[:300] for name, array in arrays.items()})  # both compile
        patterns = seqlets(arrays["scores"], arrays["codes"], arrays["tasks"])
        own = seconds(arrays)
        mine = [(pattern.motif.name.split("_")[1], pattern.motif) for pattern in patterns]
        other, their = theirs(given.modisco, arrays)
        cells = f"{told(mine, wanted)} | {told(other, wanted)} | {own:.2f} | {their:.1f} | {their / own:.0f}"
        lines.append(f"| {title} | {len(arrays['codes'])} | {cells} |")
        print(lines[-1], flush=True)
        write_text(RESULTS, "\n".join([*lines, ""]))
    if given.sizes:
        write_text(RESULTS, "\n".join([*lines, *sized(known, given.arrays, given.sizes), ""]))


if __name__ == "__main__":
    main()
