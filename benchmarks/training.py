"""How fast does each architecture train and predict, in how much memory, and how much of it is not the model?

Run from the repository's root: ``python benchmarks/training.py``. Each architecture is measured in a process of
its own with its paper's size and batch: a bare PyTorch loop over batches in memory (forward, backward, optimiser)
and our training on the same windows alternate, so that a busy machine slows both; on a CPU all times are the
process's own, which other programs lengthen little. ``outside`` is the share of our time that the bare loop does
not take: reading, one-hot coding, logging, lightning. ``share_of_peak`` is the arithmetic of our training per
second over that of a large matrix product in the same precision, counted as the layers have it: where a first
convolution looks letters up (`pooled_convolution`), what it no longer computes is counted, too. Writes
``benchmarks/results/training.tsv|md``, on a GPU (whose mixed precision is then measured) ``training_gpu.tsv|md``.
With TensorFlow installed (extra ``bench``), ``--keras`` measures TBiNet's layers in Keras too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from motiflens.models import architectures, build
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.evaluate import score
from motiflens.models.files import write_text
from motiflens.models.keep_memory import keep_memory
from motiflens.models.loader import CodeCache, Loader, inputs
from motiflens.models.objective import masked_loss
from motiflens.models.optimizers import make_optimizer
from motiflens.models.recipes import recipe
from motiflens.models.train import train

Batch = tuple[Any, Any, int]  # inputs, labels, how many labels are known
CLOCK = time.perf_counter if torch.cuda.is_available() else time.process_time
RESULTS = Path(__file__).resolve().parent / "results"
LENGTHS = {"saresnet": 101, "kegru": 101, "deepbind": 101, "cnn_zeng": 101, "expectation_luo": 101}
OUTPUTS = {"tbinet": 690, "danq": 919, "deepsea": 919}
SIGNALS = {"deepgrn": 2, "factornet": 2}


def main() -> None:
    """Measure all architectures, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--seconds", type=float, default=4.0, help="that a bare loop should take at least")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keras", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        found = keras_tbinet(options) if options.one == "keras" else measure(options.one, options)
        print(json.dumps(found))
        return
    names = options.models.split(",") if options.models else architectures()
    rows = []
    for name in [*names, *(["keras"] if options.keras else [])]:
        more = ["--seconds", str(options.seconds), "--rounds", str(options.rounds)]
        text = subprocess.run(
            [sys.executable, __file__, "--one", name, *more], check=True, capture_output=True, text=True
        ).stdout
        rows.append(json.loads(text.splitlines()[-1]))
        print(" ".join(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
        write(pd.DataFrame(rows), options.results)


def measure(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Measure one architecture in this process."""
    keep_memory(large=True)  # as `interpret train` does
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    how = recipe(name)
    length, outputs = LENGTHS.get(name, 1000), OUTPUTS.get(name, 1)
    rng = np.random.default_rng(0)

    def random_windows(count: int) -> ArrayWindows:
        codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
        labels = (rng.random((count, outputs)) < 0.1).astype(np.float32)
        labels[0], labels[1] = 0, 1
        signals = {f"s{i}": rng.random((count, length)).astype(np.float32) for i in range(SIGNALS.get(name, 0))}
        return ArrayWindows(codes, labels, signals=signals or None)

    few = random_windows(2 * how.batch)
    sizes = {"length": length, "channels": len(few.channels), "outputs": outputs}
    own = {"strategy": "no-init"} if name == "kegru" else {}
    model = build(name, **sizes, **own).to(device)
    optimizer = make_optimizer(how, list(model.parameters()))

    def infer(windows: ArrayWindows) -> float:
        start = CLOCK()
        for _ in score(model, windows, batch_size=how.batch):
            pass
        return CLOCK() - start

    infer(few)  # what is slow only once
    many = random_windows(int(np.clip(np.ceil(options.seconds / infer(few)), 2, 500)) * len(few))
    inference = min(infer(many) for _ in range(options.rounds))
    infer_memory = peak_memory(device)

    def batches_of(windows: ArrayWindows) -> list[Batch]:
        loader = Loader(CodeCache(windows), np.arange(len(windows)), how.batch)
        return [(inputs(step).to(device), step.y.to(device), step.known) for step in loader]

    def bare(batches: list[Batch]) -> float:
        start = CLOCK()
        for x, y, known in batches:
            optimizer.zero_grad()
            with autocast(device):
                logits = model(x, None)
            masked_loss(logits.float(), y, known).backward()
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return CLOCK() - start

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(time, "perf_counter", CLOCK):
            dataset = Dataset("random", "arrays", {"train": windows, "valid": few}, "h")
            short = replace(how, epochs=2, patience=9, average_strands=False, hyperparameters=dict(own))
            run = train(name, dataset, Path(folder) / "run", recipe=short)
            record = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
        seconds: float = record["seconds_training"]  # by the clock that it was given
        return seconds / 2

    model.train()
    probe = batches_of(few)
    bare(probe)
    number = int(np.clip(np.ceil(options.seconds / bare(probe) * len(probe)), 3, 1000))
    count = number * how.batch
    windows = random_windows(count)
    batches = batches_of(windows)
    pairs = [(bare(batches), ours()) for _ in range(options.rounds)]
    bare_time, our_time = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    arithmetic = step_flops(model, *probe[0]) * number / our_time
    return {
        "model": name,
        "length": length,
        "batch": how.batch,
        "batches": number,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "train_per_second": round(count / our_time, 1),
        "bare_per_second": round(count / bare_time, 1),
        "outside": round(max(1 - bare_time / our_time, 0), 3),
        "train_gflop_per_second": round(arithmetic / 1e9, 1),
        "share_of_peak": round(arithmetic / matmul_flops(device), 3),
        "infer_per_second": round(len(many) / inference, 1),
        "infer_memory_mb": infer_memory,
        "train_memory_mb": peak_memory(device),
        "device": _device(),
        "threads": torch.get_num_threads(),
    }


def autocast(device: torch.device) -> torch.autocast:
    """Return the precision in which our training runs on a device: mixed where it has bfloat16."""
    mixed = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


def peak_memory(device: torch.device) -> int:
    """Peak memory in MB: the process's, or what PyTorch took of a GPU's."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def step_flops(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, known: int) -> float:
    """Floating-point operations of products and convolutions in one training step, forward and backward."""
    recurrent = []

    def count(module: torch.nn.Module, given: tuple[torch.Tensor, ...], _: object) -> None:
        # Fused recurrent layers are one operation to PyTorch's counter, which does not know it.
        assert isinstance(module, torch.nn.RNNBase)
        gates = {"LSTM": 4, "GRU": 3}[module.mode]
        both = module.input_size + module.hidden_size
        steps = given[0].shape[0] * given[0].shape[1] * (2 if module.bidirectional else 1)
        recurrent.append(2.0 * steps * gates * module.hidden_size * both)

    hooks = [part.register_forward_hook(count) for part in model.modules() if isinstance(part, torch.nn.RNNBase)]
    mode = model.training
    model.eval()  # in which every layer is called: letters looked up would not be counted
    with FlopCounterMode(display=False) as counter:
        masked_loss(model(x, None), y, known).backward()
    model.train(mode)
    for hook in hooks:
        hook.remove()
    model.zero_grad()
    return counter.get_total_flops() + 3 * sum(recurrent)  # backward: once for the inputs, once for the weights


def matmul_flops(device: torch.device, size: int = 2048, rounds: int = 8) -> float:
    """Floating-point operations per second of the best of some products of square matrices."""
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    best = float("inf")
    with autocast(device), torch.no_grad():
        if device.type == "cuda":
            a, b, rounds = a.bfloat16(), b.bfloat16(), 50
        for _ in range(rounds):
            start = CLOCK()
            torch.mm(a, b)
            if device.type == "cuda":
                torch.cuda.synchronize()
            best = min(best, CLOCK() - start)
    return 2 * size**3 / best


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return platform.processor() or platform.machine()


def keras_tbinet(options: argparse.Namespace) -> dict[str, object]:
    """Measure TBiNet's layers in Keras on the same sizes (needs the extra ``bench``)."""
    try:
        import tensorflow as tf
        import tf_keras as keras
    except ImportError:
        raise SystemExit("--keras needs TensorFlow: pip install motiflens[bench]") from None
    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))  # as PyTorch reads it
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    layers = keras.layers
    x = layers.Input((1000, 4))
    h = layers.MaxPooling1D(13)(layers.Conv1D(320, 26, activation="relu")(x))
    h = layers.Dropout(0.2)(h)
    weights = layers.Softmax(axis=1)(layers.Dense(1)(h))
    h = layers.Bidirectional(layers.LSTM(320, return_sequences=True))(layers.Multiply()([h, weights]))
    h = layers.Flatten()(layers.Dropout(0.5)(h))
    model = keras.Model(x, layers.Dense(690, activation="sigmoid")(layers.Dense(695, activation="relu")(h)))
    model.compile("adam", "binary_crossentropy")
    rng = np.random.default_rng(0)
    count = 200
    data = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (count, 1000))]
    labels = (rng.random((count, 690)) < 0.1).astype(np.float32)
    model.fit(data, labels, batch_size=100, verbose=0)
    start = time.perf_counter()
    model.fit(data, labels, batch_size=100, verbose=0)
    number = int(np.clip(np.ceil(options.seconds / (time.perf_counter() - start) * 2), 3, 1000))
    repeats, count = -(-number * 100 // len(data)), number * 100
    data, labels = np.tile(data, (repeats, 1, 1))[:count], np.tile(labels, (repeats, 1))[:count]
    times = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        model.fit(data, labels, batch_size=100, verbose=0)
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    model.predict(data, batch_size=100, verbose=0)
    return {
        "model": "tbinet (Keras)",
        "length": 1000,
        "batch": 100,
        "batches": number,
        "parameters": model.count_params(),
        "train_per_second": round(count / min(times), 1),
        "bare_per_second": float("nan"),
        "outside": float("nan"),
        "infer_per_second": round(count / (time.perf_counter() - start), 1),
        "train_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "device": "GPU" if tf.config.list_physical_devices("GPU") else platform.machine(),
        "threads": threads or os.cpu_count(),
    }


def write(table: pd.DataFrame, folder: Path) -> None:
    """Write the table as TSV and Markdown."""
    name = "training_gpu" if torch.cuda.is_available() else "training"
    write_text(folder / f"{name}.tsv", table.to_csv(sep="\t", index=False))
    lines = [
        "# Sequences per second of training and inference",
        "",
        "Made by `python benchmarks/training.py`: each architecture at its paper's size and batch; `bare` is a",
        "plain PyTorch loop over batches in memory, `outside` the share of our training time beyond it (side by",
        "side, best of the rounds; on a CPU by the process's own time), `share_of_peak` our training's arithmetic",
        "over that of a product of large matrices (a convolution that looks letters up counts as the products it",
        "replaces), memory the peak (the process's, which begins at some 400 MB; or the GPU's).",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|" + "---|" * len(table.columns),
    ]
    lines += ["| " + " | ".join(str(value) for value in row) + " |" for row in table.itertuples(index=False)]
    write_text(folder / f"{name}.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
