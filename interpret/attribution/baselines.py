"""What attributions are relative to."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from motiflens.models.data.one_hot import reverse_complement
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
        return torch.zeros_like(x)[:, None]
    if kind == "gc":
        return _gc(x)[:, None]
    if kind in (None, "shuffle"):
        return _shuffles(x, n, seed)
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


def _gc(x: Tensor) -> Tensor:
    bases = x[:, :4]
    known = bases.sum(1, keepdim=True)  # N, 1, L
    mean = bases.sum(2, keepdim=True) / known.sum(2, keepdim=True).clamp_min(1)  # N, 4, 1
    mean = (mean + mean.flip(1)) / 2  # A with T, C with G
    return torch.cat([mean * known, torch.zeros_like(x[:, 4:])], dim=1)


def to_codes(x: Tensor) -> Codes:
    """One-hot bases, (N, C, L), to codes, (N, L), 4 where no base is known."""
    bases = x[:, :4].detach()
    codes = torch.where(bases.sum(1) > 0, bases.argmax(1), 4)
    return codes.to(torch.uint8).cpu().numpy()


def generators(
    codes: Codes, seed: int, make: Callable[[Codes, np.random.Generator], np.ndarray]
) -> list[tuple[np.ndarray, bool]]:
    """Call `make` for each sequence with a generator that the seed and the sequence determine.

    A sequence and its reverse complement give the same call, with the smaller of the two.

    Returns
    -------
    list
        For each sequence what `make` returned, and whether it was made for the reverse complement.
    """
    made = []
    for row in codes:
        other = reverse_complement(row)
        flipped = other.tobytes() < row.tobytes()
        canonical = np.ascontiguousarray(other if flipped else row)
        made.append((make(canonical, np.random.default_rng([seed, zlib.crc32(canonical.tobytes())])), flipped))
    return made


def _shuffles(x: Tensor, n: int, seed: int) -> Tensor:
    if n < 1:
        raise ValueError(f"the number of baselines is {n}: expected at least 1")

    def make(codes: Codes, rng: np.random.Generator) -> np.ndarray:
        return np.stack([shuffle_known(codes, rng) for _ in range(n)])

    shuffled = np.stack(
        [reverse_complement(rows) if flipped else rows for rows, flipped in generators(to_codes(x), seed, make)]
    )  # N, B, L
    index = torch.from_numpy(shuffled.astype(np.int64)).to(x.device)
    table = torch.cat([torch.eye(4, dtype=x.dtype), torch.zeros(1, 4, dtype=x.dtype)]).to(x.device)
    result = x.new_zeros((len(x), n, *x.shape[1:]))
    result[:, :, :4] = table[index].transpose(2, 3)  # N, B, 4, L
    return result


def shuffle_known(codes: Codes, rng: np.random.Generator) -> Codes:
    """Shuffle each stretch of known bases, keeping its dinucleotides; unknown bases stay where they are."""
    result = codes.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], codes == 4, [True]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        result[start:end] = _euler_shuffle(codes[start:end], rng)
    return result


def _euler_shuffle(codes: Codes, rng: np.random.Generator) -> Codes:
    """A uniform draw from the sequences with the same dinucleotides and ends (Altschul & Erickson 1985)."""
    if len(codes) < 4:
        return codes
    successors = [codes[1:][codes[:-1] == base] for base in range(4)]
    last = int(codes[-1])
    while True:  # draw last edges until they lead every vertex to the last one
        free = [len(after) > 0 and base != last for base, after in enumerate(successors)]
        finals = [int(rng.integers(len(successors[base]))) if free[base] else -1 for base in range(4)]
        if all(_leads(base, last, finals, successors) for base in range(4) if len(successors[base])):
            break
    queues = []
    for base, edge in enumerate(finals):
        rest = np.delete(successors[base], edge) if edge >= 0 else successors[base].copy()
        rng.shuffle(rest)
        order = rest.tolist() + ([int(successors[base][edge])] if edge >= 0 else [])
        queues.append(iter(order))
    walk = [int(codes[0])]
    for _ in range(len(codes) - 1):
        walk.append(next(queues[walk[-1]]))
    return np.array(walk, dtype=np.uint8)


def _leads(base: int, last: int, finals: list[int], successors: list[np.ndarray]) -> bool:
    for _ in range(4):
        if base == last:
            return True
        if finals[base] < 0:
            return False
        base = int(successors[base][finals[base]])
    return base == last
