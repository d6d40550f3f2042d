"""Route 4: planted motifs come back, and nothing comes out of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.engines.denovo import (
    DenovoOptions,
    best_scores,
    denovo,
    expectation_maximisation,
    seed_words,
    window_scores,
)
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
    log_odds = rng.normal(size=(5, 4))
    slow = [[sum(log_odds[c, j] for j, c in enumerate(row[p : p + 4])) for p in range(9)] for row in codes]
    np.testing.assert_allclose(window_scores(codes, log_odds), slow, rtol=0, atol=1e-12)
    turned = best_scores(reverse_complement(codes), log_odds, True)
    np.testing.assert_allclose(best_scores(codes, log_odds, True), turned, rtol=0, atol=1e-12)


def test_seed_words(rng: np.random.Generator) -> None:
    codes = planted(rng, "GATTACAG", 300, 30, 1)
    words = seed_words(codes, rng.integers(0, 4, (300, 30)).astype(np.uint8), 6, 2)
    assert any(str(encode("GATTACAG"))[1:-1].find(str(word)[1:-1]) >= 0 for word in (words[0], words[0][::-1] ^ 3))


def test_bad_input(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (30, 12)).astype(np.uint8)
    with pytest.raises(ValueError, match="needs 20 sequences with 8 known bases in a row, got 1"):
        denovo(codes[:1])
    with pytest.raises(ValueError, match="got 0"):
        denovo(np.full((30, 12), 4, np.uint8))
    with pytest.raises(ValueError, match="shorter than all widths"):
        denovo(codes[:, :5])
    with pytest.raises(ValueError, match="usable control"):
        denovo(codes, codes[:3])
