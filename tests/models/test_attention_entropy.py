"""The entropy of attention: closed forms, every kind of attention, and what its penalty does in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.interpret import adapt
from motiflens.models import build, open_run
from motiflens.models.attention_entropy import attention_entropy, row_entropy
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.recipes import Recipe
from motiflens.models.train import train

SIZES = {"kernels": 4, "kernel_size": 8, "pool": 4, "units": 3, "dense": 4}


def test_closed_forms() -> None:
    halves = torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    assert row_entropy(halves, -1).item() == pytest.approx(0.5)
    assert row_entropy(halves.T[None], 1).item() == pytest.approx(0.5)
    assert row_entropy(torch.ones(3, 1), -1).item() == 0.0


@pytest.mark.parametrize(
    ("name", "options"),
    [("tbinet", {}), ("deepgrn", {"attention": "pairwise"}), ("deepgrn", {"attention": "single"}), ("danq", {})],
)
def test_all_attention_is_gathered(name: str, options: dict[str, str]) -> None:
    model = build(name, length=60, **SIZES, **options)
    with attention_entropy(model) as gathered:
        model(torch.eye(4)[torch.zeros(2, 60, dtype=torch.long)].transpose(1, 2))
    assert bool(gathered) == (name != "danq")
    assert all(0 <= value.item() <= 1 + 1e-6 and value.requires_grad for value in gathered)
    assert not any(module._forward_hooks for module in model.modules())


def test_penalty_makes_attention_sparse(tmp_path: Path, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (400, 60)).astype(np.uint8)
    labels = (rng.random((400, 1)) < 0.5).astype(np.float32)
    windows = ArrayWindows(codes, labels)
    data = Dataset("x", "arrays", {"train": windows, "valid": windows, "test": windows}, hash="0")
    entropies = []
    for weight in (0.0, 2.0):
        recipe = Recipe(epochs=3, rate=0.02, batch=50, attention_entropy=weight, hyperparameters=SIZES)
        run = train("tbinet", data, tmp_path / str(weight), recipe=recipe, seed=1)
        weights = adapt(open_run(run.path).model).attention(one_hot(codes)).weights
        entropies.append(row_entropy(torch.from_numpy(weights), -1).item())
    assert entropies[1] < 0.75 * entropies[0]
