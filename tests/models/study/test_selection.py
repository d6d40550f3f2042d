"""What a study selects by: validation and leaderboard; the test split is read once, and last."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from motiflens.models import registry
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.evaluate import evaluate
from motiflens.models.registry import register
from motiflens.models.study import study
from motiflens.models.study.plan import Model
from motiflens.models.study.sets import DataSet

from .small_plans import CNN, SMALL, plan


class Guarded(Windows):
    """Windows that refuse to be read while the guard is up."""

    up = True

    def __init__(self, parent: Windows) -> None:
        self.parent = parent
        self.length, self.channels = parent.length, parent.channels
        self.tasks, self.meta_names = parent.tasks, parent.meta_names
        self.table, self._labels = parent.table, parent.labels

    @property
    def labels(self) -> Any:  # type: ignore[override]
        assert not Guarded.up, "the test split's labels are read before the selection"
        return self._labels

    def codes(self, index: Any) -> Any:
        assert not Guarded.up, "the test split is read before the selection"
        return self.parent.codes(index)

    def signals(self, index: Any) -> Any:
        return self.parent.signals(index)

    def meta(self, index: Any) -> None:
        return None


def test_the_test_split_is_unread_until_the_selection(sets: Path, tmp_path: Path, monkeypatch: Any) -> None:
    opened = DataSet.open

    def guarded(self: DataSet, *given: Any) -> Dataset:
        dataset = opened(self, *given)
        return dataclasses.replace(dataset, splits={**dataset.splits, "test": Guarded(dataset["test"])})

    def tested(step: Any) -> None:
        if step.stage == "testing":
            Guarded.up = False

    monkeypatch.setattr(DataSet, "open", guarded)
    Guarded.up = True
    grid = Model("cnn_zeng", set=SMALL, grid={"rate": [0.01, 0.0001]})
    table = study(plan(sets, grid, seeds=2), tmp_path, progress=tested)
    assert not Guarded.up
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    best = (
        table[(table["split"] == "valid") & (table["metric"] == "auprc")]
        .groupby(["set", "setting"])["value"]
        .mean()
    )
    for name in ("FOS_K562", "JUN_HepG2"):
        final = table[(table["set"] == name) & (table["split"] == "test")]
        assert set(final["setting"]) == {best[name].idxmax()}
        assert set(final["seed"]) == {0, 1}
    files = list(tmp_path.glob("runs/*/*/*/measured_test_*.json"))
    assert len(files) == 4  # one setting's two seeds, in each of two sets: the losers were never tested
    # and the guard does its work: reading any earlier is a failure
    Guarded.up = True
    table = study(plan(sets, CNN), tmp_path / "early")
    assert (table["metric"] == "failed").all()
    assert table["note"].str.contains("before the selection").all()


def test_the_leaderboard_decides(tmp_path: Path, sets: Path, monkeypatch: Any) -> None:
    """Of three runs the second on validation is the best on the leaderboard; the third is not looked at again."""
    grid = Model("cnn_zeng", set=SMALL, grid={"dense": [8, 9, 10]})
    chosen = plan(sets, grid, sets=("FOS_K562",), best=2, leaderboard="")
    valid = {8: 0.9, 9: 0.8, 10: 0.7}
    board = {8: 0.5, 9: 0.6, 10: 0.99}
    opened = DataSet.open
    monkeypatch.setattr(DataSet, "open", lambda self, *given: _with_leaderboard(opened(self, *given)))
    real = evaluate
    looked: list[int] = []

    def constructed(run: Any, dataset: Dataset, **options: Any) -> pd.DataFrame:
        table = real(run, dataset, **options)
        if options["split"] == "leaderboard":
            dense = run.model.hyperparameters["dense"]
            looked.append(dense)
            table["auprc"] = board[dense]
        return table

    monkeypatch.setattr("motiflens.models.study.measure.evaluate", constructed)
    module = sys.modules["motiflens.models.study.study"]  # the package's attribute is the function
    monkeypatch.setattr(module._Study, "score", lambda self, member: valid[dict(member.setting)["dense"]])
    table = study(chosen, tmp_path)
    assert sorted(looked) == [8, 9]
    assert set(table[table["split"] == "test"]["setting"]) == {"dense=9"}
    assert set(table[table["final"]]["setting"]) == {"dense=9"}


def _with_leaderboard(dataset: Dataset) -> Dataset:
    return dataclasses.replace(dataset, splits={**dataset.splits, "leaderboard": dataset["valid"]})


PLACES = (0, 3, 6)  # of the base that a model looks at


class OnePlace(nn.Module):
    """Tells bound windows by the base at one place."""

    def __init__(self, place: int = 0) -> None:
        super().__init__()
        self.place = place
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * (8 * x[:, :1, self.place] - 4)


def places_set(path: Path, shares: dict[int, float], n: int) -> None:
    """Write windows whose base at each place is A where they are bound, and C where not, in a share of them."""
    rng = np.random.default_rng(n)
    lines = ["FoldID\tEventID\tseq\tBound\n"]
    for row in range(n):
        bases = rng.choice(list("CGT"), 20)
        for place, share in shares.items():
            agrees = (row // 2 % 20) < round(20 * share)
            bases[place] = "A" if agrees == bool(row % 2) else "C"
        lines.append(f"A\ts{row}\t{''.join(bases)}\t{row % 2}\n")
    path.write_text("".join(lines))


def test_validations_best_is_not_the_leaderboards(tmp_path: Path, monkeypatch: Any) -> None:
    """G18, constructed: place 0 is best on validation, place 3 on the leaderboard, place 6 on the test split.

    The two best on validation are measured on the leaderboard; place 6, which would win there too, is not among
    them. The test split cannot be read before, and is read for place 3 alone.
    """
    monkeypatch.setitem(registry._REGISTERED, "one_place", None)  # so that it goes again
    register("one_place")(OnePlace)
    for folder in ("sets", "board"):
        (tmp_path / folder).mkdir()
    places_set(tmp_path / "sets" / "FOS_K562.AC.seq", {0: 1.0, 3: 0.8, 6: 0.6}, 400)
    places_set(tmp_path / "sets" / "FOS_K562.B.seq", {0: 0.6, 3: 0.7, 6: 1.0}, 80)
    places_set(tmp_path / "board" / "FOS_K562.AC.seq", {}, 40)
    places_set(tmp_path / "board" / "FOS_K562.B.seq", {0: 0.6, 3: 0.9, 6: 1.0}, 80)
    opened = DataSet.open

    def guarded(self: DataSet, *given: Any) -> Dataset:
        dataset = opened(self, *given)
        return dataclasses.replace(dataset, splits={**dataset.splits, "test": Guarded(dataset["test"])})

    stages: list[str] = []

    def told(step: Any) -> None:
        stages.append(step.stage)
        Guarded.up = step.stage != "testing"

    monkeypatch.setattr(DataSet, "open", guarded)
    Guarded.up = True
    small = {"epochs": 1, "rate": 1e-9, "batch": 20, "reverse_complement": False, "average_strands": False}
    chosen = plan(
        tmp_path / "sets",
        Model("one_place", set=small, grid={"place": list(PLACES)}),
        best=2,
        metric="auroc",
        leaderboard=str(tmp_path / "board" / "FOS_K562.AC.seq"),
    )
    table = study(chosen, tmp_path / "out", progress=told)
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    assert list(dict.fromkeys(stages)) == ["training", "leaderboard", "testing"]
    measured = table[table["metric"] == "auroc"].set_index(["split", "setting"])["value"].to_dict()
    assert measured == pytest.approx(
        {
            ("valid", "place=0"): 1.0,
            ("valid", "place=3"): 0.8,
            ("valid", "place=6"): 0.6,
            ("leaderboard", "place=0"): 0.6,
            ("leaderboard", "place=3"): 0.9,
            ("test", "place=3"): 0.7,
        },
        abs=0.12,  # validation is a tenth, drawn at random
    )
    assert set(table[table["final"]]["setting"]) == {"place=3"}
