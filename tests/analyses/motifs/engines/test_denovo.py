"""Route 4: planted motifs come back, and nothing comes out of nothing."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom

from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.engines.best_matrix import Fit, separate
from motiflens.analyses.motifs.engines.denovo import Discovery, _Parts, _sorted, _test, denovo
from motiflens.analyses.motifs.engines.denovo_numba import best_by_width, fisher_log_p
from motiflens.analyses.motifs.engines.denovo_options import DenovoOptions
from motiflens.analyses.motifs.engines.expectation_maximisation import (
    best_scores,
    expectation_maximisation,
    strands_of,
)
from motiflens.analyses.motifs.engines.seed_words import seed_words
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.naming import name_motifs
from motiflens.models.data.one_hot import encode, reverse_complement


def planted(rng: np.random.Generator, word: str, count: int, length: int, share: float) -> np.ndarray:
    codes = rng.integers(0, 4, (count, length)).astype(np.uint8)
    for row in range(int(count * share)):
        site = encode(word).copy()
        other = rng.random(len(site)) < 0.08
        site[other] = rng.integers(0, 4, other.sum())
        at = rng.integers(0, length - len(site) + 1)
        codes[row, at : at + len(site)] = site if rng.random() < 0.5 else reverse_complement(site)
    return codes


@pytest.mark.parametrize("occurrences", ["zoops", "oops"])
def test_finds_what_was_planted(rng: np.random.Generator, occurrences: str) -> None:
    share = 0.6 if occurrences == "zoops" else 1.0
    codes = planted(rng, "ACCGGAAGTG", 600, 40, share)
    found = denovo(codes, None, DenovoOptions((10,), maximum=1, occurrences=occurrences))[0]  # type: ignore[arg-type]
    letters = consensus(found.motif, mask=0.8)
    assert letters in ("ACCGGAAGTG", reverse_complement_letters("ACCGGAAGTG"))
    assert found.p < 1e-6
    assert found.sites[0] == found.sites[2] == 60  # a tenth of each held out
    assert found.motif.nsites == pytest.approx(540 * share, rel=0.1)


def test_two_motifs_and_an_own_control(rng: np.random.Generator) -> None:
    codes = np.concatenate([planted(rng, "TGACTCATC", 400, 40, 1), planted(rng, "CACGTGACC", 300, 40, 1)])
    control = rng.integers(0, 4, (500, 40)).astype(np.uint8)
    found = denovo(codes, control, DenovoOptions((9,), maximum=2))
    assert all(one.p < 1e-6 for one in found)
    words = {consensus(one.motif, mask=0.8) for one in found}
    both = {"TGACTCATC", "CACGTGACC"}
    assert len({word if word in both else reverse_complement_letters(word) for word in words} & both) == 2


def test_the_same_seed_gives_the_same(rng: np.random.Generator) -> None:
    codes = planted(rng, "ACCGGAAGTG", 100, 30, 0.7)
    first, second = (denovo(codes, None, DenovoOptions((8,), maximum=1), seed=3)[0] for _ in range(2))
    np.testing.assert_array_equal(first.motif.ppm, second.motif.ppm)
    assert first.p == second.p


@pytest.mark.slow
def test_p_is_calibrated_on_nothing(rng: np.random.Generator) -> None:
    options = DenovoOptions((8,), maximum=1, seeds=2)
    p = np.array(
        [
            denovo(rng.integers(0, 4, (120, 24)).astype(np.uint8), None, options, seed=seed)[0].p
            for seed in range(100)
        ]
    )
    # 100 tests at a nominal 5 %: more than 11 would happen once in 250
    assert (p < 0.05).sum() <= 11
    assert (p < 0.001).sum() <= 1


def test_em_against_its_likelihood_by_hand() -> None:
    # One sequence and one width as long as it: OOPS gives that sequence's letters, but for the pseudocount.
    background = np.array([0.25, 0.25, 0.25, 0.25])
    start = np.full((4, 4), 0.1) + 0.6 * np.eye(4)[[0, 1, 1, 3]]
    ppm, sites = expectation_maximisation(
        encode("ACCT")[None], start, background, "oops", both_strands=False, rounds=50
    )
    assert sites == pytest.approx(1)
    expected = (np.eye(4)[[0, 1, 1, 3]] + 0.1 * background) / 1.1
    np.testing.assert_allclose(ppm, expected, rtol=0, atol=1e-9)


def test_scores_equal_a_slow_sum(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (5, 12)).astype(np.uint8)
    log_odds = rng.normal(size=(6, 4)).astype(np.float32)
    slow = [[sum(log_odds[c, j] for j, c in enumerate(row[p : p + 4])) for p in range(9)] for row in codes]
    one = best_scores(codes, log_odds, False)
    np.testing.assert_allclose(one, np.max(slow, axis=1), rtol=0, atol=1e-5)
    turned = best_scores(reverse_complement(codes), log_odds, True)
    np.testing.assert_allclose(best_scores(codes, log_odds, True), turned, rtol=0, atol=1e-5)


def test_nested_parts_score_as_each_by_itself(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (7, 30)).astype(np.uint8)
    log_odds = rng.normal(size=(6, 9)).astype(np.float32)
    log_odds[4:] = -1e4
    padded = np.pad(codes, ((0, 0), (9, 9)), constant_values=5)  # a part may lie anywhere in the sequence
    parts = [(2, 6), (2, 7), (1, 7), (0, 7), (0, 8)]
    forward = np.array([0, 6, 1, 0, 7])
    added = np.stack([forward, 8 - forward], axis=1)
    scores = best_by_width(padded, strands_of(log_odds, True), np.array(parts[0]), added)
    for (low, high), nested in zip(parts, scores, strict=True):
        alone = best_scores(codes, np.ascontiguousarray(log_odds[:, low:high]), True)
        np.testing.assert_allclose(nested, alone, rtol=0, atol=1e-5)


def test_fisher_against_scipy() -> None:
    a, b = np.array([0, 5, 30, 90, 100, 3]), np.array([0, 5, 10, 1, 0, 40])
    expected = hypergeom.logsf(a - 1, 160, 100, a + b)
    np.testing.assert_allclose(fisher_log_p(a, b, 100, 60), expected, rtol=1e-9, atol=1e-9)


def test_the_middle_of_equally_good_thresholds() -> None:
    primary = np.concatenate([np.full(50, -1.0), np.full(50, 8.0), [3.0, 4.0, 5.0, 6.0, 7.0]]).astype(np.float32)
    control = np.full(
        100, 1.0, dtype=np.float32
    )  # 50 to 55 of 105 against none: any threshold from 3 to 8 will do
    assert separate(primary, control)[0] < 5


def bound(file: Path) -> np.ndarray:
    with gzip.open(file, "rt") as lines:
        rows = [line.rstrip().split("\t") for line in lines]
    return np.stack([encode(row[2]) for row in rows if row[3] == "1" and len(row[2]) == 101])


def strong(width: int, rng: np.random.Generator) -> np.ndarray:
    return np.stack([rng.permutation([0.88, 0.04, 0.04, 0.04]) for _ in range(width)])


@pytest.mark.parametrize("width", [7, 11, 14, 20, 24])
def test_the_width_is_that_of_the_motif(rng: np.random.Generator, width: int) -> None:
    ppm = strong(width, rng)
    codes = rng.integers(0, 4, (400, 60)).astype(np.uint8)
    for row in range(300):
        site = np.array([rng.choice(4, p=column) for column in ppm], dtype=np.uint8)
        at = rng.integers(0, 60 - width + 1)
        codes[row, at : at + width] = site if row % 2 else reverse_complement(site)
    found = [denovo(codes, seed=seed)[0] for seed in range(2)]
    assert [one.motif.width for one in found] == pytest.approx([width, width], abs=max(1, width // 7))
    assert all(one.corrected_p < 1e-3 for one in found)


def test_several_motifs_by_p_until_none_is_significant(rng: np.random.Generator) -> None:
    words = {"TGACTCATC": 400, "ACCGGAAGTGG": 300, "CTATTTTTAGC": 300}
    codes = np.concatenate([planted(rng, word, count, 40, 1) for word, count in words.items()])
    found = denovo(codes)
    assert [one.p for one in found] == sorted(one.p for one in found)
    assert [one.motif.name for one in found] == [f"denovo_{number:02d}" for number in range(len(found))]
    assert [one.corrected_p for one in found] == pytest.approx([min(1, one.p * len(found)) for one in found])
    significant = [consensus(one.motif) for one in found if one.corrected_p < 0.05]
    both = [word + reverse_complement_letters(word) for word in significant]
    for wanted in ("GACTCA", "CGGAAGT", "TATTTTTA"):
        assert sum(wanted in word for word in both) == 1
    assert len(significant) == 3
    assert len(found) - 3 == 3  # `patience`


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "matrix", "widths", "least"),
    [
        ("REST_GM12878", "MA0138.3", (15, 22), 0.6),
        ("YY1_H1-hESC", "MA0095.4", (9, 13), 0.85),
        ("GABPA_GM12878", "MA0062.4", (8, 12), 0.8),
        ("FOXA1_HepG2", "MA0148.5", (8, 12), 0.8),
    ],
)
def test_measured_sets_over_seeds(
    shared: Path, name: str, matrix: str, widths: tuple[int, int], least: float
) -> None:
    codes = bound(shared / "data" / "encode" / f"{name}.AC.seq.gz")[:600]
    found = [denovo(codes, None, DenovoOptions(maximum=1), seed=seed)[0] for seed in range(3)]
    assert all(widths[0] <= one.motif.width <= widths[1] for one in found)
    shares = [one.sites[1] / one.sites[0] for one in found]
    assert min(shares) >= least
    named = name_motifs([one.motif for one in found], jaspar(ids=[matrix]), shuffles=0)
    assert (named.best["p"] < 1e-3).all()


def test_seed_words(rng: np.random.Generator) -> None:
    codes = planted(rng, "GATTACAG", 300, 30, 1)
    words = seed_words(codes, rng.integers(0, 4, (300, 30)).astype(np.uint8), 6, 2)
    assert any(str(encode("GATTACAG"))[1:-1].find(str(word)[1:-1]) >= 0 for word in (words[0], words[0][::-1] ^ 3))


def test_bad_input(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (30, 12)).astype(np.uint8)
    with pytest.raises(ValueError, match="needs 20 sequences with 6 known bases in a row, got 1"):
        denovo(codes[:1])
    with pytest.raises(ValueError, match="got 0"):
        denovo(np.full((30, 12), 4, np.uint8))
    with pytest.raises(ValueError, match="shorter than all widths"):
        denovo(codes[:, :5])
    with pytest.raises(ValueError, match="usable control"):
        denovo(codes, codes[:3])


def test_p_below_what_a_number_holds_are_ordered() -> None:
    """Two of 0 were ordered as they were found: the weaker first, where that was the first to be tested."""
    found = []
    for name, log10_p in (("weak", -350.0), ("strong", -1200.0), ("none", -2.0)):
        info = {"p": 10.0**log10_p, "log10_p": log10_p, "train_p": 0.0, "log10_train_p": log10_p}
        motif = Motif(name=name, ppm=np.full((6, 4), 0.25), source=name, info=info)
        found.append(Discovery(motif, 10.0**log10_p, 1.0, (9, 9, 9, 0)))
    ordered = _sorted(found)
    assert [one.motif.source for one in ordered] == ["strong", "weak", "none"]
    assert ordered[2].corrected_p == pytest.approx(0.03)


def test_the_logarithm_of_the_held_out_p() -> None:
    """2,000 of 2,000 held-out sequences against 10 of 2,000: 10^-1176, by hand, not 0."""
    rng = np.random.default_rng(0)
    primary = rng.integers(0, 4, (2000, 30)).astype(np.uint8)
    ppm = np.full((8, 4), 0.01)
    ppm[np.arange(8), [1, 0, 1, 2, 3, 2, 0, 0]] = 0.97
    control = primary.copy()
    primary[:, 10:18] = [1, 0, 1, 2, 3, 2, 0, 0]
    control[:10, 10:18] = primary[:10, 10:18]
    every = np.ones(2000, bool)
    fit = Fit(ppm, 2000.0, 10.0, -5000.0)
    tested = _test(fit, _Parts(primary, control, every, every), np.full(4, 0.25), True)
    a, b = tested.sites[1], tested.sites[3]
    assert a == 2000
    by_hand = sum(
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for n, k in ((2000, a), (2000, b))
    ) - (math.lgamma(4001) - math.lgamma(a + b + 1) - math.lgamma(4000 - a - b + 1))
    assert tested.p == 0
    assert tested.motif.info["log10_p"] == pytest.approx(by_hand / math.log(10), rel=1e-6)
    assert tested.motif.info["log10_train_p"] == pytest.approx(-5000 / math.log(10))


@pytest.mark.parametrize("seed", [0, 1])
def test_fifty_windows_are_enough_for_a_clear_motif(seed: int) -> None:
    """A tenth of 50 is 5: held-out sequences too few for any motif's test (before, none was significant)."""
    rng = np.random.default_rng(seed)
    codes = planted(rng, "TGTTTACATA", 50, 101, 0.8)
    found = denovo(codes, seed=seed)[0]
    assert found.corrected_p < 1e-3
    assert found.sites[0] == 16  # a third
    assert found.sites[2] == 192  # as large a share of 12 shuffled copies
    assert "GTTTACA" in consensus(found.motif) + reverse_complement_letters(consensus(found.motif))


def test_what_is_held_out() -> None:
    """A third of few, 60 of more, a tenth of many; of a given control as large a share."""
    rng = np.random.default_rng(0)
    for count, held, control in ((30, 10, 200), (300, 60, 120), (700, 70, 70)):
        codes = planted(rng, "ACCGGAAGTG", count, 30, 1)
        sites = denovo(codes, None, DenovoOptions((10,), maximum=1, seeds=1))[0].sites
        assert (sites[0], sites[2]) == (held, control)
        given = rng.integers(0, 4, (90, 30)).astype(np.uint8)
        sites = denovo(codes, given, DenovoOptions((10,), maximum=1, seeds=1))[0].sites
        assert (sites[0], sites[2]) == (held, round(held / count * 90))


def test_a_motif_in_long_sequences(rng: np.random.Generator) -> None:
    """Every word of six letters is in a third of such sequences by chance: longer words start the search, too."""
    codes = planted(rng, "CCACTAGGGGGCGC", 100, 1000, 0.8)
    found = denovo(codes, None, DenovoOptions(maximum=1))[0]
    letters = consensus(found.motif)
    assert found.p < 1e-4
    assert "AGGGGGC" in letters + " " + reverse_complement_letters(letters)
