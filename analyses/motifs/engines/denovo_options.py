"""How motifs are sought in sequences alone."""

from __future__ import annotations

from dataclasses import dataclass

from motiflens.analyses.motifs.engines.expectation_maximisation import Occurrences
from motiflens.models.option_ranges import check_numbers


@dataclass(frozen=True)
class DenovoOptions:
    """How motifs are sought in sequences alone.

    Attributes
    ----------
    widths
        Motif widths to try; those beyond the sequences' length are left out.
    maximum
        Most motifs to test.
    patience
        Motifs in a row without significance that end the search.
    occurrences
        ``zoops`` (zero or one site a sequence) or ``oops`` (one).
    seeds
        Words that start EM, per motif.
    seed_widths
        Letters of those words, each width's in turn. Six letters suit short sequences and weak motifs; in 1,000 bp
        they occur by chance, and 8 tell.
    holdout
        Share of primary and control sequences that training never sees; of fewer than 600 primary sequences, 60
        are held out, of fewer than 180 a third.
    both_strands
        Sites may lie on either strand.
    alpha
        Significance that a motif needs for the search to count it a success.
    """

    widths: tuple[int, ...] = tuple(range(6, 26))
    maximum: int = 20
    patience: int = 3
    occurrences: Occurrences = "zoops"
    seeds: int = 8
    seed_widths: tuple[int, ...] = (6, 8)
    holdout: float = 0.1
    both_strands: bool = True
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.occurrences not in ("zoops", "oops"):
            raise ValueError(f"occurrences {self.occurrences!r}: expected zoops or oops")
        check_numbers(self)
