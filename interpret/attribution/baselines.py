"""What attributions are relative to."""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
import torch
from torch import Tensor

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.types import Codes

KINDS: Final = ("shuffle", "gc", "zeros")


def baselines(x: Tensor, kind: str | Tensor | None = None, *, n: int = 10, seed: int = 0) -> Tensor:
    """Make the baselines of each window.

    An unknown base stays unknown in every baseline, so that it never contributes. Signal channels are 0 in the
    baselines made here: what is explained is the signal's presence.

    Parameters
    ----------
    x
        N, C, L.
    kind
        ``shuffle`` (default): `n` dinucleotide shuffles of the window. ``gc``: at each known base the mean
        composition of the window with A and T (C and G) made equal. ``zeros``: no base anywhere. Or a tensor
        (C, L), (N, C, L) or (N, B, C, L).
    n
        Number of shuffles.
    seed
        Seed of the shuffles. They depend on the seed and the sequence alone, not on the window's place in the
        batch; those of the reverse complement are the reverse complements of the shuffles.

    Returns
    -------
    Tensor
        N, B, C, L.

    Raises
    ------
    ValueError
        For an unknown kind or a tensor of another shape.
    """
    if isinstance(kind, Tensor):
        return _given(x, kind)
    if kind == "zeros":
        return _with_unknown(torch.zeros_like(x)[:, None], x)
    if kind == "gc":
        return _with_unknown(_gc(x)[:, None], x)
    if kind in (None, "shuffle"):
        return _with_unknown(_shuffles(x, n, seed), x)
    raise ValueError(f"unknown baseline {kind!r}: choose {', '.join(KINDS)}, or give a tensor (N, B, C, L)")


def _given(x: Tensor, given: Tensor) -> Tensor:
    given = given.to(dtype=x.dtype, device=x.device)
    if given.shape == x.shape[1:]:
        given = given.expand(x.shape)
    if given.shape == x.shape:
        given = given[:, None]
    if given.ndim != 4 or given.shape[:1] + given.shape[2:] != x.shape:
        raise ValueError(
            f"the baseline has shape {tuple(given.shape)}, the windows {tuple(x.shape)}: expected (C, L), "
            "(N, C, L) or (N, B, C, L)"
        )
    return given


def _with_unknown(ends: Tensor, x: Tensor) -> Tensor:
    """Let unknown bases stand in baselines, (N, B, C, L), as they stand in the windows, (N, C, L)."""
    ends[:, :, :4] = torch.where(known_bases(x)[:, None, None], ends[:, :, :4], x[:, None, :4])
    return ends


def _gc(x: Tensor) -> Tensor:
    known = known_bases(x)[:, None].to(x.dtype)  # N, 1, L
    bases = x[:, :4] * known
    mean = bases.sum(2, keepdim=True) / known.sum(2, keepdim=True).clamp_min(1)  # N, 4, 1
    mean = (mean + mean.flip(1)) / 2  # A with T, C with G
    return torch.cat([mean * known, torch.zeros_like(x[:, 4:])], dim=1)


def known_bases(x: Tensor) -> Tensor:
    """Return where a base is known, (N, L) boolean, of windows (N, C, L): N is four zeros or four quarters."""
    bases = x[:, :4].detach()
    return (bases.sum(1) > 0) & ~(bases == 0.25).all(1)


def to_codes(x: Tensor) -> Codes:
    """One-hot bases, (N, C, L), to codes, (N, L), 4 where no base is known."""
    codes = torch.where(known_bases(x), x[:, :4].detach().argmax(1), 4)
    return codes.to(torch.uint8).cpu().numpy()


def sequence_seed(codes: Codes, seed: int) -> int:
    """Return the seed of what is drawn for a sequence, (L,): the same wherever in a data set it stands."""
    return (seed << 32) + zlib.crc32(codes.tobytes())


def canonical(codes: Codes) -> tuple[Codes, bool]:
    """Return the smaller of a sequence and its reverse complement, and whether it is the latter.

    What is drawn for the smaller one and turned round serves both strands alike.
    """
    other = np.ascontiguousarray(reverse_complement(codes))
    return (other, True) if other.tobytes() < codes.tobytes() else (codes, False)


def _shuffles(x: Tensor, n: int, seed: int) -> Tensor:
    if n < 1:
        raise ValueError(f"the number of baselines is {n}: expected at least 1")
    shuffled = np.empty((len(x), n, x.shape[-1]), dtype=np.int64)
    for i, row in enumerate(to_codes(x)):
        codes, turned = canonical(row)
        drawn = shuffle_known(codes, n, sequence_seed(codes, seed))
        shuffled[i] = reverse_complement(drawn) if turned else drawn
    index = torch.from_numpy(shuffled).to(x.device)
    table = torch.cat([torch.eye(4, dtype=x.dtype), torch.zeros(1, 4, dtype=x.dtype)]).to(x.device)
    result = x.new_zeros((len(x), n, *x.shape[1:]))
    result[:, :, :4] = table[index].transpose(2, 3)  # N, B, 4, L
    return result


def shuffle_known(codes: Codes, n: int, seed: int) -> Codes:
    """Shuffle each stretch of known bases of (L,) keeping its dinucleotides, (n, L); unknown bases stay."""
    result = np.repeat(codes[None], n, axis=0)
    known = np.concatenate([[False], codes != 4, [False]])
    edges = np.flatnonzero(known[1:] != known[:-1])
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        result[:, start:end] = dinucleotide_shuffle(result[:, start:end], seed=seed + int(start))
    return result
