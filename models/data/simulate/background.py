"""DNA without function: a Markov chain whose composition changes along the chromosome."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from motiflens.models.data.simulate.stream import Stream
from motiflens.models.types import Codes, Doubles, Integers

ORDER = 3
# Isochore families of mammalian genomes (Bernardi 2000), by GC content, with their share of the genome in %;
# the last class is no isochore but CpG islands, where CpG is not depleted.
GC_CONTENT = (0.37, 0.40, 0.44, 0.49, 0.54)
SHARE = (19, 37, 28, 12, 4)
ISLAND = len(GC_CONTENT)
_ISLAND_GC = 0.66
_SCALE = 1 << 24
# Logarithms of how much more often than by chance neighbours occur in mammals, both strands alike: CpG is
# depleted by deamination, TpG and CpA are its products, TpA is rare, homopolymers are frequent.
_PAIRS = {"CG": -1.45, "TG": 0.22, "CA": 0.22, "TA": -0.25, "AA": 0.12, "TT": 0.12, "GG": 0.1, "CC": 0.1}
_RUNS = {"AAAA": 0.2, "TTTT": 0.2, "GGGG": 0.1, "CCCC": 0.1}


class Block(NamedTuple):
    """A stretch of one composition."""

    length: int
    kind: int  # index into GC_CONTENT, or ISLAND


def isochores(length: int, mean: int, stream: Stream) -> list[Block]:
    """Divide a chromosome into blocks of `mean` bp on average, between half of it and one and a half."""
    blocks: list[Block] = []
    left = length
    while left > 0:
        size = min(left, stream.integer(mean // 2, mean + mean // 2))
        kind = stream.pick(SHARE)
        blocks.append(Block(size, kind))
        left -= size
    return blocks


def background(blocks: list[Block], stream: Stream) -> list[Codes]:
    """Draw the sequence of each block from its class's Markov chain of order 3.

    Parameters
    ----------
    blocks
        Lengths and classes.
    stream
        Random numbers.

    Returns
    -------
    list of (length,) codes, one a block.

    Notes
    -----
    All blocks grow at once, base by base, each from its chain's stationary distribution.
    """
    lengths = np.array([block.length for block in blocks])
    order = np.argsort(-lengths, kind="stable")  # the longest first, so that the finished ones are at the end
    kinds = np.array([blocks[i].kind for i in order])
    sequence = np.zeros((int(lengths.max()) + ORDER, len(blocks)), dtype=np.uint8)
    context = _starts(kinds, stream)
    for back in range(ORDER):
        sequence[back] = context >> (2 * (ORDER - 1 - back)) & 3
    limits = np.concatenate([_chain(kind)[0] for kind in range(ISLAND + 1)])  # kinds * 64, 4
    alive = np.searchsorted(-lengths[order], -np.arange(int(lengths.max())), side="left")  # blocks longer than i
    base_of = kinds * 4**ORDER
    step = 0
    while step < len(alive):
        chunk = min(2048, len(alive) - step)
        width = int(alive[step])
        draws = (stream.uniform(chunk * width) * _SCALE).astype(np.int32).reshape(chunk, width)
        for row in range(chunk):
            n = int(alive[step + row])
            base = (limits[base_of[:n] + context[:n]] <= draws[row, :n, None]).sum(axis=1)
            sequence[ORDER + step + row, :n] = base
            context[:n] = (context[:n] << 2 & 4**ORDER - 1) | base
        step += chunk
    sequences: list[Codes] = [np.empty(0, dtype=np.uint8)] * len(blocks)
    for lane, i in enumerate(order):
        sequences[i] = np.ascontiguousarray(sequence[ORDER : ORDER + lengths[i], lane])
    return sequences


def _starts(kinds: Integers, stream: Stream) -> Integers:
    first = np.empty(len(kinds), dtype=np.int64)
    for i, kind in enumerate(kinds):
        first[i] = stream.choose(_chain(int(kind))[1], 1)[0]
    return first


@cache
def _chain(kind: int) -> tuple[Integers, Integers]:
    """Return a class's chain: limits of a draw for the first three bases, (64, 3), and weights of contexts."""
    wanted = _ISLAND_GC if kind == ISLAND else GC_CONTENT[kind]
    low, high = -2.0, 2.0
    for _ in range(30):  # the potential of G and C that gives the wanted content
        middle = (low + high) / 2
        steps, contexts = _solve(_potentials(middle, island=kind == ISLAND))
        gc = float(contexts[[i for i in range(64) if i & 3 in (1, 2)]].sum())
        low, high = (middle, high) if gc < wanted else (low, middle)
    sums = np.rint(np.cumsum(steps, axis=1) * _SCALE).astype(np.int64)
    return sums[:, :3], np.rint(contexts * _SCALE).astype(np.int64)


def _potentials(gc: float, *, island: bool) -> Doubles:
    """Weight of each 4-mer, (256,), the same for its reverse complement, so that both strands look alike."""
    energy = np.zeros(256)
    unlike = Stream(0, "4-mers of the background").normal(256) * 0.06  # every 4-mer has a preference of its own
    for kmer in range(256):
        letters = "".join("ACGT"[kmer >> 2 * (3 - i) & 3] for i in range(4))
        twin = int("".join(str(3 - "ACGT".index(letter)) for letter in reversed(letters)), 4)
        pair = _PAIRS.get(letters[2:], 0.0)
        if island and letters[2:] == "CG":
            pair = -0.1
        energy[kmer] = gc * (letters[3] in "CG") + pair + _RUNS.get(letters, 0.0) + unlike[kmer] + unlike[twin]
    return np.exp(energy)


def _solve(weights: Doubles) -> tuple[Doubles, Doubles]:
    """Return the Markov chain of order 3 of 4-mer weights: P(base | context), (64, 4), and P(context), (64,).

    The chain of maximum entropy rate with these weights: P(d | abc) = w(abcd) r(bcd) / (λ r(abc)) with r the
    transfer matrix's right eigenvector; its contexts are distributed as l(abc) r(abc).
    """
    steps = weights.reshape(64, 4)
    after = (np.arange(64)[:, None] << 2 & 63) | np.arange(4)  # context, base -> next context
    right, left = np.ones(64), np.ones(64)
    for _ in range(60):
        right = (steps * right[after]).sum(axis=1)
        right /= right.max()
        pushed = np.zeros(64)
        np.add.at(pushed, after, steps * left[:, None])
        left = pushed / pushed.max()
    chain = steps * right[after]
    contexts = left * right
    return chain / chain.sum(axis=1, keepdims=True), contexts / contexts.sum()
