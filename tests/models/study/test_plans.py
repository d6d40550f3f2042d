"""The papers' plans as they ship: each parses, expands on the built-in data, and runs in its tiniest form."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from motiflens.models.run import open_run
from motiflens.models.study import read_plan, shipped_plans, study
from motiflens.models.study.member import members
from motiflens.models.study.plan import Model, Plan
from motiflens.models.study.sets import data_sets

# Of each plan: architectures, ways, and what is varied, by the paper (issue's and specs' words).
EXPECTED: dict[str, tuple[set[str], set[str], set[str]]] = {
    "deepgrn-dream": ({"deepgrn", "factornet"}, {"individual"}, {"merge", "rate"}),
    "tbinet-690": ({"tbinet", "danq", "deepsea"}, {"individual"}, set()),
    "saresnet-690": (
        {"saresnet", "gkm_svm", "deepbind", "deeptf", "cnn_zeng", "expectation_luo"},
        {"individual", "global", "transfer"},
        {"kernels", "freeze"},
    ),
    "kegru-125": (
        {"kegru", "gkm_svm", "deepbind", "cnn_zeng"},
        {"individual"},
        {"units", "optimizer", "k", "stride", "dimension"},
    ),
}


def test_each_is_known() -> None:
    assert shipped_plans() == sorted(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_expands_on_the_built_in_data(name: str) -> None:
    """Every training of the plan, whole and cut down, has a recipe; none is trained here."""
    whole = read_plan(name)
    assert whole.data is None
    names, ways, varied = EXPECTED[name]
    assert {model.name for model in whole.models} == names
    assert {model.way for model in whole.models} == ways
    assert {key for model in whole.models for key in model.grid} == varied
    for cut in (whole, whole.small()):
        sets = data_sets(cut)
        planned = members(cut, sets, "out")
        assert len({member.folder for member in planned}) == len(planned) > len(sets)
        assert {member.model.name for member in planned} == names | set(cut.controls)
    assert len(planned) <= len(members(whole, data_sets(whole), "out"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small genome in the format of the built-in data."""
    path = Path(__file__).resolve().parents[2] / "analyses" / "small_world.py"
    spec = importlib.util.spec_from_file_location("small_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Path(module.make_folder(tmp_path_factory.mktemp("world")))


def tiniest(plan: Plan, data: Path) -> Plan:
    """Cut a plan down to one value of each grid, few windows and one epoch."""

    def cut(model: Model) -> Model:
        few: dict[str, Any] = {"epochs": 1, "epoch_windows": 40, "valid_windows": 60}
        if model.name == "gkm_svm":
            few = {"most": 20, "word": 6, "informative": 4, "mismatches": 2}
        grid = {key: values[:1] for key, values in model.grid.items()}
        return dataclasses.replace(model, grid=grid, set={**model.set, **few})

    models = tuple(cut(model) for model in plan.small().models)
    return dataclasses.replace(plan.small(), models=models, data=str(data), shuffled=())


def test_window_lengths_are_swept(world: Path, tmp_path: Path) -> None:
    """G07: one model of each of several input ranges, measured on validation (`interpret sweep` draws them)."""
    few = {"epochs": 1, "epoch_windows": 40, "valid_windows": 60, "kernels": 4, "kernel_size": 8, "dense": 4}
    model = Model("cnn_zeng", set=few, grid={"length": [160, 240, 320]})
    table = study(Plan((model,), data=str(world), controls=(), metric="auroc"), tmp_path)
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    runs = {path.name: open_run(path).model.length for path in tmp_path.glob("runs/X/cnn_zeng/*")}
    assert runs == {f"length={length},seed=0": length for length in (160, 240, 320)}
    valid = table[(table["split"] == "valid") & (table["metric"] == "auroc")]
    assert set(valid["setting"]) == {"length=160", "length=240", "length=320"}
    assert valid["value"].between(0, 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_runs(name: str, world: Path, tmp_path: Path) -> None:
    """K18, S26, S27: each of the paper's models and baselines has its row of test measures in one table."""
    if "gkm_svm" in EXPECTED[name][0]:
        pytest.importorskip("gkmsvm")
    chosen = tiniest(read_plan(name), world)
    table = study(chosen, tmp_path)
    assert not (table["metric"] == "failed").any(), table[table["metric"] == "failed"][["model", "note"]].values
    tested = table[(table["split"] == "test") & (table["metric"] == chosen.metric)]
    assert set(tested["model"]) == {model.label for model in chosen.with_controls}
    assert tested["value"].between(0, 1).all()
