"""Windows that are equal, overlap or are homologous, over several sets: found, dropped, regrouped, reported."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motiflens.models import build, open_as_trained, open_run, save_run
from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.data.independent_sets import independent_sets, related_groups
from motiflens.models.data.one_hot import decode, reverse_complement
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.open_for_run import open_for_training
from motiflens.models.recipes import Recipe
from motiflens.models.set_folder import open_sets, pooled_folder
from motiflens.models.types import Codes

L = 101


def random(n: int, seed: int, length: int = L) -> Codes:
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def mutated(codes: Codes, share: float, seed: int) -> Codes:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(codes.shape) < share, (codes + rng.integers(1, 4, codes.shape)) % 4, codes).astype(
        np.uint8
    )


def shared_kmers(a: Codes, b: Codes, k: int) -> float:
    """The rule by sets of texts: an independent slow reference."""
    sets = []
    for codes in (a, b):
        kmers = [codes[i : i + k] for i in range(len(codes) - k + 1)]
        sets.append({min(decode(m), decode(reverse_complement(m))) for m in kmers if (m < 4).all()})
    return len(sets[0] & sets[1]) / max(min(map(len, sets)), 1)


def test_homology_against_the_rule() -> None:
    """All pairs of 60 sequences with copies at various distances, some reversed, some with N, of two lengths."""
    base = random(12, 0, 70)
    copies = [mutated(base, share, seed) for seed, share in enumerate((0.0, 0.03, 0.08, 0.3), start=1)]
    copies[1] = reverse_complement(copies[1])
    copies[2][:, 20:30] = 4
    parts = [np.concatenate([base, copies[0], copies[1]]), np.concatenate(copies[2:])[:, :60]]
    groups = np.concatenate(homology_groups(parts))
    every = [row for part in parts for row in part]
    linked = np.array([[shared_kmers(a, b, 14) >= 0.25 for b in every] for a in every])
    expected = linked.copy()
    for _ in range(6):
        expected = (expected.astype(int) @ expected.astype(int)) > 0
    np.testing.assert_array_equal(groups[:, None] == groups[None, :], expected)
    assert len(np.unique(groups)) > 12


@pytest.mark.parametrize(("change", "least", "most"), [(0.02, 0.99, 1), (0.05, 0.85, 1), (0.2, 0, 0.05)])
def test_what_counts_as_homologous(change: float, least: float, most: float) -> None:
    a = random(500, 0)
    one, other = homology_groups([a, mutated(a, change, 1)])
    assert least <= (one == other).mean() <= most


def test_an_overlap_of_a_third_counts_and_chance_does_not() -> None:
    a = random(300, 0, 300)
    for shift, related in ((60, True), (75, False)):
        one, other = homology_groups([a[:, :L], a[:, shift : shift + L]])
        assert (one == other).all() == related
    assert len(np.unique(homology_groups([random(20_000, 3)])[0])) == 20_000


def test_places_count_where_they_are_known() -> None:
    parts = []
    for seed, starts in ((0, [0, 500]), (1, [90, 900])):
        table = pd.DataFrame({"name": ["a", "b"], "chrom": ["chr1", "chr1"], "start": starts})
        table["end"] = table["start"] + L
        parts.append(ArrayWindows(random(2, seed), np.ones(2), table=table))
    one, other = related_groups(parts)
    assert one[0] == other[0]
    assert len({one[1], other[1], one[0]}) == 3


def test_equal_windows_too_short_for_k_mers_are_related() -> None:
    """Of 12 bp no window has a 14-mer; of longer ones some have too many unknown bases."""
    short = random(6, 0, 12)
    parts = [ArrayWindows(codes, np.ones(len(codes))) for codes in (short, short[[2, 4]])]
    one, other = related_groups(parts)
    assert len(np.unique(one)) == 6
    assert other.tolist() == [one[2], one[4]]
    blank = random(4, 1)
    blank[:, 10::10] = 4
    one, other = related_groups([ArrayWindows(codes, np.ones(len(codes))) for codes in (blank, blank[[3]])])
    assert len(np.unique(one)) == 4
    assert other[0] == one[3]


def test_validation_holds_whole_groups_over_all_sets() -> None:
    """80 training windows of one set have copies among the other's: each pair lies in one split of both."""
    first, test = random(200, 1), random(20, 2)
    second = np.concatenate([random(120, 4), mutated(first[:80], 0.02, 3)])
    sets = {}
    for name, codes in (("a", first), ("b", second)):
        halves = {"train": codes[:170], "valid": codes[170:], "test": test}
        splits = {s: ArrayWindows(part, np.arange(len(part)) % 2, tasks=(name,)) for s, part in halves.items()}
        sets[name] = Dataset(name, "arrays", splits, name)
    made = independent_sets(sets).sets
    parts = {(name, split): one[split] for name, one in made.items() for split in ("train", "valid")}
    groups = dict(zip(parts, related_groups(list(parts.values())), strict=True))
    for split, other in (("train", "valid"), ("valid", "train")):
        assert not np.isin(groups["a", split], groups["b", other]).any()
    pairs = sum(int(np.isin(groups["a", split], groups["b", split]).sum()) for split in ("train", "valid"))
    assert pairs == 80


