"""Folders with a dataset.toml: labels, signals, meta and tracks against references that look at every base."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motiflens.models.data import Dataset, Windows, open_dataset
from motiflens.models.data.expression import expression_components
from motiflens.models.data.genome_windows import GenomeWindows
from motiflens.models.data.one_hot import encode

from .conftest import SIZES, Tiny

LENGTH, BIN = 300, 100
FLANK = (LENGTH - BIN) // 2


def base_mask(tiny: Tiny, experiment: str, chrom: str) -> np.ndarray:
    out = np.zeros(SIZES[chrom], dtype=bool)
    for name, start, end, _ in tiny.peaks[experiment]:
        if name == chrom:
            out[start:end] = True
    return out


def expected_bins(tiny: Tiny, chrom: str) -> list[int]:
    """Bins at every stride that are not blacklisted and at most half N."""
    black = np.zeros(SIZES[chrom], dtype=bool)
    for name, start, end in (("chrA", 1000, 1100), ("chrB", 0, 30)):
        if name == chrom:
            black[start:end] = True
    unknown = np.array([letter == "N" for letter in tiny.letters[chrom]])
    return [
        b
        for b in range(0, SIZES[chrom] - BIN + 1, 50)
        if not black[b : b + BIN].any() and unknown[b : b + BIN].sum() * 2 <= BIN
    ]


def padded(values: np.ndarray, start: int, fill: float) -> np.ndarray:
    out = np.full(LENGTH, fill, dtype=values.dtype)
    first, last = max(start, 0), min(start + LENGTH, len(values))
    out[first - start : last - start] = values[first:last]
    return out


@pytest.fixture(scope="module")
def all_tasks(tiny: Tiny) -> Dataset:
    return open_dataset(tiny.path)


@pytest.fixture(scope="module")
def one_tf(tiny: Tiny) -> Dataset:
    return open_dataset(tiny.path, tf="X")


def test_tasks_and_splits(all_tasks: Dataset) -> None:
    assert all_tasks.kind == "folder"
    assert all_tasks.example.tasks == ("X|one", "X|two", "Y|one")
    assert all_tasks.example.channels == ("A", "C", "G", "T")
    assert all_tasks.example.meta_names == ()
    assert set(all_tasks["train"].table["chrom"]) == {"chrA", "chrM"}
    assert set(all_tasks["valid"].table["chrom"]) == {"chrC"}
    assert set(all_tasks["test"].table["chrom"]) == {"chrB"}
    assert list(all_tasks["train"].table) == ["name", "chrom", "start", "end"]
    assert set(all_tasks.example.tracks) == {
        *("extra", "uniqueness", "dnase:one", "dnase:two"),
        *("fold_change:X|one", "fold_change:X|two", "fold_change:Y|one"),
    }


@pytest.mark.parametrize(("split", "chrom"), [("valid", "chrC"), ("test", "chrB")])
def test_deepsea_labels_and_bases(all_tasks: Dataset, tiny: Tiny, split: str, chrom: str) -> None:
    windows = all_tasks[split]
    bins = expected_bins(tiny, chrom)
    assert windows.table["start"].tolist() == [b - FLANK for b in bins]
    assert windows.table["end"].tolist() == [b - FLANK + LENGTH for b in bins]
    for column, experiment in enumerate(("X.one", "X.two", "Y.one")):
        inside = base_mask(tiny, experiment, chrom)
        expected = [float(inside[b : b + BIN].sum() * 2 > BIN) for b in bins]
        assert windows.labels[:, column].tolist() == expected
    codes = windows.codes(np.arange(len(windows)))
    letters = encode(tiny.letters[chrom])
    for i in (0, 1, 7, len(bins) - 1):
        np.testing.assert_array_equal(codes[i], padded(letters, bins[i] - FLANK, 4))
    assert (codes[-1, -50:] == 4).all()  # past the end: N, nothing shifted


def test_one_tf_has_signals_and_meta(one_tf: Dataset, tiny: Tiny) -> None:
    windows = one_tf["test"]
    assert windows.tasks == ("X",)
    assert windows.channels == ("A", "C", "G", "T", "uniqueness", "dnase", "extra")
    assert windows.meta_names == ("expression1", "expression2", "expression3", "cpg", "genes")
    assert set(windows.tracks) == {"uniqueness", "extra", "dnase", "fold_change"}
    bins = expected_bins(tiny, "chrB")
    assert len(windows) == 2 * len(bins)
    rng = np.random.default_rng(0)
    index = rng.permutation(len(windows))[:60]
    batch = windows.read(index)
    assert batch.x.shape == (60, 7, LENGTH)
    assert batch.x.dtype == batch.y.dtype == np.float32
    fold = windows.track("fold_change", index)
    for i, row in enumerate(index):
        cell = windows.table["cell_type"][row]
        start = int(windows.table["start"][row])
        for channel, name in ((4, "uniqueness"), (5, f"dnase.{cell}"), (6, "extra")):
            expected = np.nan_to_num(padded(tiny.values[name]["chrB"], start, 0))
            np.testing.assert_array_equal(batch.x[i, channel], expected)
        expected = np.nan_to_num(padded(tiny.values[f"fold.X.{cell}"]["chrB"], start, 0))
        np.testing.assert_array_equal(fold[i], expected)
        inside = base_mask(tiny, f"X.{cell}", "chrB")[start + FLANK : start + FLANK + BIN]
        assert batch.y[i, 0] == float(inside.sum() * 2 > BIN)
        assert batch.meta is not None
        first = start + FLANK
        assert batch.meta[i, 3:].tolist() == [0.0, float(first < 2500 and first + BIN > 1000)]


def test_expression_components() -> None:
    rng = np.random.default_rng(0)
    values = rng.gamma(1.0, 10.0, (200, 5))
    found = expression_components(values, 8)
    assert found.shape == (5, 8)
    logs = np.log2(values + 1)
    logs -= logs.mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(logs @ logs.T)  # the slow way: components of genes
    scores = logs.T @ vectors[:, ::-1][:, :4]
    scale = scores[:, 0].std()
    np.testing.assert_allclose(np.abs(found[:, :4]), np.abs(scores / scale), rtol=1e-4, atol=1e-5)
    assert (found[:, 4:] == 0).all()  # five cell types have four components
    np.testing.assert_array_equal(found, expression_components(values, 8))


def test_cell_meta_is_the_cell_types(one_tf: Dataset, tiny: Tiny) -> None:
    table = pd.read_csv(tiny.path / "expression.tsv", sep="\t", index_col=0)
    components = expression_components(table.to_numpy(), 3)
    windows = one_tf["train"]
    meta = windows.meta(np.arange(len(windows)))
    assert meta is not None
    for i, cell in enumerate(("one", "two")):
        here = (windows.table["cell_type"] == cell).to_numpy()
        np.testing.assert_array_equal(meta[here, :3], np.tile(components[i], (here.sum(), 1)))


def test_signals_can_be_chosen(tiny: Tiny) -> None:
    assert open_dataset(tiny.path, tf="X", signals=()).example.channels == ("A", "C", "G", "T")
    assert open_dataset(tiny.path, tf="X", signals=("extra", "dnase")).example.channels[4:] == ("extra", "dnase")
    assert open_dataset(tiny.path, signals=("uniqueness",)).example.channels[4:] == ("uniqueness",)
    with pytest.raises(ValueError, match=r"has no signal 'dnase'.*dnase needs tf"):
        open_dataset(tiny.path, signals=("dnase",))
    with pytest.raises(TypeError, match="expected a tuple of names"):
        open_dataset(tiny.path, tf="X", signals="dnase")


def test_dream_labels(tiny: Tiny) -> None:
    data = open_dataset(tiny.path, labelling="dream")
    windows = data["test"]
    bins = expected_bins(tiny, "chrB")
    known = []
    for column, experiment in enumerate(("X.one", "X.two", "Y.one")):
        inside = np.array([base_mask(tiny, experiment, "chrB")[b : b + BIN].sum() for b in bins])
        known.append(np.where(inside * 2 >= BIN, 1, np.where(inside > 0, np.nan, 0)))
        assert column < 3
    labels = np.stack(known, axis=1)
    labels = labels[~np.isnan(labels).all(axis=1)]
    np.testing.assert_array_equal(windows.labels, labels.astype(np.float32))
    assert np.isnan(windows.labels).any()
    one = open_dataset(tiny.path, labelling="dream", tf="X")["test"]
    assert not np.isnan(one.labels).any()
    assert len(one) == int((~np.isnan(np.stack(known[:2]))).sum())


def copied(tiny: Tiny, path: Path, *changes: tuple[str, str]) -> Path:
    """Copy the folder with changes to its dataset.toml."""
    folder = path / "copy"
    shutil.copytree(tiny.path, folder)
    text = (folder / "dataset.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "dataset.toml").write_text(text)
    return folder


def test_dream_label_tables(tiny: Tiny, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    lines, labels = ["chr\tstart\tstop\tone\ttwo"], {}
    for chrom in ("chrC", "chrA", "chrB"):
        for start in range(0, SIZES[chrom] - BIN + 1, 50):
            if chrom == "chrB" and start == 2000:
                continue  # not in the table: unknown
            pair = rng.choice(list("BUA"), 2)
            labels[chrom, start] = dict(zip(("one", "two"), pair, strict=True))
            lines.append(f"{chrom}\t{start}\t{start + BIN}\t{pair[0]}\t{pair[1]}")
    folder = copied(
        tiny,
        tmp_path,
        *((f'peaks = "X.{cell}.narrowPeak"', 'labels = "X.labels.tsv.gz"') for cell in ("one", "two")),
        ('"deepsea"', '"dream"'),
    )
    (folder / "X.labels.tsv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    windows = open_dataset(folder, tf="X")["test"]
    seen = set()
    for row, label in zip(windows.table.itertuples(), windows.labels[:, 0], strict=True):
        assert {"B": 1.0, "U": 0.0}[labels["chrB", row.start + FLANK][row.cell_type]] == label
        seen.add((row.start + FLANK, row.cell_type))
    usable = set(expected_bins(tiny, "chrB"))
    assert seen == {
        (start, cell)
        for (chrom, start), pair in labels.items()
        for cell in pair
        if chrom == "chrB" and start in usable and pair[cell] != "A"
    }


def test_centered_windows(tiny: Tiny) -> None:
    data = open_dataset(tiny.path, tf="X", labelling="centered", length=101)
    windows = data["train"]
    positive = windows.table[windows.labels[:, 0] == 1]
    expected = {
        (cell, c, m - 50) for cell in ("one", "two") for c, _, _, m in tiny.peaks[f"X.{cell}"] if c == "chrA"
    }
    assert {(r.cell_type, r.chrom, r.start) for r in positive.itertuples()} == expected
    negative = windows.table[windows.labels[:, 0] == 0]
    assert len(negative) == len(positive)
    assert negative["cell_type"].value_counts().equals(positive["cell_type"].value_counts())
    bound = base_mask(tiny, "X.one", "chrA") | base_mask(tiny, "X.two", "chrA")
    for row in negative.itertuples():
        assert row.chrom != "chrA" or not bound[row.start : row.end].any()
    every = open_dataset(tiny.path, labelling="centered", length=101)["train"]
    for row, labels in zip(every.table.itertuples(), every.labels, strict=True):
        if labels.any():
            inside = [base_mask(tiny, e, "chrA")[row.start + 50] for e in ("X.one", "X.two", "Y.one")]
            assert labels.tolist() == [float(i) for i in inside]


def test_offset_moves_the_centre(tiny: Tiny) -> None:
    plain = open_dataset(tiny.path, tf="X", labelling="centered", length=101)["train"]
    moved = open_dataset(tiny.path, tf="X", labelling="centered", length=101, offset=20)["train"]
    shift = (moved.table["start"] - plain.table["start"])[plain.labels[:, 0] == 1].to_numpy()
    assert np.abs(shift).max() <= 20
    assert len(set(shift.tolist())) > 3


def test_epochs_draw_fresh_negatives_equally_from_cell_types(one_tf: Dataset) -> None:
    windows = one_tf["train"]
    assert isinstance(windows, GenomeWindows)
    bound = windows.labels[:, 0] == 1
    cell = windows.table["cell_type"].to_numpy()
    first, again, second = windows.epoch(0), windows.epoch(0), windows.epoch(1)
    np.testing.assert_array_equal(first, again)
    for drawn in (first, second):
        assert len(set(drawn.tolist())) == len(drawn) == 2 * bound.sum()
        assert set(np.flatnonzero(bound)) <= set(drawn.tolist())
        negatives = drawn[~bound[drawn]]
        counts = [int((cell[negatives] == name).sum()) for name in ("one", "two")]
        assert abs(counts[0] - counts[1]) <= 1
    assert set(first.tolist()) != set(second.tolist())
    assert set(windows.epoch(0, seed=1).tolist()) != set(first.tolist())


def test_ratio(tiny: Tiny) -> None:
    windows = open_dataset(tiny.path, ratio=0.5)["train"]
    bound = int((windows.labels == 1).any(axis=1).sum())
    assert len(windows.epoch(3)) == bound + round(bound / 2)
    everything = open_dataset(tiny.path, ratio=float("inf"))["train"]
    assert sorted(everything.epoch(0).tolist()) == list(range(len(everything)))


def test_bound_bins_with_other_negatives(tiny: Tiny) -> None:
    plain = open_dataset(tiny.path)["train"]
    bound = int((plain.labels == 1).any(axis=1).sum())
    shuffled = open_dataset(tiny.path, negatives="dinucleotide", ratio=2)["train"]
    assert (len(shuffled), int(shuffled.labels.any(axis=1).sum())) == (3 * bound, bound)
    assert shuffled.table["start"].isna().sum() == 2 * bound
    matched = open_dataset(tiny.path, tf="X", negatives="gc", length=BIN, ratio=0.25)["train"]
    assert matched.channels[4:] == ("uniqueness", "dnase", "extra")
    assert matched.read(np.arange(4)).meta is not None
    with pytest.raises(ValueError, match="shuffled negatives have no signals"):
        open_dataset(tiny.path, tf="X", negatives="dinucleotide")


def test_held_out_cell_types(tiny: Tiny, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path, ('test = ["chrB"]', 'test = ["chrB"]\ntest_cell_types = ["two"]'))
    data = open_dataset(folder, tf="X")
    assert set(data["train"].table["cell_type"]) == set(data["valid"].table["cell_type"]) == {"one"}
    assert set(data["test"].table["cell_type"]) == {"two"}


def test_chromosomes_are_chosen_where_none_are_named(tiny: Tiny, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path, ('valid = ["chrC"]\ntest = ["chrB"]', ""))
    data = open_dataset(folder)
    chroms = [set(windows.table["chrom"]) for windows in data.splits.values()]
    assert all(chroms)
    assert sum(map(len, chroms)) == len(set().union(*chroms))
    assert "chosen by the seed" in data.notes[0]
    named = open_dataset(folder, test="chrA,chrM")
    assert set(named["test"].table["chrom"]) == {"chrA", "chrM"}


def test_hash_tells_content_and_options(tiny: Tiny, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path)
    first = open_dataset(tiny.path)
    assert open_dataset(folder).hash == first.hash  # where it lies does not matter
    assert open_dataset(folder, seed=1).hash != first.hash
    (folder / "cpg.bed").write_text("chrA\t0\t501\n")
    assert open_dataset(folder).hash != first.hash
    assert open_dataset(tiny.path, **first.options).hash == first.hash


def test_subset_reads_the_same(one_tf: Dataset) -> None:
    windows: Windows = one_tf["train"]
    part = windows.subset(np.array([5, 2, 9]))
    np.testing.assert_array_equal(part.read(np.array([1, 2])).x, windows.read(np.array([2, 9])).x)
    assert part.tracks == windows.tracks
    np.testing.assert_array_equal(part.track("dnase", np.array([0])), windows.track("dnase", np.array([5])))
    with pytest.raises(ValueError, match="no track 'phastcons'"):
        windows.track("phastcons", np.array([0]))


def test_reading_in_place_equals_the_general_way(one_tf: Dataset) -> None:
    windows = one_tf["test"]
    index = np.r_[0, len(windows) - 1, np.random.default_rng(3).integers(0, len(windows), 40)]
    in_place, general = windows.read(index), Windows.read(windows, index)
    np.testing.assert_array_equal(in_place.x, general.x)
    np.testing.assert_array_equal(in_place.y, general.y)
    assert in_place.x[:, :4].sum() == (windows.codes(index) < 4).sum()
