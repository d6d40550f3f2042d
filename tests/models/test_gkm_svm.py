"""gkm-SVM against gkmsvm-lite called directly: training, scores, attributions, files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.edits import LEAST_EDITS
from motiflens.models import build, import_published, load, open_run
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.evaluate import evaluate, score
from motiflens.models.published.importer import import_run
from motiflens.models.recipes import adjust, recipe
from motiflens.models.run import Run
from motiflens.models.train import train

gkmsvm = pytest.importorskip("gkmsvm")
SETTINGS = ["word=6", "informative=4", "mismatches=2", "most=60"]


def windows(n: int, seed: int) -> ArrayWindows:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, 40)).astype(np.uint8)
    labels = (np.arange(n) % 2).astype(np.float32)
    for row in np.flatnonzero(labels):
        start = rng.integers(0, 32)
        codes[row, start : start + 8] = [1, 0, 1, 2, 3, 2, 0, 1]
    return ArrayWindows(codes, labels)


@pytest.fixture(scope="module")
def data() -> Dataset:
    splits = {
        name: windows(n, seed) for seed, (name, n) in enumerate({"train": 200, "valid": 60, "test": 60}.items())
    }
    return Dataset("made up", "arrays", splits, "a hash")


@pytest.fixture(scope="module")
def run(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    how = adjust(recipe("gkm_svm"), "gkm_svm", SETTINGS)
    return train("gkm_svm", data, tmp_path_factory.mktemp("gkm") / "run", recipe=how)


@pytest.fixture(scope="module")
def direct(data: Dataset) -> Any:
    """The package called by itself on the windows that `most` leaves: the first 60 of each class in the epoch."""
    split = data["train"]
    rows = split.epoch(0, 0)
    sides = [np.sort(rows[split.labels[rows, 0] == label][:60]) for label in (1, 0)]
    letters = [["".join("ACGT"[i] for i in row) for row in split.codes(side)] for side in sides]
    return gkmsvm.train_gkmsvm(*letters, l=6, k=4, d=2, C=1.0)


def x_of(data: Dataset) -> np.ndarray:
    return one_hot(data["test"].codes(np.arange(60)))


def test_scores_equal_the_package(run: Run, direct: Any, data: Dataset) -> None:
    expected = direct(x_of(data))
    logits = np.concatenate(list(score(run.model, data["test"])))
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
    assert len(run.model.support) == direct.num_support_vectors <= 120
    assert evaluate(run, data)["auroc"].iloc[0] > 0.95
    assert {path.suffix for path in run.path.iterdir()} == {".safetensors", ".json", ".csv"}
    again = load(run.path)(torch.from_numpy(x_of(data))).detach().numpy()
    np.testing.assert_array_equal(again, logits)


def test_attributions_add_up_and_equal_the_package(run: Run, direct: Any, data: Dataset) -> None:
    x = x_of(data)[:6]
    found = attribute(run.model, x, method="gkm_explain")
    bias = float(run.model.bias.detach()[0])
    np.testing.assert_allclose(found.scores.sum((1, 2)), found.prediction - bias, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.scores, gkmsvm.gkmexplain(direct, x), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.hypothetical, gkmsvm.gkmexplain(direct, x, mode=1), rtol=0, atol=1e-5)
    assert found.flagged is not None
    assert not found.flagged.any()


def test_ism_short_cut_equals_whole_passes(run: Run, data: Dataset) -> None:
    x = x_of(data)[:2]
    fast, slow = (attribute(run.model, x, method="ism", options={"fast": fast}) for fast in (True, False))
    np.testing.assert_allclose(fast.scores, slow.scores, rtol=0, atol=1e-4)
    assert np.abs(fast.scores).max() > 0.01


def test_occlusion_needs_no_gradient(run: Run, data: Dataset) -> None:
    """Also with so many stretches that a short cut is looked for, which traces layers by their gradients."""
    x = x_of(data)[:6]
    options = {"width": 4, "stride": 1}
    fast, slow = (
        attribute(run.model, x, method="occlusion", options={**options, "fast": fast}) for fast in (True, False)
    )
    assert len(x) * (x.shape[-1] - 3) >= LEAST_EDITS
    np.testing.assert_allclose(fast.scores, slow.scores, rtol=0, atol=1e-5)
    assert np.abs(fast.scores).max() > 0.01


def test_no_gradient(run: Run, data: Dataset) -> None:
    with pytest.raises(ValueError, match="gkm_svm has no gradient: use the methods gkm_explain, ism or occlusion"):
        attribute(run.model, x_of(data)[:1], method="saliency")
    other = build("cnn_zeng", length=40, kernels=4, kernel_size=8)
    with pytest.raises(ValueError, match="gkm_explain explains gkm_svm alone, not cnn_zeng"):
        attribute(other, x_of(data)[:1], method="gkm_explain")


@pytest.mark.parametrize("packed", [False, True])
def test_import_of_lsgkm_files(direct: Any, data: Dataset, tmp_path: Path, packed: bool) -> None:
    file = tmp_path / ("CTCF.model.txt.gz" if packed else "CTCF.model.txt")
    direct.save(str(file), fmt="lsgkm")
    import_run(file, tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert opened.tasks == ("CTCF",)
    assert opened.config["published"]["kind"] == "gkm_svm"
    x = torch.from_numpy(x_of(data))
    np.testing.assert_allclose(opened.model(x).detach().numpy(), direct(x.numpy()), rtol=0, atol=1e-5)


def test_damaged_files_are_named(direct: Any, tmp_path: Path) -> None:
    whole = tmp_path / "whole.txt"
    direct.save(str(whole), fmt="lsgkm")
    text = whole.read_text()
    for name, content in (("cut", text[: len(text) // 2]), ("head", text[: text.index("rho")])):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=f"{name} is no whole model of LS-GKM"):
            import_published(tmp_path / name)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(text.encode())[:300])
    with pytest.raises(ValueError, match=r"cut\.gz"):
        import_published(tmp_path / "cut.gz")


def test_settings_that_do_not_fit() -> None:
    for settings, message in (
        ({"kernel": "linear"}, "kernel must be one of gkm_cnt"),
        ({"word": 6, "informative": 7}, "do not fit"),
        ({"cost": 0.0}, "cost is 0.0: expected more than 0"),
    ):
        with pytest.raises(ValueError, match=message):
            build("gkm_svm", length=40, **settings)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, data: Dataset) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gkmsvm", None)
    with pytest.raises(ValueError, match=r"pip install 'motiflens\[gkm\]'"):
        build("gkm_svm", length=40)(torch.from_numpy(x_of(data)))