def sets_with_leaks() -> tuple[dict[str, Dataset], dict[str, Codes]]:
    """Two sets; 15 test windows of each lie in the other's training half: equal, reversed, mutated, or shifted."""
    wide = {name: random(40, seed, 200) for name, seed in (("a", 10), ("b", 11))}
    made = {}
    for name, other in (("a", "b"), ("b", "a")):
        test = wide[name][:, 40 : 40 + L]
        leaks = np.concatenate(
            [
                wide[other][:5, 40 : 40 + L],
                reverse_complement(wide[other][5:10, 40 : 40 + L]),
                mutated(wide[other][10:13, 40 : 40 + L], 0.02, 1),
                wide[other][13:15, 70 : 70 + L],
            ]
        )
        train = np.concatenate([random(200, ord(name)), leaks])
        labels = np.arange(len(train)) % 2
        order = np.random.default_rng(0).permutation(len(train))
        parts = {"train": order[:190], "valid": order[190:]}
        splits = {s: ArrayWindows(train[i], labels[i], tasks=(name,)) for s, i in parts.items()}
        splits["test"] = ArrayWindows(test, np.arange(40) % 2, tasks=(name,))
        made[name] = Dataset(name, "arrays", splits, name)
    return made, {name: codes[:, 40 : 40 + L] for name, codes in wide.items()}


def test_no_training_window_is_related_to_a_test_window_of_any_set() -> None:
    sets, _ = sets_with_leaks()
    found = independent_sets(sets)
    assert found.table["dropped"].tolist() == [15, 15]
    assert "30 of 430 training windows" in found.notes[0]
    parts = {(n, s): w for n, one in found.sets.items() for s, w in one.splits.items()}
    groups = dict(zip(parts, related_groups(list(parts.values())), strict=True))
    for first, second in combinations(parts, 2):
        if first[1] != second[1]:
            assert not np.isin(groups[first], groups[second]).any()
    for name, one in found.sets.items():
        assert len(one["test"]) == 40
        assert len(one["train"]) + len(one["valid"]) == 200
        assert 10 <= len(one["valid"]) <= 40
        assert one.hash != sets[name].hash
    again = independent_sets(sets).sets
    np.testing.assert_array_equal(again["a"]["train"].labels, found.sets["a"]["train"].labels)


def write_sets(folder: Path) -> Path:
    folder.mkdir()
    sets, _ = sets_with_leaks()
    header = "FoldID\tEventID\tseq\tBound\n"
    for name, one in sets.items():
        for half, splits in (("AC", ("train", "valid")), ("B", ("test",))):
            lines = [
                f"A\t{name}_{half}_{split}{i}\t{decode(codes)}\t{int(label)}\n"
                for split in splits
                for i, (codes, label) in enumerate(
                    zip(one[split].codes(np.arange(len(one[split]))), one[split].labels[:, 0], strict=True)
                )
            ]
            (folder / f"{name}_{half}.seq").write_text(header + "".join(lines))
    return folder


