"""Measured data: every kind opens, and what is known of them is found again."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pyBigWig
import pyfaidx
import pytest

from motiflens.models.data import Dataset, open_dataset
from motiflens.models.data.describe import describe
from motiflens.models.data.one_hot import decode

from .test_genome import reference

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def yeast(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset.toml for Fkh1: ChIP-exo by strand as signals, ATAC as accessibility."""
    path = tmp_path_factory.mktemp("yeast") / "dataset.toml"
    source = shared / "data" / "yeast_fkh1"
    path.write_text(
        f"""
name = "Fkh1 in yeast"
[genome]
fasta = "{source}/sacCer3.fa.gz"
[windows]
length = 1000
bin = 200
stride = 50
labelling = "dream"
[splits]
valid = ["chrV"]
test = ["chrIX", "chrX"]
[signals]
exo_plus = "{source}/fkh1_chipexo.plus.bw"
exo_minus = "{source}/fkh1_chipexo.minus.bw"
[[cell_types]]
name = "BY4741"
accessibility = "{source}/atac_coverage.bw"
[[experiments]]
tf = "Fkh1"
cell_type = "BY4741"
peaks = "{source}/fkh1_gem.narrowPeak"
fold_change = "{source}/fkh1_chipexo.plus.bw"
"""
    )
    return path.parent


@pytest.mark.parametrize(
    ("name", "positives"),
    [("REST_GM12878", 6406 - 22), ("GABPA_GM12878", None), ("FOXA1_HepG2", None), ("YY1_H1-hESC", None)],
)
def test_encode_pairs(shared: Path, name: str, positives: int | None) -> None:
    data = open_dataset(shared / "data" / "encode" / f"{name}.AC.seq.gz")
    found = describe(data, sample=500)
    rows = {row["split"]: row for row in found.splits.to_dict(orient="records")}
    assert rows["test"]["positives"] == rows["test"]["negatives"] == 500
    assert rows["train"]["positives"] == rows["train"]["negatives"]
    if positives is not None:
        assert rows["train"]["positives"] + rows["valid"]["positives"] == positives
    # No window stands in two splits, nor on both sides of a place; single shuffles may come out alike.
    straddling = [w for w in found.warnings if "train" in w and "valid" in w and "homologous, not equal" not in w]
    assert straddling == []


def test_ctcf_fasta(shared: Path) -> None:
    data = open_dataset(shared / "data" / "ctcf" / "ctcf_hg19_100bp.fa.gz")
    tables = [data[split].table for split in data.splits]
    placed = sum(int(table["chrom"].notna().sum()) for table in tables)
    assert placed == 39_184
    assert all((table["end"] - table["start"]).dropna().eq(100).all() for table in tables)
    sites: dict[str, list[int]] = {}  # the peaks leave out chr1, chr8 and chr21
    with gzip.open(shared / "data" / "ctcf" / "ctcf_k562_hg19.narrowPeak.gz", "rt") as file:
        for fields in (line.split("\t") for line in file):
            sites.setdefault(fields[0], []).append(int(fields[1]) + int(fields[9]))
    near = total = 0
    for table in tables:
        for chrom, rows in table[table["chrom"].isin(list(sites))].groupby("chrom"):
            middle = rows["start"].to_numpy(dtype=np.int64) + 50
            near += int((np.abs(middle[:, None] - np.array(sites[chrom])).min(axis=1) <= 50).sum())
            total += len(rows)
    assert near / total == pytest.approx(0.835, abs=0.01)  # as the data's own description says


def test_yeast_peaks(shared: Path) -> None:
    source = shared / "data" / "yeast_fkh1"
    data = open_dataset(source / "fkh1_gem.narrowPeak", genome=source / "sacCer3.fa.gz", length=61, negatives="gc")
    positive, negative = [], []
    for split in data.splits:
        for codes, label in zip(
            data[split].codes(np.arange(len(data[split]))), data[split].labels[:, 0], strict=True
        ):
            (positive if label == 1 else negative).append(decode(codes))
    assert len(positive) == 366

    def share(texts: list[str]) -> float:
        return float(np.mean(["GTAAACA" in text or "TGTTTAC" in text for text in texts]))

    assert share(positive) == pytest.approx(0.34, abs=0.04)  # GTAAACA lies within 30 bp of 34 % of the events
    assert share(negative) < 0.06


class TestYeastFolder:
    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, yeast: Path) -> Dataset:
        return open_dataset(yeast, tf="Fkh1")

    def test_opens(self, data: Dataset) -> None:
        assert data.example.channels == ("A", "C", "G", "T", "dnase", "exo_plus", "exo_minus")
        assert set(data["test"].table["chrom"]) == {"chrIX", "chrX"}
        found = describe(data, sample=400)
        assert found.signals.set_index("signal").loc["dnase", "mean"] > 4

    def test_signals_are_stronger_at_events(self, data: Dataset) -> None:
        train = data["train"]
        rng = np.random.default_rng(0)
        bound = np.flatnonzero(train.labels[:, 0] == 1)
        other = rng.choice(np.flatnonzero(train.labels[:, 0] == 0), len(bound), replace=False)
        at, elsewhere = (train.signals(index)[:, :, 450:550].mean(axis=(0, 2)) for index in (bound, other))
        assert (at[1:] > 2 * elsewhere[1:]).all()  # ChIP-exo
        assert at[0] > 1.5 * elsewhere[0]  # ATAC

    def test_windows_equal_pybigwig_and_pyfaidx(self, data: Dataset, shared: Path) -> None:
        source = shared / "data" / "yeast_fkh1"
        train, rng = data["train"], np.random.default_rng(1)
        edges = np.flatnonzero(train.table["start"].to_numpy() < 0)[:20]
        index = np.concatenate([edges, rng.integers(0, len(train), 150)])
        batch = train.read(index)
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "sacCer3.fa"
            plain.write_bytes(gzip.decompress((source / "sacCer3.fa.gz").read_bytes()))
            fasta = pyfaidx.Fasta(str(plain), as_raw=True)
            codes = train.codes(index)
            for i, row in enumerate(train.table.iloc[index].itertuples()):
                assert decode(codes[i]) == reference(fasta, row.chrom, row.start, 1000, "+")
            fasta.close()
        names = ("atac_coverage.bw", "fkh1_chipexo.plus.bw", "fkh1_chipexo.minus.bw")
        for channel, name in enumerate(names, start=4):
            with pyBigWig.open(str(source / name)) as file:
                for i, row in enumerate(train.table.iloc[index].itertuples()):
                    expected = np.zeros(1000, dtype=np.float32)
                    first, last = max(row.start, 0), min(row.end, file.chroms(row.chrom))
                    values = file.values(row.chrom, first, last, numpy=True)
                    expected[first - row.start : last - row.start] = np.nan_to_num(values)
                    np.testing.assert_array_equal(batch.x[i, channel], expected)


def test_files_of_another_genome(shared: Path) -> None:
    peaks = shared / "data" / "ctcf" / "ctcf_k562_hg19.narrowPeak.gz"
    said = r"ctcf_k562_hg19\.narrowPeak\.gz line 1 has the chromosome 'chr17'.*sacCer3"
    with pytest.raises(ValueError, match=said):
        open_dataset(peaks, genome=shared / "data" / "yeast_fkh1" / "sacCer3.fa.gz")
