"""Every architecture's training, cut off within an epoch and gone on with, is to the bit that which was not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.progress import Step
from motiflens.models.recipes import Recipe
from motiflens.models.train import train

from .cases import CASES

# One case each, of sequence alone: there the first layer's letters and its dropout take a way of their own.
NAMES = {case.name: name for name, case in reversed(CASES.items()) if case.channels == 4 and not case.meta}


@pytest.mark.parametrize("architecture", sorted(NAMES))
def test_resumed_equals_uninterrupted(architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if architecture in ("gkm_svm", "kmer_logistic", "pwm"):
        pytest.skip("fitted in one go")
    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)  # a checkpoint after every batch
    case = CASES[NAMES[architecture]]
    rng = np.random.default_rng(0)
    windows = ArrayWindows(
        rng.integers(0, 4, (60, case.length)).astype(np.uint8), (rng.random((60, 1)) < 0.5).astype(np.float32)
    )
    data = Dataset("made up", "arrays", {"train": windows, "valid": windows}, "a hash")
    recipe = Recipe(rate=0.01, batch=10, epochs=2, hyperparameters=case.options)
    whole = train(architecture, data, tmp_path / "whole", recipe=recipe)

    def die(at: Step) -> None:
        if at.note.startswith("epoch 1/") and 20 < at.done < at.total:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train(architecture, data, tmp_path / "cut", recipe=recipe, progress=die)
    resumed = train(architecture, data, tmp_path / "cut", recipe=recipe, resume=True)
    last = [torch.load(tmp_path / name / "last.ckpt", weights_only=True)["model"] for name in ("whole", "cut")]
    assert resumed.weights_hash == whole.weights_hash
    for key, value in last[0].items():
        assert torch.equal(value, last[1][key]), key