def test_folders_are_opened_so(tmp_path: Path) -> None:
    folder = write_sets(tmp_path / "sets")
    kept = open_sets(folder, related="keep")
    assert sum(len(one["train"]) + len(one["valid"]) for one in kept.values()) == 430
    dropped = open_sets(folder)
    assert sum(len(one["train"]) + len(one["valid"]) for one in dropped.values()) == 400
    pooled = pooled_folder(folder)
    assert len(pooled["train"]) + len(pooled["valid"]) == 400
    assert len(pooled["test"]) == 80
    assert any("30 of 430 training windows" in note for note in pooled.notes)
    assert pooled_folder(folder, Recipe(related="keep")).hash != pooled.hash


def test_training_on_a_folder_heeds_the_recipe_and_is_opened_again_so(tmp_path: Path) -> None:
    folder = write_sets(tmp_path / "sets")
    for pooling, related, count in (("sets", "keep", 430), ("classes", "drop", 400)):
        how = Recipe(pooling=pooling, related=related)  # type: ignore[arg-type]
        data = open_for_training(str(folder), how)
        config = {
            "tasks": ["bound"],
            "data": {"source": str(folder), "hash": data.hash, "options": {}},
            "training": {"pooling": pooling, "related": related},
        }
        run = save_run(tmp_path / pooling, build("deepbind", length=L, kernels=2), config)
        for opened in (data, open_as_trained(open_run(run))):
            assert len(opened["train"]) + len(opened["valid"]) == count
            assert opened["train"].pooling == pooling  # type: ignore[attr-defined]
            assert opened.hash == data.hash


def test_a_test_file_too(tmp_path: Path) -> None:
    """Of one file with a test half: related training windows are left out, with a note."""
    codes = random(60, 0)
    test = np.concatenate([random(20, 1), mutated(codes[:7], 0.02, 2)])
    for name, part in (("x.fa", codes), ("t.fa", test)):
        (tmp_path / name).write_text("".join(f">{name}{i}\n{decode(row)}\n" for i, row in enumerate(part)))
    dataset = open_dataset(tmp_path / "x.fa", test=tmp_path / "t.fa")
    bound = sum(int((dataset[split].labels == 1).sum()) for split in ("train", "valid"))
    assert bound == 53
    assert any("7 of 60 sequences of x.fa are equal to, overlap or are homologous" in n for n in dataset.notes)


def test_division(tmp_path: Path) -> None:
    codes = random(100, 0)
    (tmp_path / "x.fa").write_text("".join(f">s{i}\n{decode(row)}\n" for i, row in enumerate(codes)))
    for division, sizes in (
        (None, (80, 10, 10)),
        ((0.6, 0.1, 0.3), (60, 10, 30)),
        ((0.5, 0.25, 0.25), (50, 25, 25)),
    ):
        dataset = open_dataset(tmp_path / "x.fa", division=division)
        found = tuple(int((dataset[split].labels == 1).sum()) for split in ("train", "valid", "test"))
        assert found == sizes


def test_describe_tells_of_them(tmp_path: Path) -> None:
    """Of one set, of a file with its test half, and of a folder of sets: what is related, in numbers."""
    from typer.testing import CliRunner

    from motiflens.analyses.cli.main import app
    from motiflens.models.data.describe import describe

    sets, _ = sets_with_leaks()
    test = ArrayWindows(mutated(sets["a"]["train"].codes(np.arange(30)), 0.02, 5), np.arange(30) % 2, tasks=("a",))
    found = describe(Dataset("x", "arrays", {"train": sets["a"]["train"], "test": test}, "h")).warnings
    assert any("of test that were compared are homologous, not equal, to windows of train" in w for w in found)
    folder = write_sets(tmp_path / "sets")
    result = CliRunner().invoke(app, ["data", "describe", str(folder)])
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert "in training on this folder 30 of 430 training windows are equal to, overlap or are homologous" in text
    assert "windows of test that were compared are homologous, not equal, to windows of train" in text


