"""A TBiNet whose kernels are known motifs, and windows in which these are planted: no training needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.models import Run, build, open_run, save_run
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.types import Integers

FACTORS = {"CTCF": "MA0139.2", "FOXA1": "MA0148.5", "MAX": "MA0058.4", "SPI1": "MA0080.7"}
LENGTH = 160


def model(*, noise: int = 2) -> SequenceModel:
    """One kernel per factor (its log-odds) and some at random; attention follows the strongest activation."""
    torch.manual_seed(0)
    tbinet = build(
        "tbinet",
        length=LENGTH,
        outputs=len(FACTORS),
        kernels=len(FACTORS) + noise,
        kernel_size=20,
        pool=5,
        units=4,
        dense=8,
    )
    state = dict(tbinet.named_parameters())
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        state["convolution.weight"].copy_(
            torch.randn(state["convolution.weight"].shape, generator=generator) * 0.1
        )
        for k, motif in enumerate(jaspar(ids=list(FACTORS.values()))):
            scores = np.log2((motif.ppm + 0.01) / 0.26)
            low = (20 - motif.width) // 2
            state["convolution.weight"][k] = 0
            state["convolution.weight"][k, :, low : low + motif.width] = torch.tensor(
                scores.T, dtype=torch.float32
            )
            state["convolution.bias"][k] = -0.3 * float(scores.max(axis=1).sum())
        state["score.weight"].fill_(0)
        state["score.weight"][0, : len(FACTORS)] = 1.0
        state["output.weight"].mul_(0.1)
        state["output.bias"].fill_(2.0)
    return tbinet.eval()


def windows(rng: np.random.Generator, count: int = 240) -> tuple[ArrayWindows, Integers]:
    """Each window holds one factor's site (its label), or none; also where the site's middle is (-1 for none)."""
    motifs = jaspar(ids=list(FACTORS.values()))
    codes = rng.integers(0, 4, (count, LENGTH)).astype(np.uint8)
    labels = np.zeros((count, len(motifs)), dtype=np.float32)
    middle = np.full(count, -1, dtype=np.int64)
    for row in range(count):
        k = row % (len(motifs) + 1)
        if k == len(motifs):
            continue
        site = np.array([rng.choice(4, p=column) for column in motifs[k].ppm], dtype=np.uint8)
        at = int(rng.integers(20, LENGTH - 20 - len(site)))
        codes[row, at : at + len(site)] = site if rng.random() < 0.5 else reverse_complement(site)
        labels[row, k] = 1
        middle[row] = at + len(site) // 2
    dnase = np.ones((count, LENGTH), dtype=np.float32)
    dnase[::7, 50] = 100.0  # a distinct peak: 100 against a mean of 1.6
    tasks = tuple(f"{name}|cell" for name in FACTORS)
    return ArrayWindows(codes, labels, tasks=tasks, tracks={"dnase": dnase}), middle


def dataset(rng: np.random.Generator) -> Dataset:
    """The windows as the test split of a data set."""
    test, _ = windows(rng, 400)
    return Dataset("planted", "arrays", {"test": test}, hash="0" * 64)


def run(folder: Path, *, noise: int = 2) -> Run:
    """Save the model as a run and open it."""
    path = save_run(folder / "run", model(noise=noise), {"tasks": [f"{name}|cell" for name in FACTORS]})
    return open_run(path)
