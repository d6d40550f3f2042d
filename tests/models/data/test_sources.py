"""Each kind of source: DeepBind's files, FASTA, BED, DeepSEA's MATLAB files, arrays."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from motiflens.models.data import Dataset, open_dataset
from motiflens.models.data.one_hot import decode, encode, one_hot, reverse_complement
from motiflens.models.data.open_dataset import source_kind

from .conftest import Tiny

LETTERS = np.array(list("ACGT"))


def random_texts(count: int, length: int = 30, seed: int = 0) -> list[str]:
    return ["".join(row) for row in np.random.default_rng(seed).choice(LETTERS, (count, length))]


def seq_file(path: Path, texts: list[str], bound: list[int]) -> Path:
    rows = enumerate(zip(texts, bound, strict=True))
    lines = ["FoldID\tEventID\tseq\tBound", *(f"A\ts{i}\t{text}\t{b}" for i, (text, b) in rows)]
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def letters(data: Dataset, split: str) -> list[str]:
    return [decode(row) for row in data[split].codes(np.arange(len(data[split])))]


def counts(text: str) -> list[int]:
    codes = encode(text).astype(int)
    return np.bincount(codes[:-1] * 5 + codes[1:], minlength=25).tolist()


class TestDeepBind:
    def test_a_pair(self, tmp_path: Path) -> None:
        train, test = random_texts(60), random_texts(8, seed=1)
        path = seq_file(tmp_path / "TF_cell.AC.seq.gz", train, [1] * 60)
        seq_file(tmp_path / "TF_cell.B.seq.gz", test, [1, 0] * 4)
        data = open_dataset(path)
        assert data.kind == "deepbind_seq"
        assert data.example.tasks == ("TF_cell",)
        assert letters(data, "test") == test
        assert data["test"].labels[:, 0].tolist() == [1, 0] * 4
        assert (len(data["valid"]), len(data["train"])) == (12, 108)
        positives = [
            text
            for split in ("train", "valid")
            for text, label in zip(letters(data, split), data[split].labels[:, 0], strict=True)
            if label == 1
        ]
        assert sorted(positives) == sorted(train)
        for split in ("train", "valid"):
            texts, labels = letters(data, split), data[split].labels[:, 0]
            made = [counts(t) for t, label in zip(texts, labels, strict=True) if label == 0]
            from_ = [counts(t) for t, label in zip(texts, labels, strict=True) if label == 1]
            assert sorted(made) == sorted(from_)

    def test_seeds(self, tmp_path: Path) -> None:
        path = seq_file(tmp_path / "a.seq", random_texts(50), [1] * 50)
        first, same, other = (open_dataset(path, seed=s) for s in (0, 0, 1))
        for split in ("train", "valid", "test"):
            assert letters(first, split) == letters(same, split)
        assert letters(first, "test") != letters(other, "test")

    def test_equal_sequences_stay_together(self, tmp_path: Path) -> None:
        texts = random_texts(20)
        turned = [decode(reverse_complement(encode(text))) for text in texts]
        path = seq_file(tmp_path / "a.seq", texts * 2 + turned, [1, 0] * 30)
        data = open_dataset(path)
        where: dict[str, set[str]] = {}
        for split in data.splits:
            for text in letters(data, split):
                key = min(text, decode(reverse_complement(encode(text))))
                where.setdefault(key, set()).add(split)
        assert all(len(splits) == 1 for splits in where.values())
        assert len(where) == 20

    def test_a_folder(self, tmp_path: Path) -> None:
        for name in ("ONE", "TWO"):
            seq_file(tmp_path / f"{name}.AC.seq", random_texts(30), [1] * 30)
            seq_file(tmp_path / f"{name}.B.seq", random_texts(4, seed=2), [1, 0] * 2)
        assert open_dataset(tmp_path, tf="TWO").example.tasks == ("TWO",)
        with pytest.raises(ValueError, match=r"holds 2 data sets: choose one of ONE, TWO with tf"):
            open_dataset(tmp_path)

    def test_ratio_and_given_negatives(self, tmp_path: Path) -> None:
        path = seq_file(tmp_path / "a.seq", random_texts(50), [1] * 50)
        data = open_dataset(path, ratio=3)
        assert [len(data[s]) for s in ("train", "valid", "test")] == [160, 20, 20]
        other = random_texts(40, seed=4)
        (tmp_path / "n.fa").write_text("".join(f">n{i}\n{t}\n" for i, t in enumerate(other)))
        data = open_dataset(path, negatives_file=tmp_path / "n.fa")
        found = [
            text
            for split in data.splits
            for text, label in zip(letters(data, split), data[split].labels[:, 0], strict=True)
            if label == 0
        ]
        assert sorted(found) == sorted(other)
        assert all((data[split].labels == 0).any() for split in data.splits)


class TestFasta:
    def test_places_in_headers(self, tiny: Tiny, tmp_path: Path) -> None:
        lines = []
        for i in range(30):
            start = 40 + 200 * i
            text = tiny.letters["chrA"][start : start + 50]
            if i % 3 == 0:
                lines.append(f">chrA:{start}-{start + 50}\n{text}")
            elif i % 3 == 1:
                lines.append(f">chrA:{start + 1}-{start + 50}\n{text[:20]}\n{text[20:]}")
            else:
                turned = text[::-1].translate(str.maketrans("ACGTacgt", "TGCAtgca"))
                lines.append(f">p{i}::chrA:{start}-{start + 50}(-)\n{turned}")
        path = tmp_path / "a.fa"
        path.write_text("\n".join(lines) + "\n")
        data = open_dataset(path)
        assert data.kind == "fasta"
        assert any("10 sequences of the minus strand" in note for note in data.notes)
        seen = 0
        for split in data.splits:
            table = data[split].table
            for text, row in zip(letters(data, split), table.itertuples(), strict=True):
                if row.chrom == row.chrom and row.chrom is not None:  # not NaN
                    assert text == tiny.letters["chrA"][row.start : row.end].upper()
                    seen += 1
        assert seen == 30

    def test_lengths(self, tmp_path: Path) -> None:
        path = tmp_path / "a.fa"
        path.write_text("".join(f">chr1:{90 * i}-{90 * i + 9}\n{t}\n" for i, t in enumerate(random_texts(20, 9))))
        data = open_dataset(path, length=5)
        index = int(np.flatnonzero(data["train"].labels[:, 0] == 1)[0])
        row = data["train"].table.iloc[index]
        assert row["start"] % 90 == 2
        assert row["end"] - row["start"] == 5
        text = letters(open_dataset(path, length=13), "train")[0]
        assert (text[:2], text[-2:]) == ("NN", "NN")

    def test_test_chromosomes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.fa"
        path.write_text(
            "".join(f">chr{i % 3}:{30 * i}-{30 * i + 30}\n{t}\n" for i, t in enumerate(random_texts(60)))
        )
        data = open_dataset(path, test="chr2")
        for split in data.splits:
            chroms = set(data[split].table["chrom"].dropna())
            assert chroms == ({"chr2"} if split == "test" else {"chr0", "chr1"})
        with pytest.raises(ValueError, match="'chr9' is neither a file nor a chromosome of"):
            open_dataset(path, test="chr9")

    def test_matched_negatives(self, tiny: Tiny, tmp_path: Path) -> None:
        path = tmp_path / "a.fa"
        starts = range(200, 6000, 200)
        path.write_text("".join(f">chrA:{s}-{s + 50}\n{tiny.letters['chrA'][s : s + 50]}\n" for s in starts))
        data = open_dataset(path, negatives="gc", genome=tiny.path / "genome.fa")
        for split in data.splits:
            for row, label in zip(data[split].table.itertuples(), data[split].labels[:, 0], strict=True):
                if label == 0:
                    assert row.chrom == "chrA"
                    assert all(row.end <= s or row.start >= s + 50 for s in starts)


class TestBed:
    def test_windows_about_summits(self, tiny: Tiny) -> None:
        path, genome = tiny.path / "X.one.narrowPeak", tiny.path / "genome.fa"
        data = open_dataset(path, genome=genome, length=101)
        assert data.kind == "peaks"
        found = {}
        for split in data.splits:
            for text, row, label in zip(
                letters(data, split), data[split].table.itertuples(), data[split].labels[:, 0], strict=True
            ):
                if label == 1:
                    found[row.chrom, row.start + 50] = row.signal
                    assert text.strip("N") in tiny.letters[row.chrom].upper()
        assert found == {(c, m): i + 1.5 for i, (c, _, _, m) in enumerate(tiny.peaks["X.one"])}

    def test_three_columns(self, tiny: Tiny, tmp_path: Path) -> None:
        path = tmp_path / "a.bed"
        path.write_text("track name=x\n# made\n" + "".join(f"chrA\t{s}\t{s + 61}\n" for s in range(0, 9000, 300)))
        data = open_dataset(path, genome=tiny.path / "genome.fa", length=61)
        positive = data["train"].table[data["train"].labels[:, 0] == 1]
        assert (positive["start"] % 300 == 0).all()
        assert any("middle of peaks" in note for note in data.notes)

    @pytest.mark.parametrize("labelling", ["deepsea", "dream"])
    def test_bins(self, tiny: Tiny, labelling: str) -> None:
        data = open_dataset(tiny.path / "X.one.narrowPeak", genome=tiny.path / "genome.fa", labelling=labelling)
        assert data.example.tasks == ("X",)
        assert data.example.length == 1000
        chroms = [set(data[split].table["chrom"]) for split in data.splits]
        assert len(chroms) == 3
        assert not set.intersection(*chroms)
        step = {"deepsea": 200, "dream": 50}[labelling]
        assert set((data["train"].table["start"] + 400) % step) == {0}

    def test_unbound_places(self, tiny: Tiny) -> None:
        data = open_dataset(
            tiny.path / "X.one.narrowPeak", genome=tiny.path / "genome.fa", negatives="bins", length=101
        )
        train = data["train"]
        assert len(train.epoch(0)) == 2 * int(train.labels.sum())
        bound = [(c, s, e) for c, s, e, _ in tiny.peaks["X.one"]]
        for row in train.table[train.labels[:, 0] == 0].itertuples():
            assert not any(c == row.chrom and s < row.end and row.start < e for c, s, e in bound)


def mat_arrays(count: int, tasks: int, seed: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    texts = random_texts(count, 20, seed)
    x = one_hot(np.stack([encode(t) for t in texts]))[:, [0, 2, 1, 3]].astype(np.uint8)  # A, G, C, T
    y = (np.random.default_rng(seed).random((count, tasks)) < 0.3).astype(np.uint8)
    return texts, x, y


class TestDeepSea:
    def write(self, folder: Path, tasks: int = 6) -> dict[str, tuple[list[str], np.ndarray]]:
        out = {}
        for i, (split, count) in enumerate((("train", 40), ("valid", 10), ("test", 12))):
            texts, x, y = mat_arrays(count, tasks, i)
            out[split] = (texts, y)
            if split == "train":
                with h5py.File(folder / "train.mat", "w", userblock_size=512) as file:
                    file["trainxdata"], file["traindata"] = x.T, y.T
                with (folder / "train.mat").open("r+b") as file:
                    file.write(b"MATLAB 7.3 MAT-file")
            else:
                scipy.io.savemat(folder / f"{split}.mat", {f"{split}xdata": x, f"{split}data": y})
        return out

    def test_both_formats(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("motiflens.models.data.deepsea_mat._BLOCK", 16)
        written = self.write(tmp_path)
        for again in range(2):  # the second time from the cache
            data = open_dataset(tmp_path)
            assert data.kind == "deepsea_mat"
            for split, (texts, y) in written.items():
                assert letters(data, split) == texts, again
                np.testing.assert_array_equal(data[split].labels, y.astype(np.float32))
        assert data.example.tasks == tuple(f"feature{i}" for i in range(6))

    @pytest.mark.parametrize(
        ("bases", "labels"),
        [((7, 4, 9), (2, 5)), ((20, 4, 1), (6, 1)), ((1, 4, 40), (1, 40)), ((3, 1, 40), (4, 40))],
    )
    def test_chunks_lie_as_they_lie(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bases: tuple[int, ...], labels: tuple[int, ...]
    ) -> None:
        """Blocks of both, one window each, whole rows, few rows: compressed, read some at a time."""
        monkeypatch.setattr("motiflens.models.data.deepsea_mat._BLOCK", 16)
        monkeypatch.setattr("motiflens.models.data.deepsea_mat._BYTES", 500)
        texts, x, y = mat_arrays(40, 6, 0)
        x[3, :, 5] = 0
        with h5py.File(tmp_path / "train.mat", "w") as file:
            file.create_dataset("trainxdata", data=x.T, chunks=bases, compression="gzip")
            file.create_dataset("traindata", data=y.T, chunks=labels, compression="gzip")
        data = open_dataset(tmp_path / "train.mat", columns="1:6")
        texts[3] = texts[3][:5] + "N" + texts[3][6:]
        assert letters(data, "train") == texts
        np.testing.assert_array_equal(data["train"].labels, y[:, 1:].astype(np.float32))

    @pytest.mark.parametrize("value", [2, 1])
    def test_bytes_that_are_not_one_hot(self, tmp_path: Path, value: int) -> None:
        _, x, y = mat_arrays(40, 6, 0)
        x[17, :, 4] = [value, 1, 0, 0]
        with h5py.File(tmp_path / "train.mat", "w") as file:
            file["trainxdata"], file["traindata"] = x.T, y.T
        with pytest.raises(ValueError, match="trainxdata row 17 is not one-hot"):
            open_dataset(tmp_path / "train.mat")
        with h5py.File(tmp_path / "train.mat", "a") as file:
            file["trainxdata"][:, :, 17] = 0
            file["traindata"][2, 21] = 3
        with pytest.raises(ValueError, match="traindata row 21 has labels other than 0 and 1"):
            open_dataset(tmp_path / "train.mat")

    def test_columns(self, tmp_path: Path) -> None:
        written = self.write(tmp_path)
        data = open_dataset(tmp_path, columns="2:5")
        assert data.example.tasks == ("feature2", "feature3", "feature4")
        np.testing.assert_array_equal(data["train"].labels, written["train"][1][:, 2:5].astype(np.float32))
        with pytest.raises(ValueError, match="columns 'tbinet' are not among the 6"):
            open_dataset(tmp_path, columns="tbinet")

    def test_tbinet_columns(self, tmp_path: Path) -> None:
        written = self.write(tmp_path, tasks=919)
        data = open_dataset(tmp_path / "test.mat", columns="tbinet")
        assert list(data.splits) == ["test"]
        assert len(data.example.tasks) == 690
        np.testing.assert_array_equal(data["test"].labels, written["test"][1][:, 125:815].astype(np.float32))


class TestArrays:
    def arrays(self, count: int = 40) -> tuple[list[str], np.ndarray, np.ndarray]:
        texts = random_texts(count, 20)
        x = np.concatenate(
            [one_hot(np.stack([encode(t) for t in texts])), np.random.default_rng(0).random((count, 2, 20))],
            axis=1,
        )
        y = np.random.default_rng(1).integers(-1, 2, (count, 3))
        return texts, x, y

    @pytest.mark.parametrize("ending", [".npz", ".h5"])
    def test_signals_tasks_and_unknown_labels(self, tmp_path: Path, ending: str) -> None:
        texts, x, y = self.arrays()
        path = tmp_path / f"a{ending}"
        content = {"X": x, "y": y}
        if ending == ".npz":
            np.savez(path, **content, tasks=["p", "q", "r"], channels=["A", "C", "G", "T", "u", "d"])
        else:
            with h5py.File(path, "w") as file:
                file.update(content)
        data = open_dataset(path)
        assert data.kind == "arrays"
        assert data.example.tasks == (("p", "q", "r") if ending == ".npz" else ("task0", "task1", "task2"))
        assert data.example.channels[4:] == (("u", "d") if ending == ".npz" else ("signal1", "signal2"))
        seen = 0
        for split in data.splits:
            batch = data[split].read(np.arange(len(data[split])))
            for text, row, label in zip(letters(data, split), batch.x, batch.y, strict=True):
                i = texts.index(text)
                np.testing.assert_allclose(row, x[i], rtol=1e-6)
                np.testing.assert_array_equal(label, np.where(y[i] < 0, np.nan, y[i]).astype(np.float32))
                seen += 1
        assert seen == 40

    def test_named_splits_and_positives_only(self, tmp_path: Path) -> None:
        _, x, _ = self.arrays()
        np.savez(tmp_path / "a.npz", X_train=x[:, :4], y_train=np.ones(40), X_test=x[:5, :4], y_test=np.zeros(5))
        data = open_dataset(tmp_path / "a.npz")
        assert {s: len(w) for s, w in data.splits.items()} == {"train": 40, "test": 5}
        np.savez(tmp_path / "b.npz", X=x[:, :4], y=np.ones(40))
        data = open_dataset(tmp_path / "b.npz")
        assert data["train"].labels.mean() == 0.5


def test_kinds_are_seen_by_content(tmp_path: Path) -> None:
    for text, kind in (
        (">a\nACGT\n", "fasta"),
        ("FoldID\tEventID\tseq\tBound\n", "deepbind_seq"),
        ("chr1\t5\t9\n", "peaks"),
    ):
        (tmp_path / "file").write_text(text)
        assert source_kind(tmp_path / "file") == kind
        (tmp_path / "packed").write_bytes(gzip.compress(text.encode()))
        assert source_kind(tmp_path / "packed") == kind


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("G_AC.seq", "G_B.seq.gz"),  # one packed, the other not
        ("G-AC.seq.gz", "G-B.seq.gz"),
        ("G_ac.seq", "G_b.seq"),
        ("G.AC.SEQ.GZ", "G.B.SEQ.GZ"),
        ("X_(sc-8821)_AC.seq.gz", "X_(sc-8821)_B.seq.gz"),
    ],
)
def test_halves_are_paired_however_they_are_written(train: str, test: str, tmp_path: Path) -> None:
    """B was a set of its own, and a tenth of AC the test set."""
    rng = np.random.default_rng(0)
    for name, rows in ((train, 40), (test, 24)):
        lines = [f"A\t{i}\t{''.join(rng.choice(list('ACGT'), 101))}\t1" for i in range(rows)]
        text = "\n".join(["FoldID\tEventID\tseq\tBound", *lines]) + "\n"
        packed = name.lower().endswith(".gz")
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    for source in (tmp_path, tmp_path / train):
        dataset = open_dataset(source)
        assert int((dataset["test"].labels == 1).sum()) == 24
        assert int((dataset["train"].labels == 1).sum() + (dataset["valid"].labels == 1).sum()) == 40


def test_deepbinds_own_names_are_paired(tmp_path: Path) -> None:
    """In the public repositories the halves are NAME_AC.seq.gz and NAME_B.seq.gz."""
    from motiflens.models.data.deepbind_seq import find_seq_files, seq_sets

    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(60)]
    lines = [f"A\ts{i}\t{text}\t{i % 2}\n" for i, text in enumerate(rows)]
    header = "FoldID\tEventID\tseq\tBound\n"
    for name in ("USF1_HepG2_USF-1_HudsonAlpha", "NFYB_K562"):
        (tmp_path / f"{name}_AC.seq").write_text(header + "".join(lines[:40]))
        (tmp_path / f"{name}_B.seq").write_text(header + "".join(lines[40:]))
    (tmp_path / "LONE_B.seq").write_text(header + "".join(lines))
    sets = seq_sets(tmp_path)
    assert list(sets) == ["LONE_B", "NFYB_K562", "USF1_HepG2_USF-1_HudsonAlpha"]
    assert sets["LONE_B"].test is None
    dataset = open_dataset(tmp_path / "USF1_HepG2_USF-1_HudsonAlpha_AC.seq")
    assert len(dataset["test"]) == 20
    assert dataset.example.tasks == ("USF1_HepG2_USF-1_HudsonAlpha",)
    assert open_dataset(tmp_path, tf="NFYB_K562").hash != dataset.hash
    assert find_seq_files(tmp_path / "NFYB_K562_B.seq").test is None
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("x.B.seq", "y.B.seq.gz"):  # a folder of test halves: each is a set
        (alone / name).touch()
    assert {name: files.test for name, files in seq_sets(alone).items()} == {"x": None, "y": None}


def test_a_choice_lists_all_that_there_is_to_choose_from(tmp_path: Path) -> None:
    """It listed 8 of 14 as if these were all."""
    for i in range(14):
        (tmp_path / f"set{i:02d}.AC.seq").write_text("FoldID\tEventID\tseq\tBound\n")
    with pytest.raises(ValueError, match=r"choose one of set00.*set13 with tf"):
        open_dataset(tmp_path)


def test_the_hash_is_of_content_not_of_how_paths_are_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--resume` with absolute paths was refused: started on other data."""
    texts = random_texts(30)
    (tmp_path / "x.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)))
    (tmp_path / "n.fa").write_text("".join(f">n{i}\n{text}\n" for i, text in enumerate(random_texts(30, seed=9))))
    (tmp_path / "t.fa").write_text("".join(f">t{i}\n{text}\n" for i, text in enumerate(random_texts(9, seed=8))))
    monkeypatch.chdir(tmp_path)
    options = {"negatives_file": "n.fa", "test": "t.fa"}
    relative = open_dataset("x.fa", **options)
    absolute = open_dataset(tmp_path / "x.fa", **{key: tmp_path / name for key, name in options.items()})
    assert relative.hash == absolute.hash
    (tmp_path / "n.fa").write_text((tmp_path / "n.fa").read_text()[::-1][::-1] + ">more\n" + texts[0] + "\n")
    assert open_dataset("x.fa", **options).hash != relative.hash