def one_hot_file(path: Path, **arrays: Codes) -> None:
    """Arrays with labels of their own, half of them bound."""
    content: dict[str, np.ndarray] = {}
    for name, codes in arrays.items():
        suffix = "" if name == "X" else f"_{name}"
        content[f"X{suffix}"] = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)
        content[f"y{suffix}"] = np.arange(len(codes)) % 2
    np.savez(path, **content)


def test_arrays_leave_out_what_is_related_to_the_test_file(tmp_path: Path) -> None:
    """40 of 300 windows are in the test file, turned, or overlap it: all were trained on."""
    a, test = random(300, 0), random(60, 1)
    test[:20], test[20:30] = a[:20], reverse_complement(a[20:30])
    test[30:40, :50] = a[30:40, 51:]
    one_hot_file(tmp_path / "t.npz", X=test)
    one_hot_file(tmp_path / "a.npz", X=a)
    one_hot_file(tmp_path / "b.npz", train=a[:200], valid=a[200:])
    for name, sizes in (("a", [234, 26, 60]), ("b", [160, 100, 60])):
        data = open_dataset(tmp_path / f"{name}.npz", test=tmp_path / "t.npz")
        assert [len(data[split]) for split in ("train", "valid", "test")] == sizes
        assert f"40 of 300 windows of {name}.npz are equal or homologous to test windows: left out" in data.notes
        groups = related_groups([data["train"], data["valid"], data["test"]])
        assert not np.isin(groups[2], np.concatenate(groups[:2])).any()
    one_hot_file(tmp_path / "c.npz", train=test[:9], valid=a[200:])
    with pytest.raises(ValueError, match=r"every window of train of .*c\.npz is related to one of the test file"):
        open_dataset(tmp_path / "c.npz", test=tmp_path / "t.npz")


def test_arrays_are_divided_by_groups_of_related_windows(tmp_path: Path) -> None:
    """Windows shifted by 3 bp were in two splits, and a division was not heard."""
    a = random(100, 0)
    one_hot_file(tmp_path / "a.npz", X=np.concatenate([a, np.roll(a, 3, axis=1)]))
    data = open_dataset(tmp_path / "a.npz", division=(0.6, 0.2, 0.2))
    assert [len(data[split]) for split in ("train", "valid", "test")] == [120, 40, 40]
    groups = related_groups([data[split] for split in ("train", "valid", "test")])
    assert not any(np.isin(one, other).any() for one, other in combinations(groups, 2))


def test_negatives_of_a_file_stay_with_what_they_are_related_to(tmp_path: Path) -> None:
    """Shifted copies of a negative were in two splits, and tested positives were negatives to train on."""
    positives, negatives = random(200, 0), random(100, 1)
    negatives[:10] = positives[:10]
    negatives = np.concatenate([negatives, np.roll(negatives, 2, axis=1)])
    for name, codes in (("p", positives), ("n", negatives)):
        (tmp_path / f"{name}.fa").write_text(
            "".join(f">{name}{i}\n{decode(row)}\n" for i, row in enumerate(codes))
        )
    data = open_dataset(tmp_path / "p.fa", negatives_file=tmp_path / "n.fa")
    groups = related_groups([data[split] for split in ("train", "valid", "test")])
    assert not any(np.isin(one, other).any() for one, other in combinations(groups, 2))
    assert sum(int((data[split].labels == 0).sum()) for split in data.splits) == 200
    (tmp_path / "t.seq").write_text(
        "FoldID\tEventID\tseq\tBound\n"
        + "".join(f"A\te{i}\t{decode(row)}\t{i % 2}\n" for i, row in enumerate(negatives[50:70]))
    )
    (tmp_path / "a.seq").write_text(
        "FoldID\tEventID\tseq\tBound\n"
        + "".join(f"A\te{i}\t{decode(row)}\t1\n" for i, row in enumerate(positives))
    )
    data = open_dataset(tmp_path / "a.seq", test=tmp_path / "t.seq", negatives_file=tmp_path / "n.fa")
    assert "40 of 200 sequences of n.fa are equal to" in " ".join(data.notes)
    assert len(data["test"]) == 20
