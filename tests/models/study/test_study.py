"""Studies: what is trained, what is selected and by what, what is read when, and what survives a kill."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motiflens.models.evaluate import evaluate
from motiflens.models.executor import Workers
from motiflens.models.run import open_run
from motiflens.models.run_files import METRICS as METRICS_FILE
from motiflens.models.study import Plan, read_plan, shipped_plans, study
from motiflens.models.study.member import DIVERGED, Member
from motiflens.models.study.plan import External, Model
from motiflens.models.study.sets import DataSet, data_sets
from motiflens.models.unfinished import LOCK
from motiflens.models.validation import DivergedTraining

from .small_plans import CNN, SMALL, plan


def values(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="seconds")


@pytest.fixture(scope="module")
def whole(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """An uninterrupted study in this process."""
    out = tmp_path_factory.mktemp("study")
    return out, study(_standard(sets), out)


def _standard(sets: Path) -> Plan:
    return plan(sets, CNN, seeds=2, controls=("kmer_logistic",), shuffled=("shuffled_labels",))


def test_results(whole: tuple[Path, pd.DataFrame], sets: Path) -> None:
    out, table = whole
    read = pd.read_csv(out / "results.tsv", sep="\t", keep_default_na=False)
    assert {"set", "model", "seed", "split", "metric", "value"} <= set(read.columns)
    assert set(read["tf"]) == {"FOS", "JUN"}
    assert set(read["cell_type"]) == {"K562", "HepG2"}
    assert set(read["size_class"]) == {"small"}
    chosen = table[(table["metric"] == "auroc") & (table["control"] == "")]
    counts = chosen.groupby(["model", "split"]).size().to_dict()
    assert counts == {
        ("cnn_zeng", "test"): 4,
        ("cnn_zeng", "valid"): 4,
        ("kmer_logistic", "test"): 2,
        ("kmer_logistic", "valid"): 2,
    }
    # each value is what evaluate says of the run, on the set's own test file
    row = chosen[(chosen["model"] == "cnn_zeng") & (chosen["split"] == "test")].iloc[1]
    run = open_run(out / "runs" / row["set"] / "cnn_zeng" / f"default,seed={row['seed']}")
    (data,) = [data for data in data_sets(_standard(sets)) if data.name == row["set"]]
    expected = evaluate(run, data.open(_member(data).recipe(), {}))["auroc"].iloc[0]
    assert row["value"] == pytest.approx(expected, abs=1e-12)
    means = pd.read_csv(out / "means.tsv", sep="\t", keep_default_na=False)
    mean = means[(means["model"] == "cnn_zeng") & (means["split"] == "test") & (means["metric"] == "auroc")]
    own = chosen[(chosen["model"] == "cnn_zeng") & (chosen["split"] == "test")]
    per_set = own.groupby("set")["value"].mean()
    assert float(mean[mean["control"] == ""]["mean"].iloc[0]) == pytest.approx(per_set.mean(), rel=1e-5)


def _member(data: DataSet) -> Member:
    return Member((data,), CNN, "paper", (), 0, "", "out")


def test_shuffled_labels_teach_nothing(whole: tuple[Path, pd.DataFrame]) -> None:
    table = whole[1]
    tested = table[(table["split"] == "test") & (table["metric"] == "auroc") & (table["model"] == "cnn_zeng")]
    means = tested.groupby("control")["value"].mean()
    assert means[""] > 0.85
    assert abs(means["shuffled_labels"] - 0.5) < 0.3
    assert means["shuffled_labels"] < means[""] - 0.15


def test_a_second_call_changes_nothing(whole: tuple[Path, pd.DataFrame], sets: Path, monkeypatch: Any) -> None:
    out, _ = whole
    monkeypatch.setattr("motiflens.models.study.member.train", None)
    before = (out / "results.tsv").read_bytes()
    study(_standard(sets), out)
    assert (out / "results.tsv").read_bytes() == before


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker(
    whole: tuple[Path, pd.DataFrame], sets: Path, tmp_path: Path, dask_cluster: Any
) -> None:
    killed: list[int] = []

    def kill(step: Any) -> None:
        if step.stage == "training" and step.done >= 1 and not killed:
            pid = next(iter(dask_cluster.workers.values())).pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    table = study(_standard(sets), tmp_path, workers=Workers(dask=dask_cluster.scheduler_address), progress=kill)
    assert killed
    pd.testing.assert_frame_equal(values(table), values(whole[1]))


@pytest.mark.slow
def test_killed_twice_and_resumed_with_two_processes(
    whole: tuple[Path, pd.DataFrame], sets: Path, tmp_path: Path
) -> None:
    """SIGKILL while runs train, twice; then the same command ends with the table of the uninterrupted study."""
    text = PLAN.format(data=sets)
    (tmp_path / "plan.toml").write_text(text)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", "study", str(tmp_path / "plan.toml")]
    command += ["--out", str(out), "--processes", "2"]
    for runs in (1, 3):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait_for(lambda runs=runs: len(list(out.glob("runs/*/*/*/last.ckpt"))) >= runs, running)  # type: ignore[misc]
        running.send_signal(signal.SIGKILL)
        running.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    table = pd.read_csv(out / "results.tsv", sep="\t", keep_default_na=False)
    expected = pd.read_csv(whole[0] / "results.tsv", sep="\t", keep_default_na=False)
    pd.testing.assert_frame_equal(values(table), values(expected))
    assert (out / "models.tsv").is_file()
    assert (out / "models.svg").is_file()


PLAN = """
data = "{data}"
seeds = 2
controls = ["kmer_logistic"]
shuffled = ["shuffled_labels"]

