"""A random place in each peak in each epoch, off the grid of bins; sequences of different lengths."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from motiflens.models.data.one_hot import decode, encode
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.peak_windows import PeakWindows
from motiflens.models.data.read_fasta import read_fasta
from motiflens.models.epochs import draw_epoch
from motiflens.models.loader import CodeCache
from motiflens.models.open_for_run import open_for_training
from motiflens.models.recipes import Recipe

from .conftest import Tiny

BIN, FLANK = 100, 100


@pytest.fixture
def moving(tiny: Tiny) -> PeakWindows:
    dataset = open_for_training(str(tiny.path), Recipe(use_peak=True, signals=None))
    assert any("random place in each peak" in note for note in dataset.notes)
    windows = dataset["train"]
    assert isinstance(windows, PeakWindows)
    assert not isinstance(dataset["test"], PeakWindows)
    return windows


def test_every_peak_once_at_another_place(tiny: Tiny, moving: PeakWindows) -> None:
    black = {("chrA", i) for i in range(1000, 1100)} | {("chrB", i) for i in range(30)}
    peaks = [
        (chrom, start, end, cell)
        for cell in ("one", "two")
        for chrom, start, end, _ in tiny.peaks[f"X.{cell}"]
        if chrom == "chrA" and not any((chrom, i) in black for i in range(start, end))
    ]
    off_grid = 0
    starts = []
    for number in range(20):
        rows = draw_epoch(moving, number, 3, use_peak=True)
        bound = rows[moving.labels[rows, 0] == 1]
        assert sorted(bound) == list(range(len(peaks)))
        assert len(rows) == 2 * len(peaks), "one unbound bin a peak"
        table = moving.table.iloc[np.arange(len(peaks))]
        for (chrom, low, high, cell), row in zip(peaks, table.itertuples(), strict=True):
            region = (row.start + FLANK, row.start + FLANK + BIN)
            assert (row.chrom, row.cell_type) == (chrom, cell)
            if high - low >= BIN:
                assert low <= region[0]
                assert region[1] <= high
            else:
                assert region[0] <= low
                assert high <= region[1]
            off_grid += (row.start + FLANK) % 50 != 0
        starts.append(table["start"].tolist())
        chosen = rows[:7]
        batch = moving.read(chosen)
        for row, codes in zip(moving.table.iloc[chosen].itertuples(), moving.codes(chosen), strict=True):
            text = tiny.letters[row.chrom].upper()
            assert decode(codes) == "".join(
                text[i] if 0 <= i < len(text) else "N" for i in range(row.start, row.start + 300)
            )
        assert batch.meta is not None
        promoter = [
            float(row.start + FLANK < 500) if row.chrom == "chrA" else 0.0
            for row in moving.table.iloc[chosen].itertuples()
        ]
        assert batch.meta[:, 3].tolist() == promoter
    assert off_grid > 0.9 * 20 * len(peaks), "of the places drawn few lie on the grid"
    assert len({tuple(each) for each in starts}) == 20
    draw_epoch(moving, 7, 3, use_peak=True)
    assert moving.table["start"].tolist()[: len(peaks)] == starts[7], "the same number gives the same places"


def test_nothing_of_moving_windows_is_kept(moving: PeakWindows) -> None:
    cache = CodeCache(moving)
    moving.epoch(0)
    first = cache.codes(np.arange(5)).copy()
    moving.epoch(1)
    assert not np.array_equal(first, cache.codes(np.arange(5)))


def test_sequences_of_different_lengths(tmp_path: Path) -> None:
    """K16: filled up with N at the end; negatives are shuffled without what fills up."""
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), int(n))) for n in rng.integers(20, 60, 50)]
    (tmp_path / "x.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)))
    with pytest.raises(ValueError, match="ask for variable lengths"):
        open_dataset(tmp_path / "x.fa")
    dataset = open_dataset(tmp_path / "x.fa", variable=True)
    longest = max(map(len, texts))
    found: dict[float, list[str]] = {0.0: [], 1.0: []}
    for windows in dataset.splits.values():
        assert windows.length == longest
        for codes, label in zip(windows.codes(np.arange(len(windows))), windows.labels[:, 0], strict=True):
            found[float(label)].append(decode(codes).rstrip("N"))
    assert sorted(found[1.0]) == sorted(texts)
    assert sorted(map(len, found[0.0])) == sorted(map(len, texts))
    pairs = [sorted(a + b for a, b in pairwise(text)) for text in texts]
    made = [sorted(a + b for a, b in pairwise(text)) for text in found[0.0]]
    assert sorted(made) == sorted(pairs), "each keeps the dinucleotides of its positive"
    lines = [f"A\ts{i}\t{text}\t1\n" for i, text in enumerate(texts)]
    header = "FoldID\tEventID\tseq\tBound\n"
    (tmp_path / "n.AC.seq").write_text(header + "".join(lines[:40]))
    (tmp_path / "n.B.seq").write_text(header + "".join(lines[40:]))
    pair = open_dataset(tmp_path / "n.AC.seq", variable=True)
    assert {windows.length for windows in pair.splits.values()} == {longest}


def test_places_of_different_lengths(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(">a::chr1:10-15(+)\nACGTA\n>b::chr1:20-28(-)\nAACCGGTA\n")
    sequences, _ = read_fasta(tmp_path / "x.fa", variable=True)
    assert sequences.table[["start", "end"]].to_numpy().tolist() == [[10, 15], [20, 28]]
    assert sequences.bases()[1].tolist() == encode("TACCGGTT").tolist()
