"""What a dataset.toml can ask for beyond the defaults: labels, expression, islands, depth, first windows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models.data import Dataset, open_dataset
from motiflens.models.data.both_strands import BothStrands
from motiflens.models.data.expression import expression_components
from motiflens.models.data.genome import open_genome
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.uniqueness import write_uniqueness

from .conftest import Tiny, write_bigwig, write_fasta


@pytest.fixture
def folder(tiny: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.path, tmp_path / "tiny"))


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    text = (folder / "dataset.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "dataset.toml").write_text(text)
    return folder


def labels_of(dataset: Dataset, split: str = "test") -> dict[tuple[str, int], float]:
    table, labels = dataset[split].table, dataset[split].labels
    return {(c, s + 100): v for c, s, v in zip(table["chrom"], table["start"], labels[:, 0], strict=True)}


def test_any_overlap_binds_and_what_fails_idr_is_ambiguous(folder: Path) -> None:
    """G03: an IDR output of 20 columns, column 12 = -log10 IDR; a score in column 5 = -125 log2 IDR."""
    peaks = [("chrB", 500, 540, 3.0), ("chrB", 2010, 2020, 0.2), ("chrB", 540, 610, 0.5)]
    rows = [
        f"{c}\t{s}\t{e}\t.\t0\t.\t1\t-1\t-1\t5\t1\t{idr}\t{s}\t{e}\t1\t5\t{s}\t{e}\t1\t5\n"
        for c, s, e, idr in peaks
    ]
    (folder / "X.one.narrowPeak").write_text("".join(rows))
    changed(folder, ('labelling = "deepsea"', 'labelling = "overlap"'))
    changed(folder, ('peaks = "X.one.narrowPeak"', 'peaks = "X.one.narrowPeak"\nidr = 0.05'))
    found = labels_of(open_dataset(folder))
    for (chrom, start), value in found.items():
        touches = {i for i, (c, s, e, _) in enumerate(peaks) if c == chrom and s < start + 100 and start < e}
        expected = 1.0 if 0 in touches else np.nan if touches else 0.0
        np.testing.assert_equal(value, expected)
    assert sum(value == 1 for value in found.values()) == 2  # 10 bp of overlap are enough; half of a bin was asked
    rows = [f"{c}\t{s}\t{e}\t.\t{round(-125 * np.log2(10**-idr))}\t.\t1\t-1\t-1\t5\n" for c, s, e, idr in peaks]
    (folder / "X.one.narrowPeak").write_text("".join(rows))
    assert labels_of(open_dataset(folder)).keys() == found.keys()
    np.testing.assert_equal(list(labels_of(open_dataset(folder)).values()), list(found.values()))
    (folder / "X.one.narrowPeak").write_text("chrB\t500\t540\n")
    with pytest.raises(ValueError, match=r"X\.one\.narrowPeak tells no IDR"):
        open_dataset(folder)


def test_plain_tpm_components() -> None:
    """G12: principal components of the values themselves, not divided."""
    values = np.random.default_rng(0).gamma(1.0, 10.0, (50, 5))
    found = expression_components(values, 3, transform="tpm", scaled=False)
    centred = (values - values.mean(axis=1, keepdims=True)).T
    eigenvalues, vectors = np.linalg.eigh(centred @ centred.T)
    expected = (vectors * np.sqrt(np.maximum(eigenvalues, 0)))[:, ::-1][:, :3]
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-4, atol=1e-3)


def test_plain_tpm_from_the_folder(folder: Path) -> None:
    before = open_dataset(folder, tf="X")["train"].meta(np.array([0]))
    changed(folder, ("components = 3", 'components = 3\ntransform = "tpm"\nscaled = false'))
    after = open_dataset(folder, tf="X")["train"].meta(np.array([0]))
    assert before is not None
    assert after is not None
    assert np.abs(after[0, 0]) > 2 * np.abs(before[0, 0])
    changed(folder, ('"tpm"', '"log"'))
    with pytest.raises(ValueError, match=r"'transform' in .expression. is 'log': expected log2 or tpm"):
        open_dataset(folder, tf="X")


def island(text: str) -> bool:
    """The formula, of one window's letters."""
    c, g, pairs = text.count("C"), text.count("G"), text.count("CG")
    return c + g > 0 and pairs * len(text) / ((c + g) / 2) ** 2 > 0.6 and (c + g) / len(text) > 0.5