[[models]]
name = "cnn_zeng"
set = {{kernels = 16, kernel_size = 8, dense = 8, epochs = 8, batch = 20, optimizer = "adam", rate = 0.02}}
"""


def _wait_for(condition: Any, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while not condition() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def test_what_a_killed_study_left_goes(sets: Path, tmp_path: Path) -> None:
    """Killed after a run was finished: its lock and an unfinished file stayed for good."""
    few = plan(sets, Model("kmer_logistic"), sets=("FOS_K562",))
    study(few, tmp_path)
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    (run,) = tmp_path.glob("runs/*/*/*")
    unfinished = run / ".metrics.json.0a_b1c2d.part"
    unfinished.mkdir()
    for folder in (run, unfinished):
        (folder / LOCK).touch()
    study(few, tmp_path)
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} == before


def test_one_failure_is_a_row(sets: Path, tmp_path: Path) -> None:
    broken = Model("cnn_zeng", label="broken", set={**SMALL, "kernel_size": 90})
    table = study(plan(sets, CNN, broken), tmp_path)
    failed = table[table["metric"] == "failed"]
    assert set(failed["model"]) == {"broken"}
    assert len(failed) == 2
    assert failed["note"].str.contains("cnn_zeng needs windows of at least").all()
    assert (
        len(table[(table["model"] == "cnn_zeng") & (table["split"] == "test") & (table["metric"] == "auroc")]) == 2
    )


def test_divergence_is_retried_once_at_a_third(sets: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from motiflens.models.study import member as module

    rates: list[float] = []
    real = module.train

    def train(*given: Any, recipe: Any, **options: Any) -> Any:
        rates.append(recipe.rate)
        if recipe.rate > 0.009:
            raise DivergedTraining("training diverged")
        return real(*given, recipe=recipe, **options)

    monkeypatch.setattr(module, "train", train)
    wild = Model("cnn_zeng", label="wild", set={**SMALL, "rate": 0.9})
    table = study(plan(sets, CNN, wild, sets=("FOS_K562",)), tmp_path)
    np.testing.assert_allclose(rates, [0.02, 0.02 / 3, 0.9, 0.3], rtol=1e-12)
    calm = table[table["model"] == "cnn_zeng"]
    assert set(calm["note"]) == {"diverged at rate 0.02, begun anew at 0.00666667"}
    assert "test" in set(calm["split"])
    (failed,) = table[table["model"] == "wild"].to_dict("records")
    assert failed["metric"] == "failed"
    assert failed["note"] == "diverged at rate 0.9, begun anew at 0.3; training diverged"
    assert (tmp_path / "runs" / "FOS_K562" / "wild" / "default,seed=0" / DIVERGED).is_file()


def test_a_nan_is_a_divergence(sets: Path, tmp_path: Path) -> None:
    wild = Model("cnn_zeng", set={**SMALL, "optimizer": "sgd", "rate": 1000.0, "decay": 10.0})
    table = study(plan(sets, wild, sets=("FOS_K562",)), tmp_path)
    assert table["metric"].tolist() == ["failed"]
    assert table["note"].iloc[0].startswith("diverged at rate 1000, begun anew at 333.333; training diverged")


def test_transfer(sets: Path, tmp_path: Path) -> None:
    ways = [Model("cnn_zeng", way=way, set=SMALL) for way in ("transfer", "global", "individual")]
    frozen = dataclasses.replace(ways[0], grid={"freeze": ["", "convolution"]})
    table = study(plan(sets, frozen, *ways[1:]), tmp_path)
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    tested = table[(table["split"] == "test") & (table["metric"] == "auroc")]
    assert tested.groupby("model")["set"].nunique().to_dict() == {
        "cnn_zeng": 2,
        "cnn_zeng global": 2,
        "cnn_zeng transfer": 2,
    }
    start = open_run(next(tmp_path.glob("runs/*all*/*/*")))
    weights = {name: tensor.clone() for name, tensor in start.model.named_parameters()}
    for freeze in ("", "convolution"):
        run = open_run(tmp_path / "runs" / "FOS_K562" / "cnn_zeng_transfer" / f"freeze={freeze},seed=0")
        assert run.config["training"]["init_from"]["weights_hash"] == start.weights_hash
        same = [bool((tensor == weights[name]).all()) for name, tensor in run.model.named_parameters()]
        assert same[0] == bool(freeze)
        assert not all(same)


def test_what_cannot_be_tested_is_refused_before_training(sets: Path, tmp_path: Path) -> None:
    for given, message in (
        (External("x", "NONE", "x.tsv"), "scores of x: there is no data set 'NONE'"),
        (External("x", "FOS_K562", str(tmp_path / "none.tsv")), "none.tsv does not exist"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            study(plan(sets, CNN, external=(given,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_external_scores(sets: Path, tmp_path: Path) -> None:
    (data,) = data_sets(plan(sets, sets=("FOS_K562",)))
    test = data.open(_member(data).recipe(), {})["test"]
    rows = [f"{name}\t{label + 0.1}" for name, label in zip(test.table["name"], test.labels[:, 0], strict=True)]
    (tmp_path / "scores.tsv").write_text("window\tscore\n" + "\n".join(reversed(rows)) + "\n")
    other = External("oracle", "FOS_K562", str(tmp_path / "scores.tsv"))
    table = study(plan(sets, sets=("FOS_K562",), external=(other,)), tmp_path / "out")
    oracle = table[(table["model"] == "oracle") & (table["metric"] == "auroc")]
    assert oracle["value"].tolist() == [1.0]
    (tmp_path / "scores.tsv").write_text("\n".join(rows[1:]) + "\n")
    with pytest.raises(ValueError, match=r"has no score for the window seq_00000 \(1 of 60 are missing\)"):
        study(plan(sets, sets=("FOS_K562",), external=(other,)), tmp_path / "out")


def test_settings_of_the_data_are_swept(tmp_path: Path, sets: Path) -> None:
    model = Model("cnn_zeng", set=SMALL, grid={"negatives": ["dinucleotide"], "ratio": [1.0, 2.0]})
    study(plan(sets, model, sets=("FOS_K562",)), tmp_path)
    sizes = {
        path.parent.name: json.loads((path.parent / METRICS_FILE).read_text())["sequences"]
        for path in tmp_path.glob("runs/*/*/*/config.json")
    }
    assert (
        sizes["negatives=dinucleotide,ratio=2.0,seed=0"] > 1.4 * sizes["negatives=dinucleotide,ratio=1.0,seed=0"]
    )


def test_divisions_are_swept(tmp_path: Path, sets: Path) -> None:
    """S05: another share of the training file for validation; the test file stays."""
    grid = {"division": [[0.4, 0.4, 0.2], "0.8:0.1:0.1"]}
    table = study(plan(sets, Model("cnn_zeng", set=SMALL, grid=grid), sets=("FOS_K562",)), tmp_path)
    assert not (table["metric"] == "failed").any(), table["note"].unique()
    trained = sorted(
        sum(json.loads((path / "config.json").read_text())["training"]["train_windows"].values())
        for path in tmp_path.glob("runs/FOS_K562/cnn_zeng/*")
    )
    assert trained == [60, 107], "of 120 bound sequences"


@pytest.mark.parametrize("name", shipped_plans())
def test_shipped_plans_read(name: str) -> None:
    found = read_plan(name)
    assert found.title
    for model in (*found.models, *found.small().models):
        for cut in (found, found.small()):
            for key in model.grid:
                values = {key: model.grid[key][0]}
                data = DataSet("x", "x", "", "", None)  # type: ignore[arg-type]
                Member((data,), model, cut.preset, tuple(values.items()), 0, "", "out").recipe()
    assert all(len(values) <= 2 for model in found.small().models for values in model.grid.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = 3", "."),
        ("sead = 3\n[[models]]\nname = 'tbinet'", "a plan has no key 'sead': it has best"),
        ("[[models]]\nname = 'tbnet'", "did you mean 'tbinet'"),
        ("[[models]]\nname = 'tbinet'\ngrid = {rate = 3}", "the grid's rate is 3: expected a list"),
        ("[[models]]\nname = 'tbinet'\n[[models]]\nname = 'tbinet'", "two models are called 'tbinet'"),
        ("[[models]]\nname = 'saresnet'\nway = 'transfer'", "needs it with way global"),
        ("metric = 'auc'\n[[models]]\nname = 'tbinet'", "metric is 'auc': expected one of auroc"),
        ("seeds = 0\n[[models]]\nname = 'tbinet'", "seeds is 0"),
        ("[[models]\n", "plan "),
        ("seeds = 1", r"it has no \[\[models\]\]"),
    ],
)
def test_bad_plans(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_plan(tmp_path / "plan.toml")


def test_unknown_plans_and_sets(sets: Path, tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match="there is no plan deepgrn: give a TOML file, or one of deepgrn-dream"
    ):
        read_plan("deepgrn")
    with pytest.raises(ValueError, match="no data set 'FOS_K563': did you mean FOS_K562"):
        study(plan(sets, sets=("FOS_K563",)), tmp_path)
    with pytest.raises(ValueError, match="unknown setting 'kernel'"):
        study(plan(sets, Model("cnn_zeng", set={"kernel": 3})), tmp_path)
