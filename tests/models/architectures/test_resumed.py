"""Every architecture's training, cut off and gone on with, is to the bit that which was not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.progress import Step
from motiflens.models.recipes import Recipe
from motiflens.models.registry import architecture as architecture_of
from motiflens.models.train import train

from .cases import CASES

# One case each, of sequence alone: there the first layer's letters and its dropout take a way of their own.
NAMES = {case.name: name for name, case in reversed(CASES.items()) if case.channels == 4 and not case.meta}
FITTED = {name for name in NAMES if issubclass(architecture_of(name), FittedModel)}


def made_up(architecture: str) -> tuple[Dataset, Recipe]:
    case = CASES[NAMES[architecture]]
    rng = np.random.default_rng(0)
    windows = ArrayWindows(
        rng.integers(0, 4, (60, case.length)).astype(np.uint8), (rng.random((60, 1)) < 0.5).astype(np.float32)
    )
    data = Dataset("made up", "arrays", {"train": windows, "valid": windows}, "a hash")
    return data, Recipe(rate=0.01, batch=10, epochs=2, hyperparameters=case.options)


@pytest.mark.parametrize("architecture", sorted(FITTED))
def test_fitted_in_one_go_and_killed_after_any_of_its_files(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, recipe = made_up(architecture)
    whole = train(architecture, data, tmp_path / "whole", recipe=recipe)
    rename, left = Path.replace, 0

    def renamed(part: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise RuntimeError("killed")
        left -= 1
        return rename(part, target)

    killed = 0
    while True:
        out, left = tmp_path / f"cut{killed}", killed
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", renamed)
            try:
                train(architecture, data, out, recipe=recipe)
            except RuntimeError:
                killed += 1
            else:
                break
        resumed = train(architecture, data, out, recipe=recipe, resume=True)
        assert resumed.weights_hash == whole.weights_hash
        measures = [json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path / "whole", out)]
        assert measures[1]["finished"]
        assert measures[1]["valid"] == measures[0]["valid"]
    assert killed >= 5  # configuration, weights, log, measures before and after the end


@pytest.mark.parametrize("architecture", sorted(NAMES.keys() - FITTED))
def test_resumed_equals_uninterrupted(architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiflens.models.training_log._EVERY", 0.0)  # a checkpoint after every batch
    data, recipe = made_up(architecture)
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
