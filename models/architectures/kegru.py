"""KEGRU (Shen et al. 2018, Sci. Rep. 8:15270): k-mer embedding and a bidirectional GRU."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.channels_last import watched
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.pooled_convolution import letters_do
from motiflens.models.architectures.recurrent import Gates, KerasGRU

Strategy = Literal["init-train", "init-no-train", "no-init"]
Join = Literal["concatenate", "sum", "mean", "product"]


class KEGRU(SequenceModel):
    """k-mers → embedding → BiGRU → the two last states, merged → outputs.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length of at least k works. `channels` must be 4, `meta` 0.
    k, stride
        Length of the k-mers, and bp from one to the next.
    dimension
        Of the embedding.
    units
        GRU units per direction.
    join
        How the last states of the directions merge: ``concatenate``, ``sum``, ``mean`` or ``product``.
    strategy
        ``init-train``: the embedding starts from word2vec (`set_word_vectors`) and is trained; ``init-no-train``:
        it stays frozen; ``no-init``: it starts at random.
    vector_scale
        Standard deviation that word vectors are brought to; None leaves them as word2vec gives them, as the paper
        does. They grow with the corpus, and large ones saturate the gates before anything is learned.
    reset_after
        Apply the reset gate after the recurrent product (torch's and cuDNN's fast `nn.GRU`) in place of before it
        (the paper's Eq. 8).
    gates
        Activation of the gates.
    variable
        Windows are of different lengths, filled up with N at either end: what is read is the sequence between,
        from its first base, and no more, so that the result is that of the sequence alone.

    Notes
    -----
    k-mers are numbered in base 4, A, C, G, T = 0…3, the first base the highest digit; a k-mer with an unknown base
    has the number 4ᵏ. Bases are read off the one-hot input, which therefore has no gradient: attribute on
    `embedding`, whose token i covers bp [i · stride, i · stride + k).
    """

    name = "kegru"
    any_length = True

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        k: int = 5,
        stride: int = 2,
        dimension: int = 100,
        units: int = 80,
        join: Join = "concatenate",
        strategy: Strategy = "init-train",
        vector_scale: float | None = None,
        reset_after: bool = False,
        gates: Gates = "sigmoid",
        variable: bool = False,
    ) -> None:
        own = arguments(locals())
        super().__init__(length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=own)
        self.refuse_meta()
        if channels != 4:
            raise ValueError(f"kegru reads sequence only: build it with channels=4, not {channels}")
        for option, known in (
            ("join", ("concatenate", "sum", "mean", "product")),
            ("strategy", ("init-train", "init-no-train", "no-init")),
        ):
            if own[option] not in known:
                raise ValueError(f"kegru: {option} must be one of {', '.join(known)}, not {own[option]!r}")
        if reset_after and gates != "sigmoid":
            raise ValueError("kegru: with reset_after=True the gates can only be sigmoid")
        self.k, self.stride, self.join, self.variable = k, stride, join, variable
        self.least_length = k
        self.check_length(length)
        self.embedding = nn.Embedding(4**k + 1, dimension)
        self.gru: nn.GRU | KerasGRU = (
            nn.GRU(dimension, units, batch_first=True, bidirectional=True)
            if reset_after
            else KerasGRU(dimension, units, gates=gates)
        )
        self.output = nn.Linear(2 * units if join == "concatenate" else units, outputs)
        keras_initialise(self)
        self.embedding.weight.requires_grad_(strategy != "init-no-train")

    def tokens(self, x: Tensor) -> Tensor:
        """Number the k-mers of one-hot windows (N, 4, L): (N, ⌊(L − k)/stride⌋ + 1) integers."""
        return kmer_tokens(without_padding(x)[0] if self.variable else x, k=self.k, stride=self.stride)

    def set_word_vectors(self, vectors: Tensor) -> None:
        """Start the embedding from `vectors` (4ᵏ + 1, dimension), one row a token, the unknown one last."""
        if vectors.shape != self.embedding.weight.shape:
            raise ValueError(
                f"kegru: word vectors have shape {tuple(vectors.shape)}, "
                f"expected {tuple(self.embedding.weight.shape)} (4**k + 1 tokens, dimension)"
            )
        with torch.no_grad():
            self.embedding.weight.copy_(vectors)

    def from_tokens(self, tokens: Tensor, counts: Tensor | None = None) -> Tensor:
        """Logits (N, outputs) of k-mer numbers (N, tokens); the first `counts` (N,) are read, or all."""
        if isinstance(self.gru, KerasGRU) and self._by_rows(tokens):
            _, (forward, backward) = self.gru.of_rows(self.embedding.weight, tokens, counts)
            return self.output(self._joined(forward, backward))
        embedded = self.embedding(tokens)
        if counts is None:
            _, (forward, backward) = self.gru(embedded)
        elif isinstance(self.gru, KerasGRU):
            _, (forward, backward) = self.gru(embedded, counts)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(
                embedded, counts.cpu(), batch_first=True, enforce_sorted=False
            )
            _, (forward, backward) = self.gru(packed)
        return self.output(self._joined(forward, backward))

    def _by_rows(self, tokens: Tensor) -> bool:
        """Tell whether the GRU may read rows of the embedding by number: they are fewer than the tokens."""
        fewer = tokens.numel() > len(self.embedding.weight)
        return fewer and letters_do(training=self.training) and not (watched(self.embedding) or watched(self.gru))

    def _joined(self, forward: Tensor, backward: Tensor) -> Tensor:
        if self.join == "concatenate":
            return torch.cat([forward, backward], dim=-1)
        if self.join == "product":
            return forward * backward
        return (forward + backward) * (0.5 if self.join == "mean" else 1.0)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        if not self.variable:
            return self.from_tokens(self.tokens(x))
        size = without_padding(x)[1]
        counts = (torch.div(size - self.k, self.stride, rounding_mode="floor") + 1).clamp(min=1)
        return self.from_tokens(self.tokens(x), counts)


def without_padding(x: Tensor) -> tuple[Tensor, Tensor]:
    """Move each window's sequence to its beginning, and tell its length.

    Parameters
    ----------
    x
        (N, 4, L) one-hot; unknown bases at both ends are padding.

    Returns
    -------
    Tensor
        (N, 4, L): from the first known base on, then zeros.
    Tensor
        (N,) bases from the first to the last known one; L where none is known.

    Examples
    --------
    >>> x = torch.eye(4)[[0, 1, 0, 2, 3]].T[None].clone()
    >>> x[:, :, [0, 2]] = 0  # NCNGT
    >>> shifted, size = without_padding(x)
    >>> shifted[0].argmax(0).tolist()[:1], shifted[0].sum(0).tolist(), size.tolist()
    ([1], [1.0, 0.0, 1.0, 1.0, 0.0], [4])
    """
    known = x.amax(dim=1) > x.amin(dim=1)  # N, L
    length = x.shape[-1]
    first = known.int().argmax(dim=1)  # N
    last = length - 1 - known.flip(1).int().argmax(dim=1)
    places = torch.arange(length, device=x.device) + first[:, None]  # N, L
    there = places <= last[:, None]
    shifted = x.gather(2, places.clamp(max=length - 1)[:, None].expand(-1, x.shape[1], -1))
    return shifted * there[:, None].to(x.dtype), last - first + 1


def kmer_tokens(x: Tensor, *, k: int, stride: int) -> Tensor:
    """Number the k-mers of one-hot windows.

    Parameters
    ----------
    x
        (N, 4, L); an unknown base is four zeros (or equal weights on all four).
    k, stride
        Length of the k-mers and bp between their starts.

    Returns
    -------
    Tensor
        (N, ⌊(L − k)/stride⌋ + 1) integers: base 4, the first base the highest digit; 4ᵏ where a base is unknown.

    Examples
    --------
    >>> x = torch.eye(4)[[0, 1, 2, 3]].T[None]  # ACGT
    >>> kmer_tokens(x, k=2, stride=1).tolist()
    [[1, 6, 11]]
    """
    known = x.amax(dim=1) > x.amin(dim=1)  # N, L
    kmers = x.argmax(dim=1).unfold(1, k, stride)  # N, tokens, k
    digits = 4 ** torch.arange(k - 1, -1, -1, device=x.device)
    numbers = (kmers * digits).sum(dim=-1)
    return torch.where(known.unfold(1, k, stride).all(dim=-1), numbers, 4**k)
