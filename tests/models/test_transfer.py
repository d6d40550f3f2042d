"""Pooling, transfer and sweeps on small made-up ChIP-seq sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.models import open_run
from motiflens.models.compare import run_folders
from motiflens.models.data.independent_sets import independent_sets
from motiflens.models.data.options import Options
from motiflens.models.data.windows import ArrayWindows, Dataset, Windows
from motiflens.models.destination import written_by_us
from motiflens.models.pooled import PooledWindows, pool
from motiflens.models.progress import Step
from motiflens.models.recipes import Recipe, recipe
from motiflens.models.set_folder import open_sets, pooled_folder, set_files
from motiflens.models.sweep import read_grid, sweep, sweep_plan
from motiflens.models.train import training_sizes
from motiflens.models.transfer import transfer, transfer_plan, transfer_table


@pytest.fixture(autouse=True)
def _one_thread() -> object:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def sets(tmp_path: Path, write_set: Callable[..., None]) -> Path:
    folder = tmp_path / "sets"
    folder.mkdir()
    write_set(folder, "one", 150, 0, tested=100)
    write_set(folder, "two", 60, 1, tested=100)
    return folder


SIZES = {"kernels": 8, "kernel_size": 8, "dense": 8, "dropout": 0.0}
SETTINGS = {"optimizer": "adam", "rate": 0.02, "batch": 20, "epochs": 2, **SIZES}
SMALL = Recipe(rate=0.02, batch=20, epochs=2, hyperparameters=SIZES)


def test_set_files(sets: Path, tmp_path: Path) -> None:
    assert list(set_files(sets)) == ["one", "two"]
    with pytest.raises(ValueError, match="holds no data set"):
        set_files(tmp_path)


def test_pool_by_sets_is_balanced(sets: Path) -> None:
    found = pooled_folder(sets, Recipe(pooling="sets"))["train"]
    parts = open_sets(sets)
    assert len(found) == sum(len(part["train"]) for part in parts.values())
    assert found.tasks == ("bound",)
    rows = found.epoch(0)
    drawn = found.table.iloc[rows].assign(label=found.labels[rows, 0])
    counts = drawn.groupby(["data_set", "label"]).size()
    pools = found.table.assign(label=found.labels[:, 0]).groupby(["data_set", "label"]).size()
    median = int(np.median(pools))
    assert counts.to_dict() == {key: min(median, int(size)) for key, size in pools.items()}
    assert not np.array_equal(rows, found.epoch(1))


def made_set(bound: int, unbound: int, seed: int = 0, *, tested: tuple[int, int] = (30, 10)) -> Dataset:
    """A set of random windows, a tenth of which validate; those that are bound come first."""

    def part(n: int, m: int, number: int) -> ArrayWindows:
        codes = np.random.default_rng([seed, number]).integers(0, 4, (n + m, 40)).astype(np.uint8)
        return ArrayWindows(codes, np.repeat([1.0, 0.0], [n, m]))

    held = bound // 10, unbound // 10
    splits = {
        "train": part(bound - held[0], unbound - held[1], 0),
        "valid": part(*held, 1),
        "test": part(*tested, 2),
    }
    return Dataset(f"{seed}", "arrays", splits, f"{seed} {bound} {unbound}")


def classes(windows: Windows) -> tuple[int, int]:
    return int((windows.labels == 1).sum()), int((windows.labels == 0).sum())


def test_the_papers_way_is_the_default(sets: Path) -> None:
    """The larger class over the union is under-sampled, and test windows of any set are left out of training."""
    for preset in ("paper", "small", "short"):
        how = recipe("saresnet", preset=preset)  # type: ignore[arg-type]
        assert (how.pooling, how.related) == ("classes", "drop")
    assert (Recipe().pooling, Recipe().related) == ("classes", "drop")
    for pooled in (pooled_folder(sets), pooled_folder(sets, recipe("saresnet"))):
        assert isinstance(pooled["train"], PooledWindows)
        assert pooled["train"].pooling == "classes"


def test_pool_by_classes_under_samples_the_larger_class_alone() -> None:
    """SAResNet's global data: 300 + 20 bound and 100 + 60 unbound windows become 160 and 160, whatever the set."""
    sets = {"a": made_set(300, 100, 1), "b": made_set(20, 60, 2)}
    pooled = pool(sets, source="x", seed=3)
    assert classes(pooled["train"]) == (144, 144)
    assert classes(pooled["valid"]) == (16, 16), "validation is a part of the balanced set"
    assert classes(pooled["test"]) == (60, 20), "what is tested stays"
    rows = pooled["train"].epoch(0)
    assert sorted(rows) == list(range(288)) == sorted(pooled["train"].epoch(1)), "the same in every epoch"
    assert not np.array_equal(rows, pooled["train"].epoch(1)), "in another order"
    assert training_sizes(pooled) == {"bound": 320}
    again, other = pool(sets, source="x", seed=3), pool(sets, source="x", seed=4)
    assert again.hash == pooled.hash != other.hash
    every = np.arange(288)
    np.testing.assert_array_equal(pooled["train"].codes(every), again["train"].codes(every))
    assert not np.array_equal(pooled["train"].codes(every), other["train"].codes(every))