def test_cpg_islands_from_the_sequence(folder: Path) -> None:
    """G16: a channel of the genome's letters alone, base by base against the formula."""
    rng = np.random.default_rng(0)
    letters = {
        name: rng.choice(list("ACGT"), size)
        for name, size in (("chrA", 14000), ("chrB", 9000), ("chrC", 8000), ("chrM", 500))
    }
    for at in (300, 3000, 5210):
        letters["chrB"][at : at + 400] = rng.choice(list("ACGT"), 400, p=[0.1, 0.4, 0.4, 0.1])
    write_fasta(folder / "genome.fa", {name: "".join(text) for name, text in letters.items()})
    changed(folder, ('uniqueness = "uniqueness.bw"', 'uniqueness = "uniqueness.bw"\ncgi = "sequence"'))
    windows = open_dataset(folder, tf="X", signals=("cgi", "dnase"))["test"]
    assert windows.channels[4:] == ("cgi", "dnase")
    rows = np.arange(0, len(windows), 17)
    values = windows.signals(rows)[:, 0]
    assert 0.02 < values.mean() < 0.9
    for row, found in zip(rows, values, strict=True):
        start = int(windows.table["start"][row])
        for j in range(0, 300, 23):
            first = start + j - 100
            text = "".join(letters["chrB"][i] if 0 <= i < 9000 else "N" for i in range(first, first + 200))
            assert found[j] == island(text)


def test_1x_coverage_and_a_note_on_depth(folder: Path, tiny: Tiny) -> None:
    """G11: cell types of different depth are told of, and made comparable on demand."""
    values = tiny.values["dnase.two"]
    write_bigwig(folder / "dnase.two.bw", {name: array * 8 for name, array in values.items()})
    plain = open_dataset(folder, tf="X")
    assert any("differs in mean depth" in note and "1x" in note for note in plain.notes)
    changed(folder, ('accessibility = "dnase.two.bw"', 'accessibility = "dnase.two.bw"\nnormalise = "1x"'))
    changed(folder, ('accessibility = "dnase.one.bw"', 'accessibility = "dnase.one.bw"\nnormalise = "1x"'))
    dataset = open_dataset(folder, tf="X")
    assert not any("differs in mean depth" in note for note in dataset.notes)
    known = sum(sum(letter != "N" for letter in text) for text in tiny.letters.values())
    for cell in ("one", "two"):
        factor = 1 if cell == "one" else 8
        total = factor * sum(
            np.nansum(array.astype(np.float64)) for array in tiny.values[f"dnase.{cell}"].values()
        )
        here = np.flatnonzero((dataset["test"].table["cell_type"] == cell).to_numpy())[:20]
        now, before = (
            one["test"].signals(here)[:, one["test"].channels.index("dnase") - 4] for one in (dataset, plain)
        )
        np.testing.assert_allclose(now, before * known / total, rtol=1e-4)
    with pytest.raises(ValueError, match=r"'normalise' in .cell_types. is '2x', expected none or 1x"):
        open_dataset(changed(folder, ('"1x"', '"2x"')), tf="X")


def test_conservation_is_a_named_signal(folder: Path, tiny: Tiny) -> None:
    """G15: phastCons as a channel; bases without a value are 0."""
    write_bigwig(folder / "phastCons.bw", {"chrB": np.where(np.arange(9000) % 50 < 25, 0.75, np.nan)})
    changed(folder, ('extra = "extra.bw"', 'phastCons = "phastCons.bw"'))
    windows = open_dataset(folder, tf="X", signals=("uniqueness", "dnase", "phastCons"))["test"]
    values = windows.signals(np.arange(40))[:, 2]
    starts = windows.table["start"].to_numpy()[:40]
    places = starts[:, None] + np.arange(300)
    np.testing.assert_array_equal(values, np.where((places % 50 < 25) & (places >= 0), np.float32(0.75), 0))


def test_the_first_windows_of_a_chromosome(folder: Path) -> None:
    """T03: 4,000 windows of chr7 are TBiNet's validation; here the first 30 places of chrC."""
    whole = open_dataset(folder)["valid"]
    dataset = open_dataset(changed(folder, ('valid = ["chrC"]', 'valid = ["chrC:first 30"]')))
    assert dataset["valid"].table["start"].tolist() == sorted(whole.table["start"])[:30]
    assert set(dataset["train"].table["chrom"]) == {"chrA", "chrM"}
    assert any("valid is the first 30 of chrC" in note for note in dataset.notes)
    with pytest.raises(ValueError, match="fewer than the first 9999"):
        open_dataset(changed(folder, ("first 30", "first 9999")))


