"""The runner: rows, failures, resuming, a user's own module, a published model."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from motiflens.analyses.benchmark import part as part_module
from motiflens.analyses.benchmark.benchmark import TABLE, benchmark
from motiflens.analyses.benchmark.plan import METHODS, ORACLES, PRESETS, BenchmarkPlan, plan_named
from motiflens.models import build, registry
from motiflens.models.evaluate import check_device
from motiflens.models.published.importer import import_run
from motiflens.models.registry import register
from motiflens.models.run import save_run

KEYS = ["tf", "model", "method", "seed", "control", "score", "windows", "resolution"]


@pytest.fixture(scope="session")
def finished(plan: BenchmarkPlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A benchmark that was done without interruption."""
    out = tmp_path_factory.mktemp("finished") / "out"
    return out, benchmark(plan, out).table


def test_every_score_is_a_row(finished: tuple[Path, pd.DataFrame], plan: BenchmarkPlan) -> None:
    out, table = finished
    assert {"model", "method", "seed", "score", "value"} <= set(pd.read_csv(out / TABLE, sep="\t").columns)
    assert set(table["seed"]) == {0, 1}
    assert not table.duplicated(KEYS).any()
    saliency = table[(table["method"] == "saliency") & (table["seed"] == 0) & (table["windows"] == "all")]
    wanted = {"auroc", "auprc", "pointing", "hit_rate", "distance", "deletion", "insertion", "sufficiency"}
    wanted |= {"comprehensiveness", "randomised_weights", "retrained_seeds", "shuffled_labels", "strands"}
    assert wanted <= set(saliency["score"])
    assert saliency["value"].notna().all()
    assert (saliency["seconds"] > 0).all()
    assert {"(model)", "motifs:kernels"} <= set(table["method"])
    assert {"", "untrained", "shuffled_labels"} == set(table["control"])


def test_baselines_are_what_they_are(finished: tuple[Path, pd.DataFrame]) -> None:
    _, table = finished
    auroc = table[(table["score"] == "auroc") & (table["windows"] == "all") & (table["seed"] == 0)]
    values = auroc.set_index("method")["value"]
    assert values["pwm"] > 0.85  # the matrix that the sites were drawn from, or nearly
    assert 0.3 < values["random"] < 0.7
    same = table[(table["method"] == "pwm") & (table["score"] == "auroc") & (table["windows"] == "all")]["value"]
    assert (same == same.iloc[0]).all()  # whatever the model


def test_what_fails_is_a_row(finished: tuple[Path, pd.DataFrame]) -> None:
    _, table = finished
    failed = table[table["score"] == "failed"]
    assert set(failed["method"]) == {"attention"}
    assert failed["value"].isna().all()
    assert failed["note"].str.startswith("deepbind has no attention").all()


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="seconds").sort_values(KEYS, ignore_index=True)


def test_it_goes_on_with_equal_results(
    finished: tuple[Path, pd.DataFrame], plan: BenchmarkPlan, tmp_path: Path
) -> None:
    """As after a kill: one training gone, some parts not done, one file half written."""
    out, table = finished
    again = tmp_path / "again"
    shutil.copytree(out, again)
    shutil.rmtree(next(again.glob("runs/CTCF/deepbind/*seed=1")))
    parts = sorted(again.glob("parts/**/*.json"))
    for part in parts[::2]:
        part.unlink()
    (parts[0].parent / f".{parts[0].name}.abc.part").write_text("half")
    went_on = benchmark(plan, again).table
    pd.testing.assert_frame_equal(comparable(went_on), comparable(table), rtol=1e-6, atol=1e-9)


def test_the_full_preset_is_killed_and_goes_on_with_equal_results(world: Path, tmp_path: Path) -> None:
    """By the command line, as soon as the first map is there; of the preset's own methods a few."""
    less = {"models": "deepbind", "methods": "saliency,ism,random", "tf": "CTCF", "seeds": "1", "windows": "5"}
    words = [word for key, value in less.items() for word in (f"--{key}", value)]
    words += ["--set", "epochs=1", "--set", "epoch_windows=200", "--routes", "none", "--pairs", "none"]
    words += ["--preset", "full", "--no-shuffled-labels", "--processes", "1", "--device", "cpu"]
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", "benchmark", *words, "--data", str(world)]
    with subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        while not list(out.glob("parts/**/*.json")) and one.poll() is None:
            time.sleep(0.02)
        one.kill()
    assert one.returncode == -signal.SIGKILL
    assert not (out / "overview.tsv").exists()
    plan = plan_named(
        "full",
        models=("deepbind",),
        methods=("saliency", "ism", "random"),
        tfs=("CTCF",),
        seeds=1,
        windows=5,
        settings=("epochs=1", "epoch_windows=200"),
        routes=(),
        pairs=(),
        shuffled=False,
        data=str(world),
    )
    kept = {file: file.stat().st_mtime_ns for file in out.glob("parts/**/*.json")}
    went_on = benchmark(plan, out, device="cpu").table
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    whole = benchmark(plan, tmp_path / "whole", device="cpu").table
    pd.testing.assert_frame_equal(comparable(went_on), comparable(whole), rtol=1e-6, atol=1e-9)


