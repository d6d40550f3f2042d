"""Logistic regression on which k-mers a window holds: the floor that a deep model should be above."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.base import arguments
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.architectures.layers import pool_all
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, silent
from motiflens.models.progress import Step as ProgressStep
from motiflens.models.types import Codes, Integers

_CHUNK = 4096  # windows read at a time while fitting
# A word counts from k less this many matching bases. Below 1, so that whole words alone count; no simple fraction,
# so that the steps of a path between two windows do not end on the rectifier's corner. Exact in binary.
_MARGIN = 11 / 16
_LARGEST_K = 8  # 65,536 words: the differentiable path has a kernel for each


class KmerLogistic(FittedModel):
    """Presence of each k-mer or its reverse complement → a weighted sum.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length works; only the bases are read. `meta` must be 0.
    k
        Bases of a word.
    strength
        Inverse of the L2 penalty, as scikit-learn's ``C``.
    most
        Windows to fit to at most, of those that one epoch draws; None for all.

    Notes
    -----
    Presence is computed in two ways with the same result: by looking words up, and, where a gradient is asked
    for, by a convolution with all words, a rectifier and a maximum, so that every attribution method applies.
    """

    name = "kmer_logistic"
    any_length = True

    words: Tensor
    number: Tensor

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        k: int = 6,
        strength: float = 0.01,
        most: int | None = 100_000,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if not 1 <= k <= _LARGEST_K:
            raise ValueError(f"kmer_logistic: k must be 1 to {_LARGEST_K}, not {k}")
        if not strength > 0:
            raise ValueError(f"kmer_logistic: strength must be above 0, not {strength}")
        self.k, self.strength, self.most = k, strength, most
        self.least_length = k
        self.check_length(length)
        number = canonical_numbers(k)
        self.features = int(number.max()) + 1
        # They follow from k, and are no part of the state.
        self.register_buffer("number", torch.from_numpy(number), persistent=False)  # 4^k
        self.register_buffer("words", _canonical_words(number, k), persistent=False)  # features, 4, k
        self.present = nn.ReLU()
        self.pool = nn.MaxPool1d(length)
        self.output = nn.Linear(self.features, outputs)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        bases = x[:, :4]
        if torch.is_grad_enabled() or not _one_hot(bases):
            return self.output(self._presence(bases).to(self.output.weight.dtype))
        return self.output(self._looked_up(bases).to(self.output.weight.dtype))

    def _presence(self, bases: Tensor) -> Tensor:
        """Return how much of each word a window holds at best, (N, features): 1 or 0 for one-hot windows."""
        words = self.words.to(bases.dtype)
        strands = [functional.conv1d(bases, kernels) for kernels in (words, words.flip(1, 2))]
        h = torch.cat(strands, dim=-1)  # N, features, 2 T: matching bases
        return pool_all(self.pool, self.present(h - (self.k - _MARGIN)) / _MARGIN)

    def _looked_up(self, bases: Tensor) -> Tensor:
        known = bases.amax(dim=1) > 0  # N, L
        digits = 4 ** torch.arange(self.k - 1, -1, -1, device=bases.device)
        words = (bases.argmax(dim=1).unfold(1, self.k, 1) * digits).sum(dim=-1)  # N, T
        places = torch.where(known.unfold(1, self.k, 1).all(dim=-1), self.number[words], self.features)
        held = bases.new_zeros(len(bases), self.features + 1)
        return held.scatter_(1, places, 1.0)[:, :-1]

    def first_convolution(self) -> None:
        """Return None: its words are given, not learned."""

    def fit(self, windows: Windows, rows: Integers, *, seed: int, progress: Progress = silent) -> None:
        """Fit one regression a task (scikit-learn's, by L-BFGS)."""
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        rows = np.sort(rows[: self.most])
        labels = windows.labels[rows]
        both = (labels == 1).any(axis=0) & (labels == 0).any(axis=0)
        if not both.all():
            task = windows.tasks[int(np.flatnonzero(~both)[0])]
            raise ValueError(f"{task} has no bound or no unbound windows to fit to: choose more or other data")
        starts = range(0, len(rows), _CHUNK)
        held = [kmer_presence(windows.codes(rows[start : start + _CHUNK]), self.k) for start in starts]
        columns, counts = np.concatenate([part.words for part in held]), [part.counts for part in held]
        ends = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        x = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), self.features))
        for column in range(self.outputs):
            known = np.flatnonzero(~np.isnan(labels[:, column]))
            # scikit-learn's own random state plays no part in L-BFGS: the optimum is the one there is
            model = LogisticRegression(C=self.strength, max_iter=500, tol=1e-5)
            model.fit(x[known], labels[known, column])
            with torch.no_grad():
                self.output.weight[column] = torch.from_numpy(model.coef_[0]).to(self.output.weight)
                self.output.bias[column] = float(np.asarray(model.intercept_)[0])
            progress(ProgressStep("fitting", column + 1, self.outputs, "tasks"))


class Held(NamedTuple):
    """Canonical words that windows hold, each once, window after window."""

    words: Integers  # of all windows, sorted within each
    counts: Integers  # n: how many are each window's


def _one_hot(bases: Tensor) -> bool:
    return bool(((bases == 0) | (bases == 1)).all()) and bool((bases.sum(dim=1) <= 1).all())


def _canonical_words(number: Integers, k: int) -> Tensor:
    """Return each canonical word one-hot, (features, 4, k)."""
    _, words = np.unique(number, return_index=True)
    digits = np.stack([words // 4 ** (k - 1 - i) % 4 for i in range(k)], axis=1)  # features, k
    return functional.one_hot(torch.from_numpy(digits), 4).transpose(1, 2).float()


def canonical_numbers(k: int) -> Integers:
    """Return the number of each of the 4ᵏ words, the same for a word and its reverse complement, (4ᵏ,).

    Examples
    --------
    >>> canonical_numbers(1).tolist()  # A and T are one, C and G another
    [0, 1, 1, 0]
    """
    words = np.arange(4**k)
    turned = np.zeros_like(words)
    for i in range(k):
        turned = turned * 4 + 3 - words // 4**i % 4
    _, number = np.unique(np.minimum(words, turned), return_inverse=True)
    return number.astype(np.int64)


def kmer_presence(codes: Codes, k: int) -> Held:
    """Return which canonical k-mers windows hold; words with an unknown base are left out.

    Parameters
    ----------
    codes
        (n, L) bases, 4 where unknown.
    k
        Bases of a word.
    """
    words = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)  # n, T, k
    number = canonical_numbers(k)
    index = (words.astype(np.int64).clip(max=3) * 4 ** np.arange(k - 1, -1, -1)).sum(axis=-1)  # n, T
    places = np.where((words > 3).any(axis=-1), number.max() + 1, number[index])
    places.sort(axis=1)
    first = np.ones(places.shape, dtype=bool)
    first[:, 1:] = np.diff(places, axis=1) != 0
    first &= places <= number.max()
    return Held(places[first], first.sum(axis=1))
