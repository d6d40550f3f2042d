"""Rules between the sites of two factors, one of which a simulation plants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
    """

    name: str
    words: str
    alone: int
    near: int
    assisted: bool


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


def grammar_named(name: str | None) -> Grammar:
    """Return a grammar; the default one for None.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name is None:
        return DEFAULT
    if name not in GRAMMARS:
        raise ValueError(f"there is no grammar {name!r}: choose one of {', '.join(GRAMMARS)}")
    return GRAMMARS[name]
