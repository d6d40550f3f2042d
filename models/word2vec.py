"""Word vectors of k-mers, learned from the training windows as KEGRU does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motiflens.models.data.windows import Windows
from motiflens.models.types import Codes, Integers

_BLOCK = 4096  # windows read at a time


def kmer_numbers(codes: Codes, *, k: int, stride: int) -> Integers:
    """Number the k-mers of windows, (n, L) bases to (n, ⌊(L - k)/stride⌋ + 1) integers.

    Base 4, the first base the highest digit; 4ᵏ where a base is unknown.

    Examples
    --------
    >>> kmer_numbers(np.array([[0, 1, 2, 3]], dtype=np.uint8), k=2, stride=1).tolist()
    [[1, 6, 11]]
    """
    kmers = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)[:, ::stride]  # n, tokens, k
    numbers = (kmers.astype(np.int64) * 4 ** np.arange(k - 1, -1, -1)).sum(axis=-1)
    numbers[(kmers > 3).any(axis=-1)] = 4**k
    return numbers


# gensim's defaults, which the paper used: words of context on each side, and how often a k-mer must occur to get a
# vector.
WINDOW, MIN_COUNT = 5, 5


def word2vec(
    windows: Windows,
    *,
    k: int,
    stride: int,
    dimension: int,
    epochs: int = 5,
    corpus: int | None = None,
    seed: int = 0,
) -> tuple[Tensor, Integers]:
    """Learn word vectors of k-mers (CBOW with negative sampling, gensim).

    Parameters
    ----------
    windows
        The corpus: each window's k-mers are one sentence.
    k, stride, dimension
        As the model's.
    epochs
        Passes over the corpus.
    corpus
        Windows read at most, chosen at random; None for all.
    seed
        The same seed gives the same vectors.

    Returns
    -------
    vectors
        (seen, dimension) float32.
    tokens
        (seen,) the k-mers' numbers that the vectors are of; other k-mers are too rare in the corpus.
    """
    from gensim.models import Word2Vec

    rows = np.random.default_rng([seed, 3]).permutation(len(windows))[:corpus]
    sentences = _Corpus(windows, rows, k, stride)
    counts = np.zeros(4**k + 1, dtype=np.int64)
    for numbers in sentences.blocks():
        counts += np.bincount(numbers.ravel(), minlength=len(counts))
    if counts.max(initial=0) < MIN_COUNT:
        return torch.zeros(0, dimension), np.zeros(0, dtype=np.int64)
    vectors: Any = Word2Vec(
        sentences,
        vector_size=dimension,
        window=WINDOW,
        min_count=MIN_COUNT,
        sg=0,
        epochs=epochs,
        workers=1,  # several are faster, and give other vectors each time
        seed=seed + 1,
    ).wv
    return torch.from_numpy(np.array(vectors.vectors)), np.array([int(word) for word in vectors.index_to_key])


class _Corpus:
    """The windows' sentences, read again in each pass, so that memory does not grow with the corpus."""

    def __init__(self, windows: Windows, rows: Integers, k: int, stride: int) -> None:
        self.windows, self.rows, self.k, self.stride = windows, rows, k, stride

    def blocks(self) -> Iterator[Integers]:
        """Yield the k-mer numbers of some windows at a time, (n, tokens)."""
        for first in range(0, len(self.rows), _BLOCK):
            codes = self.windows.codes(np.sort(self.rows[first : first + _BLOCK]))
            yield kmer_numbers(codes, k=self.k, stride=self.stride)

    def __iter__(self) -> Iterator[list[str]]:
        for numbers in self.blocks():
            for line in numbers.tolist():
                yield list(map(str, line))


def pretrain(model: torch.nn.Module, windows: Windows, *, seed: int = 0) -> bool:
    """Start a k-mer model's embedding from word vectors of the training windows, where its strategy says so.

    Parameters
    ----------
    model
        With `set_word_vectors`, ``embedding`` and the hyperparameters ``k``, ``stride``, ``dimension``,
        ``strategy`` (``init-train``, ``init-no-train`` or ``no-init``) and, where there is one, ``vector_scale``;
        others are left alone.

    Returns
    -------
    bool
        Whether it was done. K-mers that the corpus lacks keep their first vectors.
    """
    own = getattr(model, "hyperparameters", {})
    if not hasattr(model, "set_word_vectors") or own.get("strategy") == "no-init":
        return False
    vectors_of_tokens, tokens = word2vec(
        windows, k=own["k"], stride=own["stride"], dimension=own["dimension"], seed=seed
    )
    scale = own.get("vector_scale")
    if scale is not None and len(tokens):
        vectors_of_tokens *= scale / vectors_of_tokens.std(correction=0)
    kegru: Any = model  # one's own k-mer models may do the same
    vectors = kegru.embedding.weight.detach().clone()
    vectors[tokens] = vectors_of_tokens
    kegru.set_word_vectors(vectors)
    return True
