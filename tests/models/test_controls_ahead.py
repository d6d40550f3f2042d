"""Controls that another process makes ahead are those that would be made, and are made once."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.models import build, open_run, save_run
from motiflens.models.controls_ahead import Opening, controls_ahead
from motiflens.models.data.one_hot import decode
from motiflens.models.data.windows import Dataset
from motiflens.models.kept_controls import controls_file, made_ahead
from motiflens.models.open_for_run import open_for_training
from motiflens.models.recipes import recipe

CONTROLS = importlib.import_module("motiflens.models.controls")


@pytest.fixture
def opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> Opening:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    data = tmp_path / "small.seq"
    rows = [f"A\ts{i}\t{decode(rng.integers(0, 4, 60).astype(np.uint8))}\t{i % 2}" for i in range(300)]
    data.write_text("\n".join(["FoldID\tEventID\tseq\tBound", *rows]) + "\n")
    return Opening(str(data), recipe("deepbind"), None)


def opened(opening: Opening) -> tuple[Dataset, str]:
    dataset = open_for_training(*opening)
    return dataset, next(name for name in ("test", "valid") if name in dataset.splits)


def test_made_ahead_is_what_would_be_made(
    opening: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, split = opened(opening)
    with controls_ahead(opening, dataset, split):
        pass
    expected = CONTROLS.controls(dataset["train"], dataset[split])
    assert len(expected) == 2
    found = pd.DataFrame(made_ahead(dataset, split, 0))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    model = build("deepbind", length=60, outputs=1, kernels=2, kernel_size=4, hidden=2)
    config = {"tasks": list(dataset.example.tasks), "data": {"hash": dataset.hash, "source": opening.source}}
    run = open_run(save_run(tmp_path / "run", model, config))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(CONTROLS, "controls", never)
    table = CONTROLS.controls_of(run, dataset, split)
    pd.testing.assert_frame_equal(table[["auroc", "auprc"]], expected[["auroc", "auprc"]], check_exact=True)
    with pytest.raises(AssertionError, match="made again"):  # other choice of windows
        CONTROLS.controls_of(run, dataset, split, seed=1)
    controls_file(dataset, split, 0).write_text("{")  # a damaged file is not read
    (tmp_path / "run" / CONTROLS.FILE).unlink()
    with pytest.raises(AssertionError, match="made again"):
        CONTROLS.controls_of(run, dataset, split)


def test_an_error_within_ends_the_process(opening: Opening) -> None:
    dataset, split = opened(opening)
    with pytest.raises(KeyError), controls_ahead(opening, dataset, split):
        raise KeyError
    assert not controls_file(dataset, split, 0).exists()


def test_one_core_makes_nothing_ahead(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    dataset, split = opened(opening)
    with controls_ahead(opening, dataset, split):
        pass
    assert made_ahead(dataset, split, 0) is None


def test_the_process_has_a_core_of_its_own(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads of a training on two cores, one of which makes controls, were five times as slow as one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    dataset, split = opened(opening)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with controls_ahead(opening, dataset, split):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 3
        with controls_ahead(opening, dataset, split):  # they are there: nothing is done beside
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
