"""Motif instances: a plain loop, planted sites, the error rate, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.hits import HitOptions, motif_hits, permuted_bases, q_values
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.types import Codes, Floats

MOTIFS = jaspar(ids=["MA0139.2", "MA0148.5", "MA0058.4"])


def planted(count: int = 120, length: int = 150, seed: int = 0) -> tuple[Codes, Floats, pd.DataFrame]:
    """Windows with one site of a motif each (the last third without); scores are its information, and noise."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    importance = rng.normal(scale=0.15, size=(count, length)).astype(np.float32)
    truth = []
    for row in range(2 * count // 3):
        motif = MOTIFS[row % len(MOTIFS)]
        site = motif.ppm.argmax(axis=1).astype(np.uint8)
        height = motif.information
        strand = "+-"[row % 2]
        if strand == "-":
            site, height = reverse_complement(site), height[::-1]
        at = int(rng.integers(0, length - len(site) + 1))
        codes[row, at : at + len(site)] = site
        importance[row, at : at + len(site)] += height
        truth.append((row, motif.name, at, strand))
    return codes, importance, pd.DataFrame(truth, columns=["window", "motif", "start", "strand"])


def with_stretches(seed: int, bases: tuple[int, ...]) -> tuple[Codes, Floats, pd.DataFrame]:
    """`planted` windows, each also with 8 bp of large contributions on random `bases`, beside its site."""
    codes, importance, truth = planted(seed=seed)
    rng = np.random.default_rng(1000 + seed)
    sites = dict(zip(truth["window"], truth["start"], strict=True))
    widest = max(motif.width for motif in MOTIFS)
    for row in range(len(codes)):
        site = sites.get(row, -widest - 8)
        free = [at for at in range(codes.shape[1] - 7) if at + 8 <= site or at >= site + widest]
        stretch = slice(start := int(rng.choice(free)), start + 8)
        codes[row, stretch] = rng.choice(bases, 8)
        importance[row, stretch] += rng.uniform(1, 2, 8).astype(np.float32)
    return codes, importance, truth


@pytest.mark.parametrize("bases", [(0, 1, 2, 3), (0, 3), (1, 2)], ids=["any", "AT", "GC"])
def test_stretches_without_a_motif_are_not_called(bases: tuple[int, ...]) -> None:
    """At a nominal 5 %; where the null shuffles positions with their contributions, 28 to 58 % are false."""
    false = called = true = planned = 0
    for seed in range(10):
        codes, importance, truth = with_stretches(seed, bases)
        found = motif_hits(codes, importance, MOTIFS, HitOptions(seed=seed))
        pairs = truth.merge(found, on=["window", "motif"])  # on either strand: MAX is its own reverse complement
        pairs = pairs[(pairs["start_x"] - pairs["start_y"]).abs() <= 2].drop_duplicates(["window", "motif"])
        false, called = false + len(found) - len(pairs), called + len(found)
        true, planned = true + len(pairs), planned + len(truth)
    assert false <= 0.05 * called
    assert true >= 0.95 * planned


def test_permuted_bases_keep_to_their_rank(rng: np.random.Generator) -> None:
    codes = np.repeat([[0, 1, 2, 3]], 25, axis=0).astype(np.uint8)  # each base has contributions of its own
    importance = (codes + rng.uniform(0, 0.5, codes.shape)).astype(np.float32)
    assert (permuted_bases(codes, importance, rng, ranks=25) == codes).all()
    whole = permuted_bases(codes, importance, rng)
    assert (whole != codes).mean() > 0.5
    assert (np.bincount(whole.ravel()) == 25).all()


def test_planted_sites_are_called(rng: np.random.Generator) -> None:
    codes, importance, truth = planted()
    found = motif_hits(codes, importance, MOTIFS)
    merged = truth.merge(found, on=["window", "motif", "start", "strand"])
    assert len(merged) >= 0.95 * len(truth)
    assert len(found) <= len(truth) / 0.9
    assert (found["end"] - found["start"]).isin([motif.width for motif in MOTIFS]).all()
    assert (found["q"] <= 0.05).all()
    again = motif_hits(codes, importance, MOTIFS)
    pd.testing.assert_frame_equal(found, again)


def test_windows_of_other_sizes_are_called_alike(rng: np.random.Generator) -> None:
    """Contributions of imported EGR1 differ a hundredfold between windows: the loudest were the null of all."""
    codes, importance, truth = planted()
    loud = importance * np.exp(rng.normal(scale=1.5, size=(len(codes), 1))).astype(np.float32)
    found = motif_hits(codes, loud, MOTIFS)
    assert len(truth.merge(found, on=["window", "motif", "start", "strand"])) >= 0.95 * len(truth)
    columns = ["window", "motif", "start", "strand", "q"]
    pd.testing.assert_frame_equal(found[columns], motif_hits(codes, importance, MOTIFS)[columns])


def test_few_windows_are_enough() -> None:
    """Six sites: with one copy of each window as the null no q was below 1 / 6."""
    codes, importance, truth = planted(9, 150, seed=3)
    found = motif_hits(codes, importance, MOTIFS)
    assert len(truth.merge(found, on=["window", "motif", "start", "strand"])) >= 5
    assert motif_hits(codes, importance, MOTIFS, HitOptions(shuffles=1)).empty


def test_scores_equal_a_plain_loop() -> None:
    codes, importance, _ = planted(6, 60, seed=1)
    found = motif_hits(codes, importance, MOTIFS, HitOptions(fdr=1, similarity=0.2, overlap=1))
    for row in found.itertuples():
        motif = next(one for one in MOTIFS if one.name == row.motif)
        motif = motif if row.strand == "+" else motif.reverse_complement()
        weights = motif.ppm * motif.information[:, None]
        weights /= np.linalg.norm(weights)
        part = slice(row.start, row.end)
        contributions = np.eye(5)[codes[row.window, part]][:, :4] * importance[row.window, part, None]
        product = float((contributions * weights).sum())
        cosine = product / np.linalg.norm(contributions)
        assert row.similarity == pytest.approx(cosine, abs=1e-5)
        size = np.sqrt((importance[row.window].astype(np.float64) ** 2).mean())
        assert row.score == pytest.approx(product * cosine**2 / size, abs=1e-5)
        assert row.importance == pytest.approx(contributions.sum(), abs=1e-4)
    assert len(found) > 10


def test_noise_gives_few(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (200, 150)).astype(np.uint8)
    importance = rng.standard_t(2, size=codes.shape).astype(np.float32)
    assert len(motif_hits(codes, importance, MOTIFS, HitOptions(shuffles=2))) <= 5


def test_instances_do_not_overlap() -> None:
    codes, importance, _ = planted()
    found = motif_hits(codes, importance, [*MOTIFS, *MOTIFS], HitOptions(overlap=0))
    for _, rows in found.groupby("window"):
        assert (rows["start"].to_numpy()[1:] >= rows["end"].to_numpy()[:-1]).all()


def test_a_motif_may_end_with_the_window() -> None:
    width = 6
    motif = Motif("m", np.eye(4)[[0, 1, 2, 3, 0, 1]])
    codes = np.full((1, 12), 2, dtype=np.uint8)
    codes[0, -width:] = [0, 1, 2, 3, 0, 1]
    importance = np.zeros((1, 12), dtype=np.float32)
    importance[0, -width:] = 1
    found = motif_hits(codes, importance, [motif], HitOptions(fdr=1))
    assert (found["start"][0], found["end"][0]) == (6, 12)
    assert found["share"][0] == pytest.approx(1)


def test_q_values_count_what_is_drawn() -> None:
    assert q_values(np.array([5.0, 4.0]), np.array([]), 1).tolist() == [0.5, 0.5]
    assert q_values(np.array([5.0, 1.0]), np.array([2.0, 2.0, 2.0, 2.0]), 4).tolist() == [0.25, 0.625]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"fdr": 2}, "fdr is 2"), ({"similarity": -1}, "similarity"), ({"shuffles": 0}, "shuffles")],
)
def test_bad_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HitOptions(**options)  # type: ignore[arg-type]