@pytest.mark.parametrize(("size", "most"), [(7, 4), (12, 2)])
def test_uniqueness_in_bounded_memory(
    size: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G08: against counting texts; in one pass and in many, in blocks."""
    rng = np.random.default_rng(0)
    letters = {
        "one": "".join(rng.choice(list("ACGT"), 900)),
        "two": "".join(rng.choice(list("ACGTn"), 400)),
        "tiny": "ACG",
    }
    letters["two"] = letters["two"][:100] + letters["one"][50:90] * 3 + letters["two"][100:]
    write_fasta(tmp_path / "g.fa", letters)
    complement = str.maketrans("ACGT", "TGCA")
    counts: dict[str, int] = {}
    upper = {name: text.upper() for name, text in letters.items()}
    for text in upper.values():
        for i in range(len(text) - size + 1):
            kmer = text[i : i + size]
            key = min(kmer, kmer.translate(complement)[::-1])
            counts[key] = counts.get(key, 0) + 1
    expected = {}
    for name, text in upper.items():
        values = np.zeros(len(text))
        for i in range(len(text) - size + 1):
            kmer = text[i : i + size]
            times = counts[min(kmer, kmer.translate(complement)[::-1])]
            values[i] = 1 / times if "N" not in kmer and times <= most else 0
        expected[name] = values
    genome = open_genome(tmp_path / "g.fa")
    for memory, block in ((4e9, 1 << 24), (9000, 128)):
        monkeypatch.setattr("motiflens.models.data.uniqueness._BLOCK", block)
        steps: list[object] = []
        write_uniqueness(genome, tmp_path / "u.bw", size=size, most=most, memory=memory, progress=steps.append)
        assert len(steps) == (2 if memory == 4e9 else 9)
        with pyBigWig.open(str(tmp_path / "u.bw")) as file:
            for name, values in expected.items():
                found = np.nan_to_num(file.values(name, 0, len(values), numpy=True))
                np.testing.assert_allclose(found, values, rtol=1e-6)
    result = CliRunner().invoke(
        app,
        [
            "data",
            "uniqueness",
            str(tmp_path / "g.fa"),
            "--out",
            str(tmp_path / "c.bw"),
            "--size",
            str(size),
            "--most",
            str(most),
        ],
    )
    assert result.exit_code == 0
    assert (tmp_path / "c.bw").read_bytes() == (tmp_path / "u.bw").read_bytes()


def test_both_strands_as_rows(tiny: Tiny) -> None:
    """T04: the second half is the first one's reverse complement, signals and tracks reversed."""
    windows = open_dataset(tiny.path, tf="X")["test"]
    both = BothStrands(windows)
    n = len(windows)
    assert len(both) == 2 * n
    rows = np.array([3, 0, 8])
    plain, turned = both.read(rows), both.read(rows + n)
    np.testing.assert_array_equal(plain.x, windows.read(rows).x)
    np.testing.assert_array_equal(turned.x[:, :4], one_hot(windows.codes(rows))[:, [3, 2, 1, 0], ::-1])
    np.testing.assert_array_equal(turned.x[:, 4:], plain.x[:, 4:, ::-1])
    np.testing.assert_array_equal(turned.y, plain.y)
    np.testing.assert_array_equal(turned.meta, plain.meta)
    np.testing.assert_array_equal(both.track("fold_change", rows + n), windows.track("fold_change", rows)[:, ::-1])


def test_a_leaderboard_of_cell_types_on_the_tests_chromosomes(folder: Path) -> None:
    """G18: chromosome 1 of a leaderboard cell type, of which training, validation and test see nothing."""
    splits = 'test_cell_types = ["two"]\nleaderboard = ["chrB"]\nleaderboard_cell_types = ["one"]\n'
    changed(folder, ('test = ["chrB"]\n', f'test = ["chrB"]\n{splits}'))
    plain = open_dataset(folder, tf="X")
    assert list(plain.splits) == ["train", "valid", "test", "leaderboard"]
    board, test = plain["leaderboard"], plain["test"]
    for part, cell in ((board, "one"), (test, "two")):
        assert set(part.table["chrom"]) == {"chrB"}
        assert set(part.table["cell_type"]) == {cell}
        assert (part.labels == 1).any()
    np.testing.assert_array_equal(np.unique(board.table["start"]), np.unique(test.table["start"]))
    for split in ("train", "valid"):
        assert "chrB" not in set(plain[split].table["chrom"])
        assert set(plain[split].table["cell_type"]) == {"two"}
    # tasks in place of cell types: the leaderboard's windows would be the test's
    tasks = open_dataset(folder)
    assert "leaderboard" not in tasks.splits
    assert any("leaderboard is of cell types" in note for note in tasks.notes)
    changed(folder, ('leaderboard_cell_types = ["one"]', 'leaderboard_cell_types = ["two"]'))
    with pytest.raises(ValueError, match="'two' is the test's and the leaderboard's"):
        open_dataset(folder, tf="X")
    changed(folder, ('leaderboard_cell_types = ["two"]\n', ""))
    with pytest.raises(ValueError, match="chrB is in two splits"):
        open_dataset(folder, tf="X")
