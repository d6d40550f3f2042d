"""Sequences a second and memory of each attribution method, beside Captum and tangermeme called directly.

Run: python benchmarks/attribution.py [--out benchmarks/results/attribution.md] [--sequences 4]

Three architectures at sizes that two cores carry; random weights; one thread. Both sides get the same windows, the
same baselines, the same number of steps and samples and the same batch size, and are timed in turns in one
process (its own CPU time), the best of two runs each, of up to twelve where they are quick. Ours also computes
predictions and completeness; its refinement of paths that miss it is off. Memory is how far a fresh process's peak
rises above its state before the call (Linux). DeepLIFT's competitor is tangermeme with this package's rules for
recurrent layers and attention (and a strand at a time): its plain call is faster, but its scores do not add up.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import captum.attr
import numpy as np
import torch
from tangermeme.deep_lift_shap import deep_lift_shap as tangermeme_deep_lift_shap
from tangermeme.deep_lift_shap import integrated_gradients_op
from tangermeme.saturation_mutagenesis import saturation_mutagenesis
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.baselines import baselines
from motiflens.interpret.attribution.branches import OneStrand
from motiflens.interpret.attribution.rules import OneTensor, ruled
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.files import write_text
from motiflens.models.provenance import versions
from motiflens.models.registry import build

MODELS: dict[str, dict[str, Any]] = {
    "tbinet": {"length": 1000, "channels": 4, "kernels": 64, "kernel_size": 26, "units": 32, "dense": 128},
    "deepgrn": {"length": 1002, "channels": 6, "meta": 14},
    "saresnet": {"length": 101, "channels": 4},
}
BATCH, STEPS, SAMPLES, BASELINES = 64, 32, 20, 4
FEWEST, MOST, ENOUGH = 2, 12, 2.0  # runs of each call, and seconds of ours after which there were enough


def make(name: str, sequences: int) -> tuple[SequenceModel, Tensor, Tensor | None]:
    """Return a model with random weights, and random windows."""
    torch.manual_seed(0)
    model = build(name, **MODELS[name]).eval()
    rng = np.random.default_rng(0)
    x = np.zeros((sequences, model.channels, model.length), dtype=np.float32)
    codes = rng.integers(0, 4, (sequences, model.length))
    np.put_along_axis(x[:, :4], codes[:, None], 1, axis=1)
    x[:, 4:] = rng.random(x[:, 4:].shape)
    meta = torch.from_numpy(rng.random((sequences, model.meta)).astype(np.float32)) if model.meta else None
    return model, torch.from_numpy(x), meta


class Bare(nn.Module):
    """The target alone, as libraries want it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, *meta: Tensor) -> Tensor:
        logits: Tensor = self.model(x, *meta)
        return logits


def ours(name: str, method: str, x: Tensor, model: nn.Module, meta: Tensor | None, ends: Tensor) -> None:
    """Call this package."""
    options: dict[str, Any] = {
        "integrated_gradients": {"steps": STEPS, "refinements": 0},
        "smoothgrad": {"samples": SAMPLES},
        "occlusion": {"width": 10, "stride": 5},
    }.get(method, {})
    relative = ends if method in ("integrated_gradients", "deep_lift_shap", "gradient_shap") else None
    attribute(model, x, method=method, meta=meta, baseline=relative, batch_size=BATCH, options=options)


