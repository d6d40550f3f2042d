"""Means over the sets of a cell line, and its best setting by validation, on a table made by hand."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from motiflens.models.study.plan import read_plan
from motiflens.models.study.results import best_settings, summary

# cell line, setting -> its two sets' auroc on validation; on test the order is turned round.
VALID = {
    ("GM", "units=50"): (0.70, 0.72),
    ("GM", "units=80"): (0.80, 0.84),
    ("K5", "units=50"): (0.91, 0.95),
    ("K5", "units=80"): (0.60, 0.62),
}


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for (cell, setting), values in VALID.items():
        for number, value in enumerate(values):
            for split, seed in itertools.product(("valid", "test"), (0, 1)):
                rows.append(
                    {
                        "set": f"F{number}_{cell}",
                        "tf": f"F{number}",
                        "cell_type": cell,
                        "task": f"F{number}|{cell}",
                        "model": "kegru",
                        "setting": setting,
                        "seed": seed,
                        "control": "",
                        "split": split,
                        "metric": "auroc",
                        "value": (value if split == "valid" else 1 - value) + (0.01 if seed else -0.01),
                    }
                )
    return pd.DataFrame(rows)


def test_means_over_the_sets_of_a_cell_line(table: pd.DataFrame) -> None:
    means = summary(table, ["cell_type"]).set_index(["cell_type", "setting", "split"])
    assert len(means) == 8
    for (cell, setting), values in VALID.items():
        row = means.loc[(cell, setting, "valid")]
        assert row["mean"] == pytest.approx(sum(values) / 2, abs=1e-12)
        assert row["targets"] == 2, "seeds of a set count once"


def test_the_best_setting_of_a_cell_line_is_chosen_on_validation(table: pd.DataFrame) -> None:
    best = best_settings(table, "auroc").set_index("cell_type")
    assert best["setting"].to_dict() == {"GM": "units=80", "K5": "units=50"}
    assert best["mean"].to_dict() == pytest.approx({"GM": 0.82, "K5": 0.93}, abs=1e-12)


def test_saresnets_plan_has_attention_on_and_off_with_32_and_64_kernels() -> None:
    settings = {
        (model.set.get("attention", True), kernels)
        for model in read_plan("saresnet-690").models
        if model.name == "saresnet" and model.way == "individual"
        for kernels in model.grid["kernels"]
    }
    assert settings == set(itertools.product((True, False), (32, 64)))
