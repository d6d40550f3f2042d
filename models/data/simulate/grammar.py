"""Rules between the sites of two factors, one of which a simulation plants."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from motiflens.models.ranges import SIMULATION_RANGES, check_range

SPACING: Final = (5, 20)  # bp between both sites, at least and at most
_WRONG = (
    20,
    60,
)  # bp by which a wrong distance is larger than the largest right one, or smaller than the smallest
_LOOKED = 100  # bp within which a partner is looked for, or farther if pairs lie farther apart


@dataclass(frozen=True)
class Grammar:
    """When the first factor of `factors.PAIR` binds.

    Attributes
    ----------
    name
        What the user calls it.
    words
        The rule.
    alone, near
        % of the first factor's sites that are planted without the partner, and with it in reach; the rest has it
        too far away.
    assisted
        Whether the factor needs its partner, and so takes weaker sites.
    distance
        Bases between both sites, at least and at most, with which the partner is in reach.
    """

    name: str
    words: str
    alone: int
    near: int
    assisted: bool
    distance: tuple[int, int] = SPACING

    @property
    def wrong(self) -> tuple[int, int]:
        """Bases between both sites where they are planted out of reach: farther, else nearer."""
        low, high = self.distance
        if high + _WRONG[1] <= SIMULATION_RANGES["distance"].most:
            return high + _WRONG[0], high + _WRONG[1]
        return max(low - _WRONG[1], int(SIMULATION_RANGES["distance"].low)), low - _WRONG[0]

    @property
    def looked(self) -> int:
        """Bases within which a partner is looked for."""
        return max(_LOOKED, self.distance[1], self.wrong[1])


GRAMMARS: Final[dict[str, Grammar]] = {
    grammar.name: grammar
    for grammar in (
        Grammar("and", "it binds with a site of the partner in reach, on either side", 15, 70, True),
        Grammar("order", "it binds with a site of the partner in reach on its 3' side", 10, 80, True),
        Grammar("not", "it binds without a site of the partner in reach", 50, 40, False),
        Grammar("or", "it binds, and is tethered to each site that its partner binds", 40, 40, False),
    )
}
DEFAULT: Final = GRAMMARS["and"]


def grammar_named(name: str | None, distance: tuple[int, int] | None = None) -> Grammar:
    """Return a grammar; the default one for None.

    Parameters
    ----------
    name
        One of `GRAMMARS`.
    distance
        Bases between both sites, at least and at most; 5 and 20 by default.

    Raises
    ------
    ValueError
        If there is none of that name, or sites cannot be so far apart: both and what is between must fit into the
        narrowest element (160 bp), and out of reach must be possible too.

    Examples
    --------
    >>> grammar_named("order", (40, 60)).wrong
    (80, 120)
    >>> grammar_named("and", (100, 130)).wrong
    (40, 80)
    """
    if name is not None and name not in GRAMMARS:
        raise ValueError(f"there is no grammar {name!r}: choose one of {', '.join(GRAMMARS)}")
    grammar = DEFAULT if name is None else GRAMMARS[name]
    if distance is None:
        return grammar
    low, high = distance
    for number in distance:
        check_range("distance", number, SIMULATION_RANGES["distance"])
    if low > high:
        raise ValueError(f"distance is {low}:{high}: expected the smaller number first")
    made = replace(grammar, distance=(low, high))
    if made.wrong[0] > made.wrong[1]:
        raise ValueError(
            f"distance is {low}:{high}: no pair could be out of reach; end it at "
            f"{SIMULATION_RANGES['distance'].most - _WRONG[1]:g} or nearer, or begin it at "
            f"{SIMULATION_RANGES['distance'].low + _WRONG[0]:g} or farther"
        )
    return made


def parse_distance(text: str) -> tuple[int, int]:
    """Read ``FIRST:LAST``, two whole numbers of bases.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> parse_distance("40:60")
    (40, 60)
    """
    numbers = re.fullmatch(r"(\d{1,9}):(\d{1,9})", text.strip(), re.ASCII)
    if numbers is None:
        raise ValueError(
            f"distance is {text!r:.40}: expected FIRST:LAST, two whole numbers of bases such as 40:60"
        )
    return int(numbers[1]), int(numbers[2])
