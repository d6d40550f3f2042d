"""Integrated gradients of a trained model at equal completeness: now, by tripling (as it was), and by Captum.

Run: interpret train --model deepgrn --data SIMULATED --tf CTCF --preset small --set epochs=8 --out RUN
     python benchmarks/integrated_gradients.py RUN [--windows 100] [--out FILE.md]

Four shuffled baselines a window. Blocks of windows go to all in turns, in one process on one core; Captum
gets the fewest even steps (of 32, 48, 64, 96 …) with which as many windows are complete to within the tolerance.
The error per base is that against 512 even points, over a few windows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import captum.attr
import numpy as np
import torch
from side_by_side import Best, forget_peak, memory, once, one_core, processor
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.baselines import baselines
from motiflens.interpret.attribution.completeness import TOLERANCE, completeness
from motiflens.models.files import write_text
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.provenance import versions
from motiflens.models.regions import split_windows
from motiflens.models.run import open_run

BLOCK, BATCH, B = 20, 64, 4
LIMIT = TOLERANCE["integrated_gradients"]
EVEN = (32, 48, 64, 96, 128, 192, 256)


def ours(model: nn.Module, x: Tensor, meta: Tensor | None, **options: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and completeness."""
    found = attribute(
        model, x, method="integrated_gradients", meta=meta, baseline=baselines(x, n=B), options=options,
        batch_size=BATCH,
    )  # fmt: skip
    assert found.completeness is not None
    return found.scores, found.completeness


def tripled(model: nn.Module, x: Tensor, meta: Tensor | None) -> tuple[np.ndarray, np.ndarray]:
    """What was done before: all paths of a window anew with three times the points until it is complete."""
    scores, error = ours(model, x, meta, steps=8, refinements=0)
    for points in (24, 72, 216):
        left = np.flatnonzero(error > LIMIT)
        if len(left):
            some = None if meta is None else meta[left]
            scores[left], error[left] = ours(model, x[left], some, steps=points, refinements=0)
    return scores, error


def captums(model: nn.Module, x: Tensor, meta: Tensor | None, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Captum's, called as its documentation has it, baseline by baseline."""
    ends = baselines(x, n=B)
    method = captum.attr.IntegratedGradients(model)
    extra = None if meta is None else (meta,)
    parts, sums, change = [], [], []
    for j in range(B):
        part, delta = method.attribute(
            x, ends[:, j], target=0, additional_forward_args=extra, n_steps=steps, internal_batch_size=BATCH,
            method="riemann_middle", return_convergence_delta=True,
        )  # fmt: skip
        parts.append(part)
        sums.append(part.flatten(1).sum(1))
        change.append(sums[-1] - delta)
    total, delta_logit = torch.stack(sums, 1), torch.stack(change, 1)
    error = completeness(total, delta_logit, torch.zeros_like(total), total.abs()).error
    return torch.stack(parts, 1).mean(1).detach().numpy(), error.detach().numpy()


def fine(model: nn.Module, x: Tensor, meta: Tensor | None) -> np.ndarray:
    """Captum's with 512 points."""
    return captums(model, x, meta, 512)[0]


def run_all(
    contenders: dict[str, Callable[[Tensor, Tensor | None], tuple[np.ndarray, np.ndarray]]],
    x: Tensor,
    meta: Tensor | None,
) -> dict[str, tuple[Best, np.ndarray, np.ndarray, float]]:
    """Return each one's seconds, scores, completeness and memory (MiB beyond what was held), in turns."""
    kept: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in contenders}
    spent = {name: Best(0.0, 0.0) for name in contenders}
    peak = dict.fromkeys(contenders, 0.0)
    for first in range(0, len(x), BLOCK):
        part = slice(first, first + BLOCK)
        for name, call in contenders.items():
            forget_peak()
            before = memory("VmRSS")
            some = None if meta is None else meta[part]
            new = once(lambda: kept[name].append(call(x[part], some)))  # noqa: B023
            spent[name] = Best(spent[name].cpu + new.cpu, spent[name].wall + new.wall)
            peak[name] = max(peak[name], memory("VmHWM") - before)
    return {
        name: (
            spent[name],
            np.concatenate([scores for scores, _ in kept[name]]),
            np.concatenate([error for _, error in kept[name]]),
            peak[name],
        )
        for name in contenders
    }


def enough_steps(model: nn.Module, x: Tensor, meta: Tensor | None, share: float) -> int:
    """Return the fewest even steps with which `share` of the windows are complete."""
    for steps in EVEN:
        if (captums(model, x, meta, steps)[1] <= LIMIT).mean() >= share:
            return steps
    return EVEN[-1]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/integrated_gradients.md"))
    given = parser.parse_args()
    machine = processor()
    one_core()
    torch.set_num_threads(1)
    run = open_run(given.run)
    windows = split_windows(open_as_trained(run), "test")
    bound = np.flatnonzero(windows.labels[:, 0] == 1)
    rows = np.sort(np.random.default_rng(0).choice(bound, min(given.windows, len(bound)), replace=False))
    batch = windows.read(rows)
    x = torch.from_numpy(batch.x)
    meta = None if batch.meta is None else torch.from_numpy(batch.meta)
    model = run.model.eval().requires_grad_(False)
    few = slice(0, len(x), max(1, len(x) // 8))
    some = None if meta is None else meta[few]
    steps = enough_steps(model, x[few], some, float((ours(model, x[few], some)[1] <= LIMIT).mean()))
    found = run_all(
        {
            "ours": lambda a, m: ours(model, a, m),
            "tripled points, as it was": lambda a, m: tripled(model, a, m),
            "32 points, no gate": lambda a, m: ours(model, a, m, steps=32, refinements=0),
            f"Captum, {steps} steps": lambda a, m: captums(model, a, m, steps),
        },
        x,
        meta,
    )
    truth = fine(model, x[few], some) * (x[few, :4].numpy().sum(1, keepdims=True) > 0)
    first = found["ours"][0]
    made_by = ", ".join(f"{part} {version}" for part, version in versions().items())
    text = [
        "# Integrated gradients at equal completeness", "",
        f"`python benchmarks/integrated_gradients.py RUN --windows {len(x)}`: {run.model.name}, windows of "
        f"{x.shape[2]} bp and {x.shape[1]} channels, {B} baselines; one thread on one core, {BLOCK} windows "
        f"in turns. {machine}; {made_by}.", "",
        "| | CPU s | s | ratio, CPU | ratio, clock | complete to 5 % | mean error | error per base | MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, (time, scores, error, peak) in found.items():
        part = scores[few]
        # Ours are projected on the bases; Captum's on the difference to the baseline: compare a base's sum.
        got = np.concatenate([part[:, :4].sum(1, keepdims=True), part[:, 4:]], axis=1)
        want = np.concatenate([truth[:, :4].sum(1, keepdims=True), truth[:, 4:]], axis=1)
        off = np.linalg.norm((got - want).reshape(len(got), -1), axis=1)
        off /= np.linalg.norm(want.reshape(len(got), -1), axis=1)
        text.append(
            f"| {name} | {time.cpu:.1f} | {time.wall:.1f} | {time.cpu / first.cpu:.2f} | "
            f"{time.wall / first.wall:.2f} | {(error <= LIMIT).mean():.0%} | "
            f"{error.mean():.3f} | {off.mean():.3f} | {peak:.0f} |"
        )
        print(text[-1], flush=True)
    write_text(given.out, "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