def test_what_is_balanced_over_the_union_is_taken_whole() -> None:
    """30 + 10 and 10 + 30: neither set is balanced, nor their splits alone, and nothing is left out."""
    pooled = pool({"a": made_set(39, 10, 1), "b": made_set(10, 39, 2)}, source="x")
    assert (classes(pooled["train"]), classes(pooled["valid"])) == ((45, 45), (4, 4))


def test_a_set_of_one_class_adds_to_a_pooled_one(tmp_path: Path) -> None:
    """The union counts: a set without bound windows was refused, since none of its own was left."""
    sets = {"a": made_set(300, 100, 1), "b": made_set(0, 200, 2)}
    for one in (pool(sets, source="x"), pool(independent_sets(sets).sets, source="x")):
        assert classes(one["train"])[0] + classes(one["valid"])[0] == 300
    by_sets = pool(sets, source="x", pooling="sets")["train"]
    drawn = by_sets.epoch(0)
    assert np.bincount(by_sets.labels[drawn, 0].astype(int)).tolist() == [180 + 90, 180], (
        "the median of 270, 90 and 180: a class that a set lacks is no pool of 0"
    )
    with pytest.raises(ValueError, match="x has 0 bound and 400 unbound training windows: expected some of each"):
        pool({"a": made_set(0, 200, 1), "b": made_set(0, 200, 2)}, source="x")


def test_means_are_over_sets_that_have_every_way() -> None:
    rows = pd.DataFrame(
        [
            ("a", 9, "small", "individual", 0.8),
            ("a", 9, "small", "global", 0.7),
            ("a", 9, "small", "transfer", 0.9),
            ("b", 0, "small", "global", 0.5),
        ],
        columns=["data_set", "bound", "size", "way", "auroc"],
    )
    means = transfer_table(rows).set_index("data_set").loc["mean of all"]
    assert means[["individual", "global", "transfer"]].tolist() == [0.8, 0.7, 0.9]


def test_pool_reads_the_right_bases() -> None:
    rng = np.random.default_rng(0)
    parts = {
        name: ArrayWindows(rng.integers(0, 4, (n, 9)).astype(np.uint8), np.zeros(n))
        for name, n in (("a", 3), ("b", 5), ("c", 1))
    }
    pooled = PooledWindows(parts)
    whole = np.concatenate([part.codes(np.arange(len(part))) for part in parts.values()])
    rows = np.array([8, 0, 4, 3, 2, 8])
    np.testing.assert_array_equal(pooled.codes(rows), whole[rows])
    with pytest.raises(ValueError, match="one length is needed"):
        PooledWindows({**parts, "d": ArrayWindows(np.zeros((2, 8), dtype=np.uint8), np.zeros(2))})


