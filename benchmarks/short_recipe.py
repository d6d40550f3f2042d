"""What does a training by the `short` recipe take on an ENCODE set, beside the former recipe and the former way?

Run from the repository's root: ``python benchmarks/short_recipe.py``. The former recipe had ten epochs in batches
of 100, which underfit; its convolution went through the layers. Both train on the same set, on one core and
thread: an epoch is what a training of two takes longer than one of one, validation included; a run is an epoch
times the recipe's epochs. Writes ``benchmarks/results/short_recipe.md``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from side_by_side import RESULTS, one_core, processor

from motiflens.models.files import write_text
from motiflens.models.open_for_run import open_for_training
from motiflens.models.provenance import versions
from motiflens.models.recipes import Recipe, recipe
from motiflens.models.train import train

FORMER: dict[str, dict[str, Any]] = {
    "tbinet": {"batch": 100, "epochs": 10, "rate": 3e-3, "attended_gain": 1.0},
    "deepbind": {"epochs": 10, "hyperparameters": {}},
}
LAYERS = importlib.import_module("motiflens.models.architectures.pooled_convolution")


def seconds(name: str, source: str, how: Recipe, epochs: int) -> float:
    """Return the CPU time of a training of so many epochs."""
    dataset = open_for_training(source, how, None)
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        train(name, dataset, Path(folder) / "run", recipe=replace(how, epochs=epochs, patience=99))
    return time.process_time() - begun


def epoch(name: str, source: str, how: Recipe) -> float:
    """Return the CPU time of one epoch more."""
    return seconds(name, source, how, 2) - seconds(name, source, how, 1)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data/encode/YY1_H1-hESC.AC.seq.gz")
    parser.add_argument("--models", default=",".join(FORMER))
    options = parser.parse_args()
    one_core()
    torch.set_num_threads(1)
    lines = [
        "# A training by the short recipe",
        "",
        f"Made by `python benchmarks/short_recipe.py` on {Path(options.data).name}: CPU seconds of one core.",
        "The former recipe's ten epochs underfit (TBiNet: batches of 100; DeepBind: 16 kernels), and its",
        "convolution went through the layers. Layers: today's recipe without letters looked up.",
        "",
        "| model | epoch, s: former | layers | now | epochs: former | now "
        "| run, s: former | layers | now | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in options.models.split(","):
        now = recipe(name, preset="short")
        before = replace(now, **FORMER[name])
        with mock.patch.object(LAYERS, "letters_of", return_value=None):
            times = [epoch(name, options.data, before), epoch(name, options.data, now)]
        times.append(epoch(name, options.data, now))
        runs = [times[0] * before.epochs, times[1] * now.epochs, times[2] * now.epochs]
        cells = [f"{value:.1f}" for value in times] + [str(before.epochs), str(now.epochs)]
        cells += [f"{value:.0f}" for value in runs] + [f"{runs[2] / runs[0]:.2f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = versions()
    named = ", ".join(f"{name} {used[name]}" for name in ("python", "torch", "numpy", "numba"))
    lines += ["", f"{processor()}; {named}; peak of memory {peak:.0f} MiB; load {os.getloadavg()[1]:.0f}."]
    write_text(RESULTS / "short_recipe.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
