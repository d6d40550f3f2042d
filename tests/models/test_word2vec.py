"""Word vectors of k-mers are gensim's, with its defaults."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gensim.models import Word2Vec

from motiflens.models.data.windows import ArrayWindows
from motiflens.models.recipes import recipe
from motiflens.models.registry import build
from motiflens.models.word2vec import pretrain, word2vec


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


def test_vectors_are_brought_to_the_scale_asked_for(rng: np.random.Generator) -> None:
    """One factor for all, so that directions stay; None leaves them; rare k-mers keep their first vectors."""
    codes = rng.integers(0, 3, (300, 30)).astype(np.uint8)  # no T
    windows = ArrayWindows(codes, np.ones(300, dtype=np.float32))
    weights = {}
    for scale in (None, 0.05):
        own = {"k": 2, "stride": 1, "dimension": 6, "vector_scale": scale}
        torch.manual_seed(0)
        model = build("kegru", length=30, **own)
        first = model.embedding.weight.detach().clone()
        assert pretrain(model, windows, seed=1)
        weights[scale] = model.embedding.weight.detach()
        torch.testing.assert_close(weights[scale][15], first[15], rtol=0, atol=0)  # TT
    vectors, tokens = word2vec(windows, k=2, stride=1, dimension=6, seed=1)
    torch.testing.assert_close(weights[None][tokens], vectors, rtol=0, atol=0)
    assert float(weights[0.05][tokens].std(correction=0)) == pytest.approx(0.05, rel=1e-5)
    torch.testing.assert_close(
        weights[0.05][tokens], vectors * (0.05 / vectors.std(correction=0)), rtol=1e-6, atol=0
    )


def test_the_short_recipe_scales_word_vectors_and_the_papers_does_not() -> None:
    assert recipe("kegru", preset="short").hyperparameters["vector_scale"] == 0.05
    assert "vector_scale" not in recipe("kegru").hyperparameters