def trainings(steps: list[Step]) -> int:
    """Return how many trainings were begun."""
    return sum(step.total for step in steps if step.stage == "training" and step.done == 0)


def test_transfer(sets: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    out = tmp_path / "out"
    plan = transfer_plan(sets, architecture="cnn_zeng", settings=SETTINGS)
    rows = transfer(plan, out, progress=steps.append)
    assert trainings(steps) == 5
    assert rows["way"].tolist() == ["individual", "global", "transfer"] * 2
    assert rows["bound"].tolist() == [135] * 3 + [54] * 3
    assert set(rows["note"]) <= {"", "strands merged by their maximum"}
    first = "default,seed=0"
    pooled = open_run(out / "runs" / "(all)" / "cnn_zeng_global" / first)
    config = open_run(out / "runs" / "one" / "cnn_zeng_transfer" / first).config["training"]
    assert config["rate"] == pytest.approx(0.4 * SMALL.rate)
    assert config["init_from"]["weights_hash"] == pooled.weights_hash
    for name in ("transfer.tsv", "related.tsv"):
        record = json.loads((out / f"{name}.json").read_text())
        assert (record["model"], record["data"], record["seed"]) == ("cnn_zeng", str(sets), 0)
    steps.clear()
    again = transfer(plan, out, progress=steps.append)
    assert trainings(steps) == 0, "what is finished is kept"
    pd.testing.assert_frame_equal(rows, again)
    results = pd.read_csv(out / "results.tsv", sep="\t", keep_default_na=False)
    tested = results[(results["split"] == "test") & (results["metric"] == "auroc")]
    assert sorted(tested["value"].astype(float)) == pytest.approx(sorted(rows["auroc"])), (
        "the study's own measures"
    )
    table = transfer_table(rows)
    assert table["data_set"].tolist() == ["one", "two", "mean of small", "mean of all"]
    assert table["global"].iloc[-1] == pytest.approx(rows[rows["way"] == "global"]["auroc"].mean())


def test_transfer_needs_test_halves(sets: Path) -> None:
    (sets / "two.B.seq").unlink()
    with pytest.raises(ValueError, match=r"two has no test half: expected two\.B\.seq"):
        transfer_plan(sets)


def test_sweep(sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Step] = []
    out = tmp_path / "out"
    grid = read_grid(["kernels=4,8", "optimizer=adam,sgd"])
    settings = {key: SETTINGS[key] for key in SETTINGS.keys() - grid.keys()}
    plan = sweep_plan("cnn_zeng", str(sets), grid, settings=settings, data=Options(tf="one"))
    table = sweep(plan, out, progress=steps.append)
    assert trainings(steps) == 4
    names = [f"kernels={k},optimizer={o},seed=0" for k in ("4", "8") for o in ("adam", "sgd")]
    assert table["run"].tolist() == [f"runs/one/cnn_zeng/{name}" for name in names]
    assert open_run(out / table["run"][1]).model.hyperparameters["kernels"] == 4
    before = (out / "sweep.tsv").read_text()
    record = json.loads((out / "sweep.tsv.json").read_text())
    best = table.loc[table["valid_auprc"].idxmax(), "run"]
    assert (record["best_on_validation"], record["model"], record["runs"]) == ({"one": best}, "cnn_zeng", 4)
    assert record["grid"] == {"kernels": ["4", "8"], "optimizer": ["adam", "sgd"]}
    assert table.loc[table["auroc"].notna(), "run"].tolist() == [best], "the chosen run alone is tested"
    assert written_by_us(out / "sweep.tsv")
    assert [folder.relative_to(out).as_posix() for folder in run_folders(out)] == sorted(table["run"])
    with monkeypatch.context() as patched:
        patched.setattr("motiflens.models.study.member.train", None)
        sweep(plan, out)
    assert (out / "sweep.tsv").read_text() == before


def test_each_set_of_a_folder_is_swept(sets: Path, tmp_path: Path) -> None:
    settings = {key: SETTINGS[key] for key in SETTINGS.keys() - {"kernels"}}
    table = sweep(
        sweep_plan("cnn_zeng", str(sets), {"kernels": [4, 8]}, settings=settings, seed=3), tmp_path / "out"
    )
    assert table["set"].tolist() == ["one", "one", "two", "two"]
    assert table.groupby("set")["chosen"].sum().tolist() == [1, 1]
    assert all(run.endswith("seed=3") for run in table["run"])


def test_a_fault_of_a_grid_comes_before_any_training(sets: Path, tmp_path: Path) -> None:
    for key, values, message in (
        ("kernels", ["4", "x"], "expected a whole number"),
        ("kernel_size", [8, 999], "windows"),
    ):
        plan = sweep_plan("cnn_zeng", str(sets), {key: values}, settings={"epochs": 1})
        with pytest.raises(ValueError, match=message):
            sweep(plan, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_run_that_fails_is_a_row(sets: Path, tmp_path: Path) -> None:
    wild = {**SETTINGS, "optimizer": "sgd", "decay": 10.0}
    del wild["rate"]  # the grid's
    source = str(sets / "one.AC.seq")
    table = sweep(sweep_plan("cnn_zeng", source, {"rate": [0.01, 1000.0]}, settings=wild), tmp_path / "new")
    assert table["chosen"].tolist() == [True, False]
    assert "training diverged" in table["note"][1]
    with pytest.raises(ValueError, match="no run came to its end; the first: diverged at rate 1000"):
        sweep(
            sweep_plan("cnn_zeng", str(sets / "one.AC.seq"), {"rate": [1000.0]}, settings=wild), tmp_path / "all"
        )


def test_grid_refusals() -> None:
    with pytest.raises(ValueError, match="empty value"):
        read_grid(["units=50,,80"])
    with pytest.raises(ValueError, match="key=value"):
        read_grid(["units"])


def test_kegru_strategies(sets: Path, tmp_path: Path) -> None:
    """Pre-trained vectors start the embedding; frozen ones stay."""
    from motiflens.models.train import train
    from motiflens.models.word2vec import word2vec

    data = open_sets(sets)["one"]
    vectors, tokens = word2vec(data["train"], k=3, stride=2, dimension=6)
    again, _ = word2vec(data["train"], k=3, stride=2, dimension=6)
    assert torch.equal(vectors, again), "the same seed gives the same vectors"
    found = {}
    for strategy in ("init-train", "init-no-train", "no-init"):
        own = {"k": 3, "stride": 2, "dimension": 6, "units": 4, "strategy": strategy, "reset_after": True}
        how = Recipe(epochs=1, batch=50, hyperparameters=own)
        run = train("kegru", data, tmp_path / strategy, recipe=how)
        found[strategy] = run.model.embedding.weight.detach()[tokens]
    torch.testing.assert_close(found["init-no-train"], vectors, rtol=0, atol=0)
    moved = (found["init-train"] - vectors).abs()
    assert 0 < moved.max() < 0.2
    assert (found["no-init"] - vectors).abs().max() > 0.2 or vectors.abs().max() < 0.2


def test_kmer_numbers_are_the_models() -> None:
    from motiflens.models.architectures.kegru import kmer_tokens
    from motiflens.models.data.one_hot import one_hot
    from motiflens.models.word2vec import kmer_numbers

    codes = np.random.default_rng(0).integers(0, 5, (6, 31)).astype(np.uint8)
    expected = kmer_tokens(torch.from_numpy(one_hot(codes)), k=5, stride=2).numpy()
    np.testing.assert_array_equal(kmer_numbers(codes, k=5, stride=2), expected)


def test_paper_recipe_of_saresnet_finetunes_slower() -> None:
    assert (recipe("saresnet").rate, recipe("saresnet").finetune_rate) == (5e-4, 2e-4)
