"""Clusters: a case done by hand, both strands, thresholds, and agreement of two clusterings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from motiflens.analyses.motifs.cluster_edit import cluster_edit, edit_distances
from motiflens.analyses.motifs.cluster_similarity import CUT, adjusted_rand, cluster_similarity, similarity
from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import encode

DNA = st.text("ACGT", min_size=1, max_size=12)


def levenshtein(a: str, b: str) -> int:
    """The textbook recursion, row by row."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@given(st.lists(DNA, min_size=1, max_size=6))
@settings(deadline=None, max_examples=50)
def test_distances_are_the_smaller_of_both_strands(words: list[str]) -> None:
    found = edit_distances(words)
    for i, a in enumerate(words):
        for j, b in enumerate(words):
            assert found[i, j] == min(levenshtein(a, b), levenshtein(a, reverse_complement_letters(b)))


def test_a_case_by_hand() -> None:
    # AAAA = TTTT on the other strand; AAAC is 1 from it; CGCGCG is 5 from AAAA (4 changes, 2 insertions less none
    # in common) and 5 from AAAC, of which it holds one C.
    words = ["AAAA", "TTTT", "AAAC", "CGCGCG"]
    assert edit_distances(words).tolist() == [[0, 0, 1, 6], [0, 0, 1, 6], [1, 1, 0, 5], [6, 6, 5, 0]]
    tree = cluster_edit(words)
    # average linkage: {AAAA, TTTT} at 0, with AAAC at 1, with CGCGCG at (6 + 6 + 5) / 3
    np.testing.assert_allclose(tree.tree[:, 2], [0, 1, 17 / 3], rtol=0, atol=1e-12)
    assert tree.cut(0).tolist() == [1, 1, 2, 3]
    assert tree.cut(3).tolist() == [1, 1, 1, 2]
    assert tree.distinct() == {"0": 3, "3": 2, "5": 2, "10": 1}
    assert cluster_edit(words, method="complete").tree[-1, 2] == 6
    assert cluster_edit(words, method="single").tree[-1, 2] == 5


@given(st.lists(DNA, min_size=1, max_size=12))
@settings(deadline=None, max_examples=30)
def test_distinct_motifs_never_rise_with_the_distance(words: list[str]) -> None:
    counts = list(cluster_edit(words).distinct((0, 1, 2, 3, 5, 10, 100)).values())
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len({min(word, reverse_complement_letters(word)) for word in words})
    assert counts[-1] == 1


def test_one_motif_and_none() -> None:
    assert cluster_edit(["ACGT"]).distinct() == {"0": 1, "3": 1, "5": 1, "10": 1}
    with pytest.raises(ValueError, match="no motifs to cluster"):
        cluster_edit([])
    with pytest.raises(ValueError, match="motif b has an empty consensus"):
        cluster_edit(["A", ""], labels=["a", "b"])


def motif(word: str, name: str = "") -> Motif:
    return Motif(name or word, 0.88 * np.eye(5)[encode(word)][:, :4] + 0.03)


def test_masked_consensus() -> None:
    flat = np.full((2, 4), 0.25)
    padded = Motif("m", np.vstack([flat, motif("GAT").ppm, flat, motif("CA").ppm, flat]))
    assert consensus(padded, mask=0.5) == "GATNNCA"
    assert consensus(Motif("flat", flat), mask=0.5) == ""


def test_similar_matrices_cluster_whatever_offset_and_strand() -> None:
    words = ["TGTTTACTTAG", "GTTTACTTA", reverse_complement_letters("ATGTTTACTT"), "CCACGTGGA", "TCCACGTGG"]
    motifs = [motif(word) for word in words]
    table = similarity(motifs)
    np.testing.assert_allclose(table, table.T, rtol=0, atol=0)
    np.testing.assert_allclose(np.diag(table), 1, rtol=0, atol=0)
    assert table.max() <= 1 + 1e-12
    same = motifs[0].reverse_complement()
    np.testing.assert_allclose(similarity([motifs[0], same])[0, 1], 1, rtol=0, atol=1e-12)
    assert cluster_similarity(motifs).cut(CUT).tolist() == [1, 1, 1, 2, 2]


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=20),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=50)
def test_adjusted_rand_agrees_with_scikit_learn(labels: list[int], random: object) -> None:
    others = list(labels)
    random.shuffle(others)  # type: ignore[attr-defined]
    found = adjusted_rand(np.array(labels), np.array(others))
    np.testing.assert_allclose(found, adjusted_rand_score(labels, others), rtol=0, atol=1e-12)
