"""Word vectors of k-mers are gensim's, with its defaults."""

from __future__ import annotations

import numpy as np
from gensim.models import Word2Vec

from motiflens.models.data.windows import ArrayWindows
from motiflens.models.word2vec import word2vec


def test_equals_gensim_with_its_defaults(rng: np.random.Generator) -> None:
    """Context of 5 words, words of 5 times at least, CBOW: a k-mer seen 4 times has no vector, one seen 5 has."""
    codes = rng.integers(0, 2, (40, 30)).astype(np.uint8)  # A and C alone
    codes[:4, :2], codes[4:9, 28:] = 2, 3  # GG four times, TT five times
    windows = ArrayWindows(codes, np.ones(40, dtype=np.float32))
    vectors, tokens = word2vec(windows, k=2, stride=2, dimension=6, seed=1)
    assert {int("22", 4), int("33", 4)} & set(tokens.tolist()) == {int("33", 4)}
    order = np.random.default_rng([1, 3]).permutation(40)
    lines = [
        [str(4 * row[at] + row[at + 1]) for at in range(0, 29, 2)] for row in codes[np.sort(order)].astype(int)
    ]
    plain = Word2Vec(lines, vector_size=6, workers=1, seed=2).wv
    assert [str(token) for token in tokens] == plain.index_to_key
    np.testing.assert_array_equal(vectors.numpy(), plain.vectors)
