"""What share of the bare model's speed do `predict` over a genome and `attribute` reach, start-up included?

Run from the repository's root: ``python benchmarks/genome_scoring.py``. Each side is a process of its own on one
core and one thread, whose CPU time counts from its start: the command, which reads the yeast genome, makes
windows, scores and writes; and a loop of the same model over as many one-hot windows that lie in memory, in the
same batches, which writes nothing. Attribution is input × gradient of one strand, and attention where a model has
any; the loop calls autograd, and the layers up to the attention once more. Each is measured with few windows and
with many: what they differ by is the share once a process has started. Weights are fresh: speed does not depend
on them. Writes ``benchmarks/results/genome_scoring.md``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from side_by_side import RESULTS, processor

from motiflens.models import build, open_run, save_run
from motiflens.models.files import write_text
from motiflens.models.keep_memory import keep_memory
from motiflens.models.provenance import versions
from motiflens.models.recipes import recipe

LENGTH = 101
SHARED = Path("../shared/data/yeast_fkh1/sacCer3.fa.gz")


class Taken(NamedTuple):
    """What a process took."""

    cpu: float  # seconds
    memory: float  # MiB, peak


class Seen(Exception):  # noqa: N818 - a way out
    """The attention was computed."""


def bare(what: str, folder: str, count: int) -> None:
    """Score or attribute random windows in memory."""
    keep_memory()
    torch.set_num_threads(1)
    batch = 256 if what == "predict" else 64
    model = open_run(folder).model.eval()
    codes = torch.randint(4, (batch, LENGTH))
    x = torch.nn.functional.one_hot(codes, 4).transpose(1, 2).float().contiguous()
    for _ in range(-(-count // batch)):
        if what == "predict":
            with torch.inference_mode():
                model(x, None)
            continue
        leaf = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(model(leaf, None).sum(), leaf)
        gradient * leaf
        if getattr(model, "attends", False):
            with torch.no_grad(), suppress(Seen):
                handle = model.attention.register_forward_hook(_stop)
                try:
                    model(x, None)
                finally:
                    handle.remove()


def _stop(*_: object) -> None:
    raise Seen


def take(arguments: list[str]) -> Taken:
    """Run a process; return what it took."""
    running = subprocess.Popen([sys.executable, *arguments], env=os.environ | {"OMP_NUM_THREADS": "1"})
    _, state, usage = os.wait4(running.pid, 0)
    if state:
        raise SystemExit(f"{' '.join(arguments)} failed with {state}")
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _both(what: str, model: str, run: str, given: list[str], folder: Path, size: int) -> tuple[int, Taken, Taken]:
    """Measure the command and the loop; return how many windows, and both. `size`: bp a step, or windows."""
    out = folder / f"{model}_{what}_{size}{'.tsv' if what == 'predict' else ''}"
    command = ["-m", "motiflens.analyses.cli.main", what, run, *given, "--out", str(out)]
    if what == "predict":
        mine = take([*command, "--bin", str(LENGTH), "--step", str(size)])
        with out.open(encoding="utf-8") as file:
            count = sum(1 for _ in file) - 1
    else:
        count = size
        mine = take([*command, "--locus", f"chrIV:0-{LENGTH * size}", "--method", "input_x_gradient"])
    return count, mine, take([__file__, "--bare", what, run, str(count)])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genome", default=str(SHARED))
    parser.add_argument("--models", default="deepbind,tbinet")
    parser.add_argument("--steps", default="610,61", help="bp between predicted bins: 20,000 and 200,000")
    parser.add_argument("--windows", default="1500,15000", help="attributed")
    parser.add_argument("--what", default="predict,attribute")
    parser.add_argument("--bare", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(options.bare[0], options.bare[1], int(options.bare[2]))
        return
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines = [
        "# Commands over a genome beside the bare model",
        "",
        "Made by `python benchmarks/genome_scoring.py`: CPU seconds of whole processes on one core and thread,",
        "start included; preset `short`, windows of 101 bp of the yeast genome. The loop has as many windows in",
        "memory, and writes nothing. MiB: peak of the process.",
        "",
        "| what | windows | command, s | loop, s | share of the loop's speed | MiB | loop |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model in options.models.split(","):
            made = build(model, length=LENGTH, outputs=1, **recipe(model, preset="short").hyperparameters)
            run = str(save_run(folder / model, made, {"tasks": ["x"], "channels": list("ACGT")}))
            given = ["--genome", options.genome, "--device", "cpu", "--quiet"]
            for what in options.what.split(","):
                sizes = options.steps if what == "predict" else options.windows
                pairs = [_both(what, model, run, given, folder, int(size)) for size in sizes.split(",")]
                for count, mine, loop in pairs:
                    lines.append(
                        f"| {what}, {model} | {count:,} | {mine.cpu:.1f} | {loop.cpu:.1f} "
                        f"| {loop.cpu / mine.cpu:.2f} | {mine.memory:.0f} | {loop.memory:.0f} |"
                    )
                    print(lines[-1], flush=True)
                (few, here, there), (many, later, last) = pairs[0], pairs[-1]
                more = (last.cpu - there.cpu) / (later.cpu - here.cpu)
                lines.append(
                    f"| {what}, {model}, once started | {many - few:,} | {later.cpu - here.cpu:.1f} "
                    f"| {last.cpu - there.cpu:.1f} | {more:.2f} | | |"
                )
                print(lines[-1], flush=True)
    used = versions()
    named = ", ".join(f"{name} {used[name]}" for name in ("python", "torch", "numpy", "numba"))
    lines += ["", f"{processor()}; {named}."]
    write_text(RESULTS / "genome_scoring.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
