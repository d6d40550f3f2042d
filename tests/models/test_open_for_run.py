"""Opening data as a recipe, or an earlier training, wants them."""

from __future__ import annotations

from pathlib import Path

import pytest

from motiflens.models import build
from motiflens.models.data.options import Options
from motiflens.models.data.simulate import simulate
from motiflens.models.open_for_run import open_as_trained, open_for_training
from motiflens.models.recipes import recipe
from motiflens.models.run import Run, open_run, save_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small simulated data set."""
    out = tmp_path_factory.mktemp("opening") / "tiny"
    simulate(out, preset="tiny")
    return str(out)


def _run(path: Path, source: str | None, options: dict[str, object]) -> Run:
    model = build("deepbind", length=101)
    data = {"options": options} if source is None else {"source": source, "options": options}
    return open_run(save_run(path, model, {"data": data}))


def test_sequence_models_get_every_task_and_no_signals(folder: str) -> None:
    windows = open_for_training(folder, recipe("tbinet")).example
    assert len(windows.tasks) == 16
    assert windows.channels == ("A", "C", "G", "T")
    assert windows.meta_names == ()


def test_a_model_that_reads_signals_gets_the_first_tf_and_a_note(folder: str) -> None:
    dataset = open_for_training(folder, recipe("deepgrn"))
    assert dataset.options["tf"] == "CTCF"
    assert {"uniqueness", "dnase"} <= set(dataset.example.channels)
    assert len(dataset.example.meta_names) > 0
    assert any("CTCF is taken" in note for note in dataset.notes)


def test_the_sequence_alone_of_one_tf_has_no_features_of_the_cell(folder: str) -> None:
    """SAResNet and others take neither signals nor meta."""
    windows = open_for_training(folder, recipe("saresnet"), Options(tf="MAX")).example
    assert windows.tasks == ("MAX",)
    assert windows.channels == ("A", "C", "G", "T")
    assert windows.meta_names == ()


def test_options_go_before_the_recipe(folder: str) -> None:
    dataset = open_for_training(folder, recipe("deepgrn"), Options(signals=(), length=300))
    assert len(dataset.example.tasks) == 16
    assert dataset.example.length == 300


def test_a_run_is_opened_as_it_was_trained(folder: str, tmp_path: Path) -> None:
    run = _run(tmp_path / "run", folder, {"tf": "MAX", "signals": ["dnase"], "length": 300, "seed": 3})
    windows = open_as_trained(run).example
    assert (windows.tasks, windows.channels[4:], windows.length) == (("MAX",), ("dnase",), 300)
    other = open_as_trained(run, options=Options(tf="CTCF"))
    assert other.example.tasks == ("CTCF",)
    assert other.options["seed"] == 3


def test_a_run_without_data_asks_for_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--data"):
        open_as_trained(_run(tmp_path / "run", None, {}))


def test_an_imported_model_gets_its_length_signals_and_tf(folder: str, tmp_path: Path) -> None:
    model = build("deepgrn", length=402, channels=5, attention="none", kernels=4, units=3, dense=4)
    config = {"tasks": ["MAX"], "channels": ["A", "C", "G", "T", "dnase"], "data": {"kind": "published"}}
    run = open_run(save_run(tmp_path / "max", model, config))
    windows = open_as_trained(run, folder).example
    assert (windows.tasks, windows.channels[4:], windows.length) == (("MAX",), ("dnase",), 402)
    other = open_run(save_run(tmp_path / "other", model, {**config, "tasks": ["HNF4A"]}))
    with pytest.raises(ValueError, match="predicts HNF4A"):
        open_as_trained(other, folder)
    assert open_as_trained(other, folder, Options(tf="CTCF")).example.tasks == ("CTCF",)
