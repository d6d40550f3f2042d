"""What `describe` counts, and what it warns of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.models.data import ArrayWindows, Dataset, open_dataset
from motiflens.models.data.describe import describe, sequence_hashes
from motiflens.models.data.one_hot import reverse_complement

from .conftest import Tiny


def windows(count: int, bound: int, seed: int = 0, gc: float = 0.5, **more: object) -> ArrayWindows:
    """Random sequences of which the first are positives with a GC content of their own."""
    rng = np.random.default_rng(seed)
    codes = np.empty((count, 60), dtype=np.uint8)
    for rows, share in ((slice(0, bound), gc), (slice(bound, count), 0.5)):
        half = [(1 - share) / 2, share / 2, share / 2, (1 - share) / 2]
        codes[rows] = rng.choice(4, codes[rows].shape, p=half)
    labels = (np.arange(count) < bound).astype(np.float32)
    return ArrayWindows(codes, labels, **more)  # type: ignore[arg-type]


def data(*notes: str, **splits: ArrayWindows) -> Dataset:
    return Dataset("made", "arrays", splits, "0" * 64, {}, notes)


def test_counts(tiny: Tiny) -> None:
    opened = open_dataset(tiny.path, tf="X")
    found = describe(opened, sample=10**6)
    for row in found.splits.to_dict(orient="records"):
        split = opened[row["split"]]
        bound = split.labels[:, 0] == 1
        assert row["windows"] == len(split)
        assert row["positives"] == bound.sum()
        assert row["epoch"] == len(split.epoch(0))
        codes = split.codes(np.arange(len(split)))
        assert row["n"] == pytest.approx((codes == 4).mean(), rel=1e-9)
        gc = np.isin(codes, (1, 2)).sum(axis=1) / (codes < 4).sum(axis=1)
        assert row["gc_positive"] == pytest.approx(gc[bound].mean(), rel=1e-9)
        assert row["gc_negative"] == pytest.approx(gc[~bound].mean(), rel=1e-9)
        assert found.tasks[row["split"]].tolist() == [bound.sum()]
    assert found.signals["signal"].tolist() == ["uniqueness", "dnase", "extra", "fold_change"]
    assert found.signals["use"].tolist() == ["channel", "channel", "channel", "track"]
    assert (found.signals["maximum"] <= 1).all()
    assert found.as_json()["splits"][0]["split"] == "train"


def test_a_clean_set_warns_of_nothing() -> None:
    found = describe(data(train=windows(2000, 1000), test=windows(500, 250, seed=1)))
    assert found.warnings == ()
    assert found.splits["repeated"].tolist() == [0, 0]


def test_hashes_are_of_both_strands() -> None:
    forward = windows(50, 25)
    turned = ArrayWindows(np.ascontiguousarray(reverse_complement(forward.codes(np.arange(50)))), forward.labels)
    index = np.arange(50)
    first, second = sequence_hashes(forward, index), sequence_hashes(turned, index)
    pd.testing.assert_frame_equal(first, second)
    assert first["hash"].nunique() == 50


def test_leaks_between_splits() -> None:
    train = windows(1000, 500)
    codes = np.concatenate([train.codes(np.array([0, 1, 999])), windows(400, 200, seed=1).codes(np.arange(400))])
    codes[1] = reverse_complement(codes[1])
    test = ArrayWindows(codes, np.array([1, 1, 0] + [1] * 200 + [0] * 200))
    (warning,) = describe(data(train=train, test=test)).warnings
    assert warning.startswith(
        "3 windows of test have a sequence that is also in train (2 of them positive in both)"
    )


def test_places_in_two_splits() -> None:
    def table(starts: np.ndarray) -> pd.DataFrame:
        frame = pd.DataFrame({"name": starts.astype(str), "chrom": "chr1", "start": starts})
        return frame.assign(end=starts + 60)

    train = windows(1000, 500, table=table(np.arange(1000) * 200))
    test = windows(400, 200, seed=1, table=table(np.r_[59, 60, 141, np.arange(397) * 200 + 10**6]))
    found = describe(data(train=train, test=test)).warnings
    assert any(w.startswith("2 windows of test overlap windows of train") for w in found)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            {"train": windows(1000, 20), "test": windows(500, 250, seed=1)},
            "positives are 2.00% of train: set a ratio",
        ),
        (
            {"train": windows(1000, 500), "test": windows(9000, 150, seed=1)},
            "positives are 1.67% of test: read auPRC",
        ),
        ({"train": windows(1000, 500), "test": windows(500, 500, seed=1)}, "test has no negatives"),
        ({"train": windows(1000, 500), "test": windows(500, 0, seed=1)}, "test has no positives"),
        ({"train": windows(1000, 500), "test": windows(100, 50, seed=1)}, "test has 50 positives only"),
        ({"train": windows(1000, 500, gc=0.7)}, "GC is 70."),
    ],
)
def test_warnings(made: dict[str, ArrayWindows], said: str) -> None:
    found = describe(data(**made)).warnings
    assert any(said in warning for warning in found), found


def test_warnings_of_signals_repeats_and_centres() -> None:
    flat = np.zeros((1000, 60), dtype=np.float32)
    spiky = flat.copy()
    spiky[3, 5] = 1e6
    found = describe(data("windows centred on summits", train=windows(1000, 500, signals={"u": flat, "d": spiky})))
    told = " ".join(found.warnings)
    assert "u is 0 wherever it was sampled" in told
    assert "the signal d reaches 1e+06" in told
    assert "all centred on summits" in told
    codes = np.repeat(windows(10, 5).codes(np.arange(10)), 100, axis=0)
    again = describe(data(train=ArrayWindows(codes, np.arange(1000) % 2)))
    assert any("1000 of 1000 windows of train have a sequence that recurs" in w for w in again.warnings)


def test_tasks_without_positives() -> None:
    base = windows(1000, 500)
    labels = np.stack([base.labels[:, 0], np.zeros(1000)], axis=1)
    found = describe(data(train=ArrayWindows(base.codes(np.arange(1000)), labels, tasks=("a", "b"))))
    assert "1 of 2 tasks have no positive in train (first: b)" in found.warnings