def test_bad_input() -> None:
    codes, importance, _ = planted(3)
    with pytest.raises(ValueError, match="expected both"):
        motif_hits(codes, importance[:, 1:], MOTIFS)
    with pytest.raises(ValueError, match="no motifs"):
        motif_hits(codes, importance, [])


def test_command(planted_module: ModuleType, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    run = planted_module.run(tmp_path)
    windows, _ = planted_module.windows(rng, 60)
    letters = ["".join("ACGT"[code] for code in row) for row in windows.codes(np.arange(60))]
    genome = "".join(letters)
    (tmp_path / "g.fa").write_text(f">chr1\n{genome}\n")
    length = planted_module.LENGTH
    rows = [f"chr1\t{i * length}\t{(i + 1) * length}\tpeak{i}\n" for i in range(60)]
    (tmp_path / "p.bed").write_text("".join(rows))
    (tmp_path / "s.fa").write_text("".join(f">peak{i}\n{text}\n" for i, text in enumerate(letters)))
    write_meme(tmp_path / "m.meme", MOTIFS)
    base = ["hits", str(run.path), "--motifs", str(tmp_path / "m.meme"), "--method", "ism", "--fdr", "1"]
    tables = {}
    for name, words in (
        ("bed", ["--bed", str(tmp_path / "p.bed"), "--genome", str(tmp_path / "g.fa")]),
        ("fasta", ["--fasta", str(tmp_path / "s.fa")]),
        ("locus", ["--locus", f"chr1:0-{3 * length}", "--genome", str(tmp_path / "g.fa")]),
    ):
        out = tmp_path / f"{name}.tsv"
        words = [*base, *words, "--out", str(out), "--counts", str(tmp_path / f"{name}.counts.tsv")]
        if name != "fasta":
            words += ["--bed-out", str(tmp_path / f"{name}.bed.out")]
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        tables[name] = pd.read_csv(out, sep="\t")
        record = json.loads(Path(f"{out}.json").read_text())
        assert record["hits"] == len(tables[name])
        counts = pd.read_csv(tmp_path / f"{name}.counts.tsv", sep="\t")
        assert len(counts) == record["windows"]
        assert counts.drop(columns="name").to_numpy().sum() == record["hits"]
    bed, fasta = tables["bed"], tables["fasta"]
    assert bed["name"].tolist() == fasta["name"].tolist()
    assert (bed["start"] - bed["window"] * length).tolist() == fasta["start"].tolist()
    assert len(tables["locus"]) > 0
    lines = (tmp_path / "bed.bed.out").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: int(line.split("\t")[1]))
    assert len(lines[0].split("\t")) == 6


def test_store(planted_module: ModuleType, tmp_path: Path) -> None:
    from motiflens.analyses.attribute_run import AttributeOptions, attribute_run

    run = planted_module.run(tmp_path)
    windows, _ = planted_module.windows(np.random.default_rng(0), 40)
    attribute_run(run, windows, tmp_path / "att", AttributeOptions(method="ism", only="all"))
    write_meme(tmp_path / "m.meme", MOTIFS)
    out = tmp_path / "hits.tsv"
    words = ["hits", str(tmp_path / "att"), "--motifs", str(tmp_path / "m.meme"), "--out", str(out)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert json.loads(Path(f"{out}.json").read_text())["windows"] == 40


@pytest.fixture
def planted_module(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.getfixturevalue("planted")
    return module