def test_a_folder_holds_one_benchmark(finished: tuple[Path, pd.DataFrame], plan: BenchmarkPlan) -> None:
    with pytest.raises(ValueError, match="holds a benchmark with windows 5, not 4"):
        benchmark(dataclasses.replace(plan, windows=4), finished[0])


def test_what_takes_too_long_is_a_row(
    finished: tuple[Path, pd.DataFrame], plan: BenchmarkPlan, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shutil.copytree(finished[0], again)
    more = dataclasses.replace(plan, methods=(*plan.methods, "ism"), timeout=0.2)
    table = benchmark(more, again).table
    late = table[table["score"] == "timeout"]
    assert "ism" in set(late["method"])
    assert late["note"].str.contains("longer than 0.2 s").all()


def deepbind_file(path: Path) -> None:
    """Write a parameter file of DeepBind's models."""
    rng = np.random.default_rng(0)
    sizes = {"detectors": 3 * 7 * 4, "thresholds": 3, "weights1": 3, "biases1": 1}
    lines = ["# deepbind 0.1", "reverse_complement = 1", "num_detectors = 3", "detector_len = 7"]
    lines += ["has_avg_pooling = 0", "num_hidden = 0"]
    lines += [f"{name} = {','.join(map(repr, rng.normal(size=n).tolist()))}" for name, n in sizes.items()]
    path.write_text("\n".join(lines) + "\n")


def keras_file(path: Path) -> None:
    """Write a Keras 2 file: a convolution, its maximum, a logistic output."""
    rng = np.random.default_rng(0)
    layers: dict[str, tuple[str, dict[str, object], list[tuple[int, ...]]]] = {
        "conv": (
            "Conv1D",
            {"filters": 3, "kernel_size": [7], "activation": "relu", "batch_input_shape": [None, 500, 4]},
            [(7, 4, 3), (3,)],
        ),
        "pool": ("GlobalMaxPooling1D", {}, []),
        "dense": ("Dense", {"units": 1, "activation": "sigmoid"}, [(3, 1), (1,)]),
    }
    made = [{"class_name": kind, "config": {"name": name, **rest}} for name, (kind, rest, _) in layers.items()]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
        config = {"class_name": "Sequential", "config": {"name": "m", "layers": made}}
        file.attrs["model_config"] = json.dumps(config)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in layers]
        for name, (_, _, shapes) in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{i}:0".encode() for i in range(len(shapes))]
            for i, shape in enumerate(shapes):
                group[f"{name}/{i}:0"] = rng.normal(size=shape).astype(np.float32)


def test_a_users_own_module_and_published_models(plan: BenchmarkPlan, world: Path, tmp_path: Path) -> None:
    @register("own_counts")
    class Own(nn.Module):
        def __init__(self, channels: int, outputs: int, width: int = 6) -> None:
            super().__init__()
            self.convolution = nn.Conv1d(channels, 8, width)
            self.output = nn.Linear(8, outputs)

        def forward(self, x: Tensor) -> Tensor:
            return self.output(torch.relu(self.convolution(x)).amax(-1))

    deepbind_file(tmp_path / "CTCF.txt")
    import_run(tmp_path / "CTCF.txt", tmp_path / "deepbind_ctcf", length=500)
    keras_file(tmp_path / "CTCF.h5")
    import_run(tmp_path / "CTCF.h5", tmp_path / "keras_ctcf")
    few = dataclasses.replace(
        plan,
        models=("own_counts", str(tmp_path / "deepbind_ctcf"), str(tmp_path / "keras_ctcf")),
        methods=("saliency", "ism"),
        routes=(),
        pairs=(),
        seeds=1,
    )
    try:
        table = benchmark(few, tmp_path / "out").table
    finally:
        del registry._REGISTERED["own_counts"]
    assert table.loc[table["score"] == "failed", "note"].tolist() == []
    auroc = table[(table["score"] == "auroc") & (table["windows"] == "all")]
    assert set(zip(auroc["model"], auroc["method"], strict=True)) == {
        (model, method)
        for model in ("own_counts", "deepbind_ctcf", "keras_ctcf")
        for method in ("saliency", "ism")
    }