def theirs(method: str, x: Tensor, model: nn.Module, meta: Tensor | None, ends: Tensor) -> None:
    """Call Captum or tangermeme as their documentation has it."""
    bare, extra = Bare(model), None if meta is None else (meta,)
    common: dict[str, Any] = {"target": 0, "additional_forward_args": extra}
    if method == "saliency":
        captum.attr.Saliency(bare).attribute(x.requires_grad_(), abs=False, **common)
    elif method == "input_x_gradient":
        captum.attr.InputXGradient(bare).attribute(x.requires_grad_(), **common)
    elif method == "integrated_gradients":
        for j in range(ends.shape[1]):
            captum.attr.IntegratedGradients(bare).attribute(
                x, ends[:, j], n_steps=STEPS, internal_batch_size=BATCH, **common
            )
    elif method == "gradient_shap":
        for i in range(len(x)):  # its baselines are shared by all windows of a call
            one = None if meta is None else (meta[i : i + 1],)
            captum.attr.GradientShap(bare).attribute(
                x[i : i + 1], ends[i], n_samples=ends.shape[1], target=0, additional_forward_args=one
            )
    elif method == "smoothgrad":
        tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(bare))
        tunnel.attribute(
            x.requires_grad_(), nt_samples=SAMPLES, nt_samples_batch_size=max(1, BATCH // len(x)), stdevs=0.1,
            abs=False, **common,
        )  # fmt: skip
    elif method == "occlusion":
        for first, last in ((0, 4), *((c, c + 1) for c in range(4, x.shape[1]))):
            hidden = captum.attr.Occlusion(lambda part, full, *m, first=first: bare(_join(full, part, first), *m))
            hidden.attribute(
                x[:, first:last], target=0, sliding_window_shapes=(last - first, 10), strides=(last - first, 5),
                perturbations_per_eval=max(1, BATCH // len(x)), additional_forward_args=(x, *(extra or ())),
            )  # fmt: skip
    elif method == "deep_lift_shap":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with model_unchanged(model):
                ruled(model)
                rule = {OneTensor: integrated_gradients_op(16)}
                for strand in (OneStrand(model),) * 2 if getattr(model, "siamese", False) else (bare,):
                    tangermeme_deep_lift_shap(
                        strand, x, args=extra, references=ends, batch_size=BATCH, device="cpu", only_warn=True,
                        additional_nonlinear_ops=rule,
                    )  # fmt: skip
    elif method == "ism":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A stretch of its positions, for the time's sake; `measure` scales the time to the whole window.
            saturation_mutagenesis(
                bare, x, args=extra, target=0, batch_size=BATCH, device="cpu", start=0, end=_stretch(x), fast=False
            )


def _stretch(x: Tensor) -> int:
    return min(x.shape[-1], 128)


def _join(full: Tensor, part: Tensor, first: int) -> Tensor:
    """Put occluded channels back among the others."""
    repeated = full if len(full) == len(part) else full.repeat(len(part) // len(full), 1, 1)
    return torch.cat([repeated[:, :first], part, repeated[:, first + part.shape[1] :]], dim=1)


def naive_ism(x: Tensor, model: nn.Module, meta: Tensor | None, batch: int, most: int) -> float:
    """Return the seconds for every mutant of one window through the whole model, `batch` at a time.

    Only `most` mutants, spread over the window, are computed; the time is scaled to all.
    """
    places = [(at, c) for at in range(x.shape[-1]) for c in range(4) if x[0, c, at] == 0]
    some = places[:: max(1, len(places) // most)]
    start = time.process_time()
    with torch.no_grad():
        for first in range(0, len(some), batch):
            mutants = []
            for at, c in some[first : first + batch]:
                mutant = x[0].clone()
                mutant[:4, at] = 0
                mutant[c, at] = 1
                mutants.append(mutant)
            _through(model, mutants, None if meta is None else meta[0])
    return (time.process_time() - start) * len(places) / len(some)


def _through(model: nn.Module, mutants: list[Tensor], meta: Tensor | None) -> None:
    batch = torch.stack(mutants)
    _ = model(batch) if meta is None else model(batch, meta.expand(len(batch), -1))


def seconds(call: Callable[[], None]) -> float:
    """Time one call: the process's own time, which other programs on the machine do not lengthen."""
    start = time.process_time()
    call()
    return time.process_time() - start


def _peak(queue: Any, side: str, name: str, method: str, sequences: int) -> None:
    torch.set_num_threads(1)
    model, x, meta = make(name, sequences)
    ends = baselines(x, n=BASELINES)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    before = _status("VmRSS")
    if side == "ours":
        ours(name, method, x, model, meta, ends)
    else:
        theirs(method, x, model, meta, ends)
    queue.put((_status("VmHWM") - before) / 1024)


def _status(key: str) -> int:
    """Return a number of the kernel's record of this process, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise OSError(f"the kernel does not tell {key}")


def peak(side: str, name: str, method: str, sequences: int) -> float:
    """Return how many MiB a call adds to the peak of a fresh process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_peak, args=(queue, side, name, method, sequences))
    process.start()
    grown: float = queue.get(timeout=300)
    process.join()
    return grown


METHODS = (
    "saliency", "input_x_gradient", "integrated_gradients", "gradient_shap", "smoothgrad", "occlusion",
    "deep_lift_shap", "ism",
)  # fmt: skip


def measure(name: str, sequences: int, memory: set[str]) -> list[str]:
    """Return the table's lines for one architecture."""
    lines = []
    for method in METHODS:
        number = {"saliency": 16, "input_x_gradient": 16, "ism": 1, "occlusion": 1}.get(method, sequences)
        model, x, meta = make(name, number)
        ends = baselines(x, n=BASELINES)
        mine: list[float] = []
        other: list[float] = []
        while len(mine) < FEWEST or (sum(mine) < ENOUGH and len(mine) < MOST):
            mine.append(seconds(lambda: ours(name, method, x.detach().clone(), model, meta, ends)))  # noqa: B023
            other.append(seconds(lambda: theirs(method, x.detach().clone(), model, meta, ends)))  # noqa: B023
        used = [
            f"{peak(side, name, method, number):.0f}" if method in memory else "" for side in ("ours", "theirs")
        ]
        theirs_s = min(other) * (x.shape[-1] / _stretch(x) if method == "ism" else 1)
        lines.append(
            f"| {name} | {method} | {number / min(mine):.2f} | {number / theirs_s:.2f} | "
            f"{theirs_s / min(mine):.2f} | {used[0]} | {used[1]} |"
        )
        print(lines[-1], flush=True)
    return lines


def measure_ism(name: str) -> str:
    """Return the line that compares mutagenesis with naive loops (of bases alone)."""
    model, x, meta = make(name, 1)
    x[:, 4:] = 0  # no signals to silence: the same mutants on both sides
    fast = min(seconds(lambda: ours(name, "ism", x, model, meta, x[:, None])) for _ in range(2))
    one = naive_ism(x, model, meta, 1, 256)
    batched = min(naive_ism(x, model, meta, BATCH, 512) for _ in range(2))
    line = f"| {name} | {fast:.2f} | {one:.2f} | {batched:.2f} | {one / fast:.1f} | {batched / fast:.1f} |"
    print(line, flush=True)
    return line


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/attribution.md"))
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    memory = {"integrated_gradients", "gradient_shap", "deep_lift_shap", "ism"}
    text = [
        "# Attribution: speed and memory", "",
        f"`python benchmarks/attribution.py --sequences {given.sequences}`, one thread, "
        f"CPU time, batch size {BATCH}; integrated gradients {STEPS} "
        f"steps × {BASELINES} baselines, SmoothGrad {SAMPLES} samples, DeepLIFT and GradientSHAP {BASELINES} "
        "baselines, occlusion 10 bp every 5. Theirs: Captum; for deep_lift_shap and ism tangermeme (ism: its time "
        "for 128 positions, scaled to the window). Ratio > 1: ours is faster. MiB: what the call adds to a fresh "
        "process's peak. Ours also computes predictions and completeness; its refinement of paths that miss it is "
        "off.", "",
        ", ".join(f"{part} {version}" for part, version in versions().items()), "",
        "| model | method | ours, sequences/s | theirs | ratio | ours, MiB | theirs, MiB |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in given.models:
        text += measure(name, given.sequences, memory)
    text += [
        "",
        "DeepLIFT: tangermeme with this package's rules for recurrent layers and attention, one strand at a time; "
        "its plain call treats them as linear, and does not add up. Mutagenesis of signals is ours alone.", "",
        "## Saturation mutagenesis of one window against a naive loop (seconds)", "",
        "The loops' times are scaled from 256 and 512 mutants.", "",
        f"| model | ours | loop, one mutant at a time | loop, {BATCH} at a time | ratio | ratio, batched |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    text += [measure_ism(name) for name in given.models]
    write_text(given.out, "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
