"""Which motifs hold enough information to be matched at all, and where they begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motiflens.analyses.motifs.motif import Motif
from motiflens.models.option_ranges import check_numbers
from motiflens.models.types import Doubles


@dataclass(frozen=True)
class Gate:
    """What a motif needs.

    Attributes
    ----------
    flank
        Bits that positions must hold on average to be kept with the core; see `trim`.
    core, core_width
        Bits that its most informative `core_width` neighbouring positions must hold together, corrected for few
        sites. Motifs have a core; what a kernel without structure selects is spread thinly over its whole width
        (2 to 4 bits over any 6 positions, where learned motifs hold 5 to 12), and it is such matrices that match
        long ones of a database by chance.
    width
        Positions that the rest must have.
    sites
        Sites that must stand behind the motif.
    """

    flank: float = 0.5
    core: float = 5.0
    core_width: int = 6
    width: int = 5
    sites: float = 10

    def __post_init__(self) -> None:
        check_numbers(self)


def corrected_information(motif: Motif) -> Doubles:
    """Information of each position less what few sites would show by chance, (width,), bits, at least 0.

    The small-sample correction is 3 / (2 ln 2 n) for n sites (Schneider et al. 1986).

    >>> motif = Motif("m", np.array([[1.0, 0.0, 0.0, 0.0]]), nsites=10)
    >>> corrected_information(motif).round(3).tolist()
    [1.784]
    """
    bias = 0.0 if not motif.nsites else 3 / (2 * np.log(2) * motif.nsites)
    return np.maximum(motif.information - bias, 0)


def core_information(motif: Motif, width: int = 6) -> float:
    """Bits of the most informative `width` neighbouring positions.

    >>> core_information(Motif("m", np.array([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0, 1.0, 0, 0]])), 2)
    2.0
    """
    held = corrected_information(motif)
    return float(np.convolve(held, np.ones(min(width, len(held))), mode="valid").max())


def trim(motif: Motif, *, flank: float = 0.5) -> Motif | None:
    """Keep the stretch of positions that holds most information above `flank` bits each; None if none does.

    A lone position far from the core is cut off with what lies between; two halves with a gap stay together where
    the smaller half holds more than the gap lacks. ``info`` gets ``trimmed``, the positions cut off on the left.

    >>> bits = {"A": [0.97, 0.01, 0.01, 0.01], "n": [0.25, 0.25, 0.25, 0.25]}
    >>> words = ("nAAAAnn", "AnnnnnAAAA", "AAAnnAAAA")
    >>> [trim(Motif(word, np.array([bits[c] for c in word]))).width for word in words]
    [4, 4, 9]
    """
    gain = np.concatenate([[0.0], np.cumsum(corrected_information(motif) - flank)])
    before = np.minimum.accumulate(gain)  # lowest sum up to each place: where the best stretch ending there begins
    high = int(np.argmax(gain - before))
    if gain[high] <= before[high]:
        return None
    low = int(np.flatnonzero(gain[: high + 1] == before[high])[-1])
    return replace(motif, ppm=motif.ppm[low:high], info={**motif.info, "trimmed": float(low)})


def passes(motif: Motif, gate: Gate) -> bool:
    """Whether a trimmed motif holds what a gate asks for."""
    enough = motif.nsites is None or motif.nsites >= gate.sites
    return enough and motif.width >= gate.width and core_information(motif, gate.core_width) >= gate.core


def gated(motifs: Sequence[Motif], gate: Gate) -> tuple[list[Motif], list[bool]]:
    """Trim motifs and say which pass; a motif without an informative position stays whole and fails."""
    trimmed = [trim(motif, flank=gate.flank) for motif in motifs]
    passed = [short is not None and passes(short, gate) for short in trimmed]
    return [short or motif for short, motif in zip(trimmed, motifs, strict=True)], passed
