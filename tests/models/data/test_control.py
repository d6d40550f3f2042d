"""Random divisions and shuffled labels, of arrays and of a genome's windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.simulate import simulate
from motiflens.models.train import training_sizes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("control") / "tiny"
    simulate(out, preset="tiny")
    return out


def places(windows: object) -> set[tuple[str, int]]:
    table = windows.table  # type: ignore[attr-defined]
    return set(zip(table["chrom"], table["start"], strict=True))


def test_a_random_split_mixes_chromosomes(folder: Path) -> None:
    plain = open_dataset(folder, tf="CTCF")
    mixed = open_dataset(folder, tf="CTCF", control="random_split")
    assert {s: len(w) for s, w in mixed.splits.items()} == {s: len(w) for s, w in plain.splits.items()}
    assert mixed.hash != plain.hash
    chroms = {s: {c for c, _ in places(w)} for s, w in mixed.splits.items()}
    assert chroms["train"] == chroms["test"]
    rows = mixed["train"].epoch(0)
    bound = (mixed["train"].labels[rows] == 1).sum()
    assert bound == (mixed["train"].labels == 1).sum()
    assert 0.5 < bound / (len(rows) - bound) < 2, "negatives are drawn as before, about one a positive"
    index = np.array([5, 0, 7])
    batch = mixed["train"].read(index)
    assert batch.x.shape == (3, len(plain.example.channels), plain.example.length)
    assert batch.meta is not None
    whole = {(c, s, k): i for i, (c, s, k) in enumerate(_keys(plain["train"]))}
    for row, key in zip(index, np.array(_keys(mixed["train"]), dtype=object)[index], strict=True):
        if tuple(key) in whole:
            np.testing.assert_array_equal(
                mixed["train"].read(np.array([row])).x, plain["train"].read(np.array([whole[tuple(key)]])).x
            )


def _keys(windows: object) -> list[tuple[str, int, str]]:
    table = windows.table  # type: ignore[attr-defined]
    return list(zip(table["chrom"], table["start"], table["cell_type"], strict=True))


def test_shuffled_labels_stay_with_their_split(folder: Path) -> None:
    plain = open_dataset(folder, tf="CTCF")
    other = open_dataset(folder, tf="CTCF", control="shuffled_labels")
    for split, windows in plain.splits.items():
        assert np.nansum(other[split].labels) == np.nansum(windows.labels)
        assert not np.array_equal(other[split].labels, windows.labels)
        assert places(other[split]) == places(windows)
    rows = other["train"].epoch(0)
    assert (other["train"].labels[rows] == 1).sum() == (plain["train"].labels == 1).sum()
    assert len(rows) == len(plain["train"].epoch(0))


def test_controls_are_as_large_as_their_data(folder: Path) -> None:
    """Windows drawn from a genome: a control counted all that could be drawn (78,910 for 7,178: another class)."""
    plain = open_dataset(folder, tf="CTCF")
    assert plain["train"].ratio == 1
    wanted = training_sizes(plain)
    assert training_sizes(open_dataset(folder, tf="CTCF", control="shuffled_labels")) == wanted
    mixed = open_dataset(folder, tf="CTCF", control="random_split")
    bound = sum(int((mixed[split].labels == 1).sum()) for split in ("train", "valid"))
    assert training_sizes(mixed) == {"CTCF": 2 * bound}
