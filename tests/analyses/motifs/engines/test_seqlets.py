"""Route 3: planted stretches of attribution come back as matrices, at the places where they are."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.engines.seqlets import call_seqlets, seqlets
from motiflens.models.data.one_hot import encode, reverse_complement

WORDS = {"TTCAGCACCATGGACAGC": range(0, 120), "TGTTTACCTA": range(90, 240)}


def planted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, dict[str, dict[int, tuple[int, str]]]]:
    """Scores (240, 4, 150), codes, and word -> row -> (start, strand)."""
    codes = rng.integers(0, 4, (240, 150)).astype(np.uint8)
    track = rng.normal(0, 0.08, codes.shape)
    truth: dict[str, dict[int, tuple[int, str]]] = {word: {} for word in WORDS}
    for word, rows in WORDS.items():
        low = 5 if word.startswith("TTC") else 80  # apart from each other
        for row in rows:
            at, strand = int(rng.integers(low, low + 45)), "+-"[int(rng.integers(2))]
            site = encode(word) if strand == "+" else reverse_complement(encode(word))
            codes[row, at : at + len(word)] = site
            track[row, at : at + len(word)] += 1
            truth[word][row] = at, strand
    scores = np.zeros((240, 4, 150), np.float32)
    np.put_along_axis(scores, codes[:, None].astype(np.int64), track[:, None].astype(np.float32), axis=1)
    return scores, codes, truth


def test_planted_patterns_and_their_places(rng: np.random.Generator) -> None:
    scores, codes, truth = planted(rng)
    found = seqlets(scores, codes)
    assert len(found) == 2
    assert [pattern.motif.name for pattern in found] == ["seqlet_pos_00", "seqlet_pos_01"]
    for pattern in found:
        letters = consensus(pattern.motif, mask=0.5)
        turned = reverse_complement_letters(letters)
        word = next(word for word in WORDS if letters in word or turned in word)
        flipped = letters not in word
        assert len(letters) >= len(word) - 1
        assert len(pattern.sites) >= 0.9 * len(WORDS[word])
        whole = consensus(pattern.motif)
        inset = (reverse_complement_letters(whole) if flipped else whole).index(word[:8])
        right = 0
        for site in pattern.sites.itertuples():
            at, strand = truth[word][site.window]
            right += site.strand == (strand if not flipped else "-+"["+-".index(strand)])
            low = inset if strand == "+" else pattern.motif.width - inset - len(word)
            assert abs(site.start + low - at) <= 1
        assert right == len(pattern.sites)
        np.testing.assert_allclose(pattern.weighted.sum(axis=1), 1, rtol=0, atol=1e-9)
        # the contribution matrix is large where the frequency matrix is sure
        np.testing.assert_array_equal(
            pattern.contribution.argmax(axis=1)[inset : inset + 5],
            pattern.motif.ppm.argmax(axis=1)[inset : inset + 5],
        )


def test_negative_patterns_keep_their_sign(rng: np.random.Generator) -> None:
    scores, codes, _ = planted(rng)
    found = seqlets(-scores, codes)
    assert {pattern.motif.name[:10] for pattern in found} == {"seqlet_neg"}
    assert all(pattern.contribution.sum() < 0 and (pattern.sites["attribution"] < 0).all() for pattern in found)


def test_nothing_from_noise(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (300, 120)).astype(np.uint8)
    track = rng.normal(0, 1, codes.shape).astype(np.float32)
    assert len(call_seqlets(track.astype(float), width=21, fdr=0.05, maximum=1000)) <= 5
    scores = np.zeros((300, 4, 120), np.float32)
    np.put_along_axis(scores, codes[:, None].astype(np.int64), track[:, None], axis=1)
    assert seqlets(scores, codes) == []


def test_called_windows_do_not_overlap(rng: np.random.Generator) -> None:
    scores, _, _ = planted(rng)
    places = call_seqlets(scores.sum(axis=1).astype(float), width=21, fdr=0.05, maximum=10_000)
    order = places[np.lexsort(places.T[::-1])]
    same = order[1:, 0] == order[:-1, 0]
    assert (np.diff(order[:, 1])[same] >= 21).all()


@pytest.mark.parametrize(
    ("scores", "codes", "message"),
    [
        (np.zeros((2, 4, 30)), np.zeros((2, 31), np.uint8), r"expected \(N, C, L\)"),
        (np.zeros((2, 4, 10)), np.zeros((2, 10), np.uint8), "shorter than a seqlet's 21 bp"),
        (np.full((2, 4, 30), np.nan), np.zeros((2, 30), np.uint8), "not finite"),
    ],
)
def test_bad_input(scores: np.ndarray, codes: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seqlets(scores, codes)
