"""The whole simulation: formats, statistics that would fail if it were wrong, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pyfaidx
import pytest

from motiflens.models.data import open_dataset
from motiflens.models.data.one_hot import encode, reverse_complement
from motiflens.models.data.simulate import builtin, read_sites, simulate
from motiflens.models.data.simulate.factors import factors
from motiflens.models.data.simulate.genes import CELL_TYPES, PARTS
from motiflens.models.progress import Step
from motiflens.models.provenance import file_hash
from motiflens.models.types import Doubles

# Over the contents of all files of the preset tiny, seed 0: text as it is, bigWigs as intervals and values (their
# compressed bytes depend on the zlib inside pyBigWig). It is the same on every machine. If a change of the
# simulation is meant, change it here and raise VERSION in builtin.py.
DIGEST = "5654b34574689dfc222ebb21f6be1d49b19f0ea456b9250e82d08ca46f353acc"
FACTORS = [factor.name for factor in factors()]


def content_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_dir():
            continue
        digest.update(path.relative_to(folder).as_posix().encode())
        if path.suffix != ".bw":
            digest.update(path.read_bytes())
            continue
        with pyBigWig.open(str(path)) as file:
            for name, length in file.chroms().items():
                digest.update(f"{name} {length}".encode())
                digest.update(file.values(name, 0, length, numpy=True).astype("<f4").tobytes())
    return digest.hexdigest()


def track(folder: Path, name: str, sites: pd.DataFrame, reach: int = 0) -> Doubles:
    """Means of a bigWig over sites, widened by `reach` bp."""
    with pyBigWig.open(str(folder / name)) as file:
        means = [
            np.nan_to_num(file.values(chrom, start - reach, end + reach, numpy=True)).mean()
            for chrom, start, end in zip(sites["chrom"], sites["start"], sites["end"], strict=True)
        ]
    return np.array(means)


def read_peaks(folder: Path, name: str) -> pd.DataFrame:
    columns = ["chrom", "start", "end", "name", "score", "strand", "signal", "pvalue", "qvalue", "summit"]
    return pd.read_csv(folder / "peaks" / f"{name}.narrowPeak", sep="\t", names=columns)


def test_contents_are_the_same_everywhere(tiny: Path) -> None:
    assert content_digest(tiny) == DIGEST


def test_same_seed_same_bytes_other_seed_others(tiny: Path, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", preset="tiny", seed=0)
    other = simulate(tmp_path / "other", preset="tiny", seed=1)
    files = sorted(path.relative_to(tiny) for path in tiny.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [file_hash(tiny / name) for name in files] == [file_hash(again / name) for name in files]
    differ = [str(name) for name in files if file_hash(tiny / name) != file_hash(other / name)]
    alike = {"genome.fa.fai", "truth/motifs.meme", "truth/shuffled.meme"}
    assert set(differ) == {str(name) for name in files} - alike


def test_it_opens_as_a_data_set(tiny: Path) -> None:
    dataset = open_dataset(tiny)
    assert dataset["train"].tasks == tuple(f"{name}|{cell}" for name in FACTORS for cell in CELL_TYPES)
    assert set(dataset["test"].table["chrom"]) == {"chr3"}
    assert (np.nansum(dataset["train"].labels, axis=0) > 0).all()
    one = open_dataset(tiny, tf="CTCF")["train"]
    assert one.channels == ("A", "C", "G", "T", "uniqueness", "dnase")
    assert one.meta_names[-len(PARTS) :] == PARTS
    batch = one.read(np.arange(3))
    assert np.isfinite(batch.x).all()
    assert batch.meta is not None
    assert np.isfinite(batch.meta).all()


def test_the_genome_is_what_it_says(tiny: Path) -> None:
    fasta = pyfaidx.Fasta(str(tiny / "genome.fa"))
    assert {name: len(fasta[name]) for name in fasta.keys()} == {  # noqa: SIM118
        "chr1": 120_000,
        "chr2": 60_000,
        "chr3": 60_000,
    }
    text = "".join(str(fasta[name]) for name in ("chr1", "chr2", "chr3"))
    assert set(text) == set("ACGTacgtN")
    assert 0.1 < sum(map(text.count, "acgt")) / len(text) < 0.35
    assert str(fasta["chr1"][:10]) == "N" * 10
    gc = sum(map(text.upper().count, "GC")) / (len(text) - text.count("N"))
    assert 0.36 < gc < 0.52


def test_sites_are_where_the_truth_says(tiny: Path, sites: pd.DataFrame) -> None:
    """Every listed affinity is the score of the letters that stand there, on the strand that is named."""
    fasta = pyfaidx.Fasta(str(tiny / "genome.fa"))
    known = {factor.name: factor for factor in factors()}
    for row in sites.sample(500, random_state=0).itertuples():
        codes = encode(str(fasta[row.chrom][row.start : row.end]))
        codes = codes if row.strand == "+" else reverse_complement(codes)
        assert len(codes) == known[row.tf].width
        np.testing.assert_allclose(known[row.tf].score(codes[None])[0] / 1000, row.affinity, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", FACTORS)
def test_bound_sites_score_above_background(tiny: Path, sites: pd.DataFrame, name: str) -> None:
    factor = next(factor for factor in factors() if factor.name == name)
    bound = sites[(sites["tf"] == name) & (sites["bound_lymphoid"] | sites["bound_hepatic"])]
    assert len(bound) >= 15
    codes = encode(str(pyfaidx.Fasta(str(tiny / "genome.fa"))["chr1"]))
    windows = np.lib.stride_tricks.sliding_window_view(codes, factor.width)[2_000:50_000:7]
    windows = windows[(windows < 4).all(axis=1)]
    elsewhere = np.percentile(factor.score(windows), 99.5) / 1000
    assert bound["affinity"].median() > elsewhere
    assert bound["affinity"].min() > np.median(factor.score(windows)) / 1000


@pytest.mark.parametrize("cell", CELL_TYPES)
def test_dnase_is_high_at_bound_sites_and_has_footprints(tiny: Path, sites: pd.DataFrame, cell: str) -> None:
    bound = sites[sites[f"occupancy_{cell}"] > 0.8]
    closed = sites[sites["kind"] == "closed"]
    at_bound, at_closed = (track(tiny, f"dnase/{cell}.bw", group, 60) for group in (bound, closed))
    assert np.median(at_bound) > 10 * np.median(at_closed)
    # A site is cut less than what lies 12 to 30 bp from it.
    flanks = pd.concat(
        [bound.assign(start=bound["start"] - 30, end=bound["start"] - 12),
         bound.assign(start=bound["end"] + 12, end=bound["end"] + 30)]
    )  # fmt: skip
    within, beside = track(tiny, f"dnase/{cell}.bw", bound), track(tiny, f"dnase/{cell}.bw", flanks)
    assert within.mean() < 0.7 * beside.mean()


@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("name", FACTORS)
def test_fold_change_is_high_at_bound_sites_only(tiny: Path, sites: pd.DataFrame, name: str, cell: str) -> None:
    own = sites[sites["tf"] == name]
    bound = track(tiny, f"fold_change/{name}.{cell}.bw", own[own[f"occupancy_{cell}"] > 0.8])
    with pyBigWig.open(str(tiny / "fold_change" / f"{name}.{cell}.bw")) as file:
        everywhere = np.concatenate(
            [file.values(c, 5_000, n - 5_000, numpy=True) for c, n in file.chroms().items()]
        )
    assert np.median(bound) > 5
    assert 0.6 < np.median(everywhere) < 1.3
    assert np.percentile(everywhere, 90) < 3
    # Motifs in closed chromatin are no peaks, unless an open element with a site is near.
    closed = track(tiny, f"fold_change/{name}.{cell}.bw", own[own["kind"] == "closed"])
    assert np.median(closed) < 2


def test_binding_depends_on_chromatin_and_partner(sites: pd.DataFrame) -> None:
    occupied = sites[["occupancy_lymphoid", "occupancy_hepatic"]].max(axis=1)
    of = {kind: occupied[sites["kind"] == kind] for kind in sites["kind"].unique()}
    assert set(of) == {"planted", "composite", "alone", "wrong_spacing", "closed", "chance"}
    assert of["closed"].max() < 0.5
    assert (of["planted"] >= 0.5).mean() > 0.6
    assert (of["composite"] >= 0.5).mean() > 0.6
    assert (of["alone"] >= 0.5).mean() < 0.25
    assert (of["wrong_spacing"] >= 0.5).mean() < 0.25
    assert set(sites.loc[sites["kind"].isin(["composite", "alone", "wrong_spacing"]), "tf"]) == {"GATA1"}


def test_decoys_are_not_bound(tiny: Path, sites: pd.DataFrame) -> None:
    decoys = pd.read_csv(tiny / "truth" / "decoys.bed", sep="\t")
    kinds = decoys["name"].str.split(":").str[0]
    assert set(kinds) == {"half", "shuffled"}
    assert set(decoys["name"].str.split(":").str[1]) == set(FACTORS)
    bound = sites[sites["bound_lymphoid"] | sites["bound_hepatic"]]
    taken = set(zip(bound["chrom"], bound["start"], bound["tf"], strict=True))
    at = zip(decoys["#chrom"], decoys["start"], decoys["name"].str.split(":").str[1], strict=True)
    assert sum(place in taken for place in at) <= 0.02 * len(decoys)


def test_some_elements_are_open_without_a_motif_and_some_differ_between_cells(tiny: Path) -> None:
    elements = pd.read_csv(tiny / "truth" / "elements.bed", sep="\t")
    access = elements.iloc[:, 6].str.split(",", expand=True).astype(float)
    kinds = elements["name"]
    assert set(kinds) == {"promoter", "enhancer", "insulator", "bare", "closed"}
    assert (access[kinds == "closed"] < 0.01).all(axis=None)
    is_open = access > 0.1
    assert is_open[kinds != "closed"].any(axis=1).all()
    assert 0.3 < (is_open[0] != is_open[1])[kinds == "enhancer"].mean() < 0.9


def recovery(folder: Path, sites: pd.DataFrame) -> tuple[float, float, Doubles]:
    """Shares of bound sites in peaks and of peaks with a site; distances from sites to the nearest summit."""
    found, all_sites, true, all_peaks = 0, 0, 0, 0
    distances: list[float] = []
    for name, cell in product(FACTORS, CELL_TYPES):
        peaks = read_peaks(folder, f"{name}.{cell}")
        occupied = sites[sites["tf"] == name].assign(middle=lambda row: (row["start"] + row["end"]) // 2)
        for chrom, here in peaks.groupby("chrom"):
            start, end = here["start"].to_numpy()[:, None], here["end"].to_numpy()[:, None]
            near = occupied[(occupied["chrom"] == chrom) & (occupied[f"occupancy_{cell}"] >= 0.2)]
            inside = (start <= near["middle"].to_numpy()) & (near["middle"].to_numpy() < end)  # peaks, sites
            bound = near[f"bound_{cell}"].to_numpy()
            found, all_sites = found + int(inside[:, bound].any(axis=0).sum()), all_sites + int(bound.sum())
            true, all_peaks = true + int(inside.any(axis=1).sum()), all_peaks + len(here)
            summits = (here["start"] + here["summit"]).to_numpy()
            middles = near["middle"].to_numpy()[bound & inside.any(axis=0)]
            distances += [float(np.abs(summits - middle).min()) for middle in middles]
    return found / all_sites, true / all_peaks, np.array(distances)


def test_peaks_find_most_bound_sites(tiny: Path, sites: pd.DataFrame) -> None:
    """Some bound sites are missed, and summits are near the sites but rarely on them."""
    recall, precision, distances = recovery(tiny, sites)
    assert 0.8 < recall < 1
    assert precision > 0.75
    assert 0 < np.median(distances) < 25
    assert np.max(distances) > 15


def test_peaks_agree_with_their_track(tiny: Path) -> None:
    peaks = read_peaks(tiny, "CTCF.lymphoid")
    with pyBigWig.open(str(tiny / "fold_change" / "CTCF.lymphoid.bw")) as file:
        for row in peaks.itertuples():
            values = file.values(row.chrom, row.start, row.end, numpy=True)
            assert values.max() == pytest.approx(row.signal, abs=1e-4)
            assert values[row.summit] == values.max()
            assert values[0] >= 5
            assert values[-1] >= 5
    assert (peaks["pvalue"] > 3).all()
    assert peaks["name"].is_unique


def test_uniqueness_is_one_over_copies(tiny: Path) -> None:
    with pyBigWig.open(str(tiny / "uniqueness.bw")) as file:
        values = np.concatenate([file.values(c, 0, n, numpy=True) for c, n in file.chroms().items()])
    assert set(np.unique(values).tolist()) <= {0, 0.25, float(np.float32(0.3333)), 0.5, 1}
    assert 0.7 < (values == 1).mean() < 0.97


def test_annotations_and_expression(tiny: Path) -> None:
    parts = {part: pd.read_csv(tiny / "annotations" / f"{part}.bed", sep="\t", header=None) for part in PARTS}
    for part, table in parts.items():
        assert len(table) > 0, part
        assert (table[1] < table[2]).all()
        assert (table[1] >= 0).all()
    covered = {part: set() for part in ("cds", "intron", "utr5", "utr3")}
    for part, bases in covered.items():
        for row in parts[part].itertuples():
            bases.update((row[1], i) for i in range(row[2], row[3]))
    assert sum(map(len, covered.values())) == len(set.union(*covered.values()))  # parts of a gene do not overlap
    fasta = pyfaidx.Fasta(str(tiny / "genome.fa"))
    islands = "".join(str(fasta[row[1]][row[2] : row[3]]) for row in parts["cpg"].itertuples()).upper()
    assert islands.count("CG") * len(islands) / (islands.count("C") * islands.count("G")) > 0.6
    table = pd.read_csv(tiny / "expression.tsv", sep="\t", index_col="gene")
    assert list(table.columns[:2]) == list(CELL_TYPES)
    assert table.shape[1] == 10
    np.testing.assert_allclose(table.sum(), 1e6, rtol=1e-5)


def test_truth_reads_back(tiny: Path, sites: pd.DataFrame) -> None:
    assert list(sites.columns) == [
        *("chrom", "start", "end", "tf", "strand", "affinity", "kind"),
        *("occupancy_lymphoid", "bound_lymphoid", "occupancy_hepatic", "bound_hepatic"),
    ]
    assert ((sites["occupancy_hepatic"] >= 0.5) == sites["bound_hepatic"]).all()
    record = json.loads((tiny / "truth" / "simulation.json").read_text())
    assert record["factors"]["CTCF"] == "MA0139.1"
    with pytest.raises(FileNotFoundError, match="only simulated data sets have a truth"):
        read_sites(tiny / "peaks")


def test_a_target_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not an empty folder"):
        simulate(tmp_path / "full", preset="tiny")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="not an empty folder"):
        simulate(tmp_path / "file", preset="tiny")
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        assert step.total == 100
        assert 0 <= step.done <= step.total
        if step.done > 50:
            raise RuntimeError(step.note)

    with pytest.raises(RuntimeError):
        simulate(tmp_path / "sim", preset="tiny", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_builtin_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path))
    seen: list[int] = []
    folder = builtin("tiny", seed=4, progress=lambda step: seen.append(step.done))
    assert seen == sorted(seen)
    assert len(seen) > 10
    assert (folder / "dataset.toml").is_file()
    assert folder.is_relative_to(tmp_path)
    assert builtin("tiny", seed=4, progress=lambda _step: pytest.fail("made again")) == folder
    with pytest.raises(ValueError, match="no preset"):
        builtin("none")


@pytest.mark.slow
def test_small_keeps_its_promises(tmp_path: Path) -> None:
    """Under 50 MB, a few Mb, and for each of the eight factors several hundred bound sites to learn from."""
    folder = simulate(tmp_path / "small")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 50e6
    sites = read_sites(folder)
    for cell in CELL_TYPES:
        counts = sites[sites[f"bound_{cell}"]]["tf"].value_counts()
        assert (counts[FACTORS] >= 200).all()
    recall, precision, _ = recovery(folder, sites)
    assert 0.85 < recall < 0.99
    assert 0.85 < precision < 0.995  # some peaks are false
    either = sites[sites["bound_lymphoid"] | sites["bound_hepatic"]]["tf"].value_counts()
    assert (either[FACTORS] >= 500).all()
