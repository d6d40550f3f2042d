"""An independent slow reference of FIMO's computation: every window, one at a time, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import floor, log2

from motiflens.analyses.motifs.motif import Motif

LETTERS = "ACGT"
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}


def integers(motif: Motif, background: Sequence[float]) -> tuple[list[list[int]], float, float]:
    """Scores, steps per bit, lowest score."""
    sites = 20 if motif.nsites is None else int(motif.nsites)
    odds = [
        [log2((p * sites + 0.1 * b) / (sites + 0.1) / b) for p, b in zip(row, background, strict=True)]
        for row in motif.ppm.tolist()
    ]
    low = floor(min(map(min, odds)))
    scale = floor(1000 / (max(map(max, odds)) - low))
    return [[floor((value - low) * scale + 0.5) for value in row] for row in odds], scale, low


def tail(scores: list[list[int]], background: Sequence[float]) -> dict[int, float]:
    """P(total >= s) for every total that can occur."""
    chance: dict[int, float] = {0: 1.0}
    for row in scores:
        new: dict[int, float] = defaultdict(float)
        for total, p in chance.items():
            for score, b in zip(row, background, strict=True):
                new[total + score] += p * b
        chance = new
    found: dict[int, float] = {}
    above = 0.0
    for total in sorted(chance, reverse=True):
        above += chance[total]
        found[total] = min(above, 1.0)
    return found


def slow_scan(
    motifs: Sequence[Motif], sequences: dict[str, str], background: Sequence[float], threshold: float
) -> set[tuple[str, str, int, int, str, float, float, str]]:
    """Every hit: name, sequence, start, stop, strand, score, p, matched letters."""
    hits = set()
    for motif in motifs:
        scores, scale, low = integers(motif, background)
        p_of = tail(scores, background)
        for name, letters in sequences.items():
            for start in range(len(letters) - motif.width + 1):
                window = letters[start : start + motif.width]
                if set(window.upper()) - set(LETTERS):
                    continue
                other = "".join(COMPLEMENT[letter] for letter in reversed(window.upper()))
                for strand, read in (("+", window), ("-", other)):
                    total = sum(row[LETTERS.index(x)] for row, x in zip(scores, read.upper(), strict=True))
                    p = p_of[total]
                    if p <= threshold:
                        bits = total / scale + motif.width * low
                        where = (motif.name, name, start + 1, start + motif.width, strand)
                        hits.add((*where, round(bits, 9), float(f"{p:.9g}"), read))
    return hits