def test_the_rules_factor_gets_rule_and_pair_rows(plan: BenchmarkPlan, world: Path, tmp_path: Path) -> None:
    model = build("deepbind", length=500, kernels=4)
    run = save_run(
        tmp_path / "gata",
        model,
        {
            "tasks": ["GATA1"],
            "channels": list("ACGT"),
            "data": {"source": str(world), "options": {"tf": "GATA1", "signals": []}},
        },
    )
    few = dataclasses.replace(plan, models=(str(run),), methods=("saliency", "pwm"), tfs=("GATA1",), routes=())
    table = benchmark(few, tmp_path / "out").table
    rules = table[table["windows"] == "rule"].set_index(["method", "score"])["value"]
    assert {("saliency", "rule_signs"), ("saliency", "rule_context"), ("pwm", "rule_context")} <= set(rules.index)
    assert ("pwm", "rule_signs") not in rules.index  # it has no sign
    assert ("(model)", "rule_context") in rules.index  # what a faithful map would show
    assert {"pair_precision", "pair_recall", "failed"} & set(table[table["method"] == "pairs:epistasis"]["score"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("salency",)}, "no method 'salency': did you mean 'saliency'"),
        ({"models": ()}, "no models are named"),
        ({"tfs": ("CTCF", "CTCF")}, "'CTCF' is named twice"),
        ({"seeds": 0}, "seeds is 0: expected"),
        ({"timeout": -1.0}, "timeout is -1"),
        ({"routes": ("nothing",)}, "no route 'nothing'"),
    ],
)
def test_plans_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_named("small", **changes)


def test_bad_input_is_one_line(plan: BenchmarkPlan, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="has no factor 'NANOG'"):
        benchmark(dataclasses.replace(plan, tfs=("NANOG",)), out)
    with pytest.raises(ValueError, match="no architecture is called 'deepbin'"):
        benchmark(dataclasses.replace(plan, models=("deepbin",)), out)
    with pytest.raises(FileNotFoundError, match="only simulated data sets have a truth"):
        benchmark(dataclasses.replace(plan, data=str(tmp_path)), out)
    with pytest.raises(ValueError, match="device 'gpu' is not usable here"):
        benchmark(plan, out, device="gpu")
    with pytest.raises(ValueError, match="no preset 'medium'"):
        plan_named("medium")
    assert not out.exists()
    assert set(PRESETS) == {"small", "full"}
    assert set(plan_named("full").models) == {*registry.architectures(), *ORACLES}
    assert set(plan_named("full").methods) == set(METHODS)


def test_oracles_stand_beside_trained_models(plan: BenchmarkPlan, tmp_path: Path) -> None:
    """Made of the truth, not trained: in the table, with ranks of their own, and not among the models' means."""
    small = dataclasses.replace(
        plan, models=("pwm", "oracle", "oracle_additive"), tfs=("CTCF", "GATA1"), seeds=1, shuffled=False,
        methods=("saliency", "ism", "random"), routes=(), pairs=("epistasis",), settings=(),
    )  # fmt: skip
    done = benchmark(small, tmp_path / "out")
    table = done.table
    shown = table[["tf", "model"]].drop_duplicates().itertuples(index=False, name=None)
    assert set(shown) == {
        ("CTCF", "pwm"), ("CTCF", "oracle"), ("GATA1", "pwm"), ("GATA1", "oracle"), ("GATA1", "oracle_additive"),
    }  # fmt: skip
    auroc = table[(table["score"] == "test_auroc") & (table["model"] == "oracle")]
    assert (auroc["value"] > 0.8).all()
    assert not (table["score"] == "failed").any()
    ranks = done.study.tables["ranks"]
    assert set(ranks["scope"]) == {"pwm", "oracle", "oracle_additive"}  # one trained model: none over all
    assert any(text.startswith("Oracles are not trained") for text in done.study.findings)
    assert "of 2 models reached" in done.study.findings[0]
    again = benchmark(small, tmp_path / "out").table
    pd.testing.assert_frame_equal(again, table)
    alone = dataclasses.replace(small, models=("oracle_additive",), tfs=("CTCF",))
    with pytest.raises(ValueError, match="oracle_additive is only of GATA1, which alone has a rule"):
        benchmark(alone, tmp_path / "alone")


def test_the_device_of_a_cluster_is_not_the_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without a GPU refused `--device cuda` of a cluster that has them, and took the CPU by default."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    check_device("cuda", "scheduler:8786")
    for wrong in (("cuda", None), ("gpux", "scheduler:8786")):
        with pytest.raises(ValueError, match="is not usable here"):
            check_device(*wrong)
    run = save_run(tmp_path / "run", build("deepbind", length=40, kernels=2), {"tasks": ["CTCF"]})
    for there in ("cpu", "meta"):  # where the work is done
        monkeypatch.setattr(part_module, "best_device", lambda there=there: there)
        assert next(part_module._opened(str(run), part_module.WHATEVER).model.parameters()).device.type == there
