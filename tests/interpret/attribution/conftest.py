"""Small models of every architecture, and windows with everything that can be odd about windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.registry import build

LENGTH = 60
SMALL: dict[str, dict[str, Any]] = {
    "cnn_zeng": {"kernels": 6, "kernel_size": 8, "dense": 5},
    "danq": {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 10},
    "deepbind": {"kernels": 6, "kernel_size": 8, "hidden": 5},
    "deepgrn": {"kernels": 6, "kernel_size": 8, "units": 5, "dense": 6},
    "deepsea": {"kernels": (6, 7, 8), "kernel_size": 4, "pool": 2, "dense": 9},
    "deeptf": {"n": 2, "kernels": 5, "kernel_sizes": (3, 5), "pool": 4, "units": 5, "dense": 6},
    "bpnet": {"kernels": 6, "kernel_size": 9, "dilations": 3},
    "expectation_luo": {"kernels": 6, "kernel_size": 8, "dense": 5},
    "factornet": {"kernels": 6, "kernel_size": 8, "units": 5, "dense": 6},
    "gkm_svm": {"word": 6, "informative": 4, "mismatches": 2, "supports": (9,), "support_length": 40},
    "kegru": {"k": 3, "stride": 2, "dimension": 6, "units": 5},
    "kmer_logistic": {"k": 4},
    "pwm": {},
    "saresnet": {"kernels": 8, "attention_size": 4, "dense": 5, "blocks": (1, 2)},
    "tbinet": {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 10},
}
WITH_SIGNALS = ("deepgrn", "factornet")


class Case(NamedTuple):
    """A model and windows for it."""

    model: SequenceModel
    x: Tensor  # 4, C, LENGTH: leading N, N within, all known, all N
    meta: Tensor | None


def make(name: str, *, dtype: torch.dtype = torch.float64, seed: int = 1, **own: Any) -> Case:
    """Make a small model with weights that are far from 0, and windows."""
    signals, meta = (2, 3) if name in WITH_SIGNALS else (0, 0)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build(
            name, length=LENGTH, channels=4 + signals, outputs=2, meta=meta, **{**SMALL.get(name, {}), **own}
        ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.25)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (4, LENGTH))
    x = np.zeros((4, 4 + signals, LENGTH))
    for window, row in enumerate(codes):
        x[window, row, np.arange(LENGTH)] = 1
    x[0, :4, :7] = 0
    x[1, :4, 30:33] = 0
    x[3, :4] = 0
    x[:, 4:] = rng.random((4, signals, LENGTH))
    extra = torch.from_numpy(rng.standard_normal((4, meta))).to(dtype) if meta else None
    return Case(model.eval().to(dtype), torch.from_numpy(x).to(dtype), extra)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Models this small only lose by threads, and lose much where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    """Return `make`."""
    return make
