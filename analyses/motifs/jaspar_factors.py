"""Which of JASPAR's matrices a factor's name means: by itself, by another spelling, an older name or a complex."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from motiflens.analyses.motifs.synonyms import symbol, synonyms
from motiflens.models.data.factor_name import factor_candidates, other_names

# Complexes, whose members share one motif that JASPAR keeps under their names.
COMPLEXES: Final[Mapping[str, tuple[str, ...]]] = {
    "AP1": ("FOS::JUN",),
    "NFKB": ("NFKB1", "RELA"),
    "NFKAPPAB": ("NFKB1", "RELA"),
}
FIRST: Final = "vertebrates"  # the taxon that a name is looked for in before others
_VARIANT = re.compile(r"\((var|long|short)[^)]*\)")


class Known(NamedTuple):
    """A matrix of JASPAR."""

    key: int
    matrix: str  # MA0139.2
    name: str  # CTCF
    taxon: str


class Chosen(NamedTuple):
    """The matrices that a name means."""

    keys: list[int]
    note: str  # what was taken, where it is called otherwise or is of another taxon than vertebrates; else empty


def choose_factor(factor: str, known: Sequence[Known]) -> Chosen:
    """Return the matrices of a factor, or else of dimers with it.

    Vertebrates' matrices come first, also by an older name that is well known: NF-kB is NFKB1 and RELA, though a
    sea squirt has an NFkb and a plant an AP1, which the note then tells of. Then come names of other taxa, then
    JASPAR's synonyms and parts of the name, which are less sure.

    Parameters
    ----------
    factor
        Its name, as a user writes it.
    known
        The matrices to choose from, in their order.

    Examples
    --------
    >>> known = [Known(1, "MA0138.3", "REST", "vertebrates"), Known(2, "MA0940.1", "AP1", "plants")]
    >>> choose_factor("REST", known), choose_factor("NRSF", known)
    (Chosen(keys=[1], note=''), Chosen(keys=[1], note='NRSF is taken as REST (MA0138.3)'))
    >>> choose_factor("AP-1", known).note
    'AP-1 is taken as AP1 (MA0940.1) of plants'
    """
    first, others = ([one for one in known if (one.taxon == FIRST) is here] for here in (True, False))
    elsewhere = _direct(factor, others)
    taken = _named(_known_names(factor), first) or elsewhere
    taken = taken or _named(_spellings(factor), first) or _named(_spellings(factor), others)
    if not taken:
        return Chosen([], "")
    keys = [one.key for one in taken]
    if {symbol(_plain(one.name)) for one in taken} == {symbol(factor)} and taken[0].taxon == FIRST:
        return Chosen(keys, "")
    note = f"{factor} is taken as {_told(taken)}"
    if taken[0].taxon != FIRST:
        note += f" of {' and '.join(dict.fromkeys(one.taxon for one in taken))}"
    elif elsewhere:
        taxa = " and ".join(dict.fromkeys(one.taxon for one in elsewhere))
        note += f"; {taxa} have {_told(elsewhere)}: give an identifier for that"
    return Chosen(keys, note)


def members_of(family: str, names: Sequence[str]) -> list[str]:
    """Return the names that are a family's and a number or letters: what to give in its place.

    >>> members_of("TEAD", ["TEAD1", "TEAD4", "TEF", "Tead2"]), members_of("C/EBP", ["CEBPA", "CEBPZOS1"])
    (['TEAD1', 'TEAD4', 'Tead2'], ['CEBPA'])
    """
    begins = re.compile(rf"{re.escape(symbol(family))}[A-Z]?[0-9]{{0,2}}")
    return sorted({name for name in names if begins.fullmatch(symbol(name))})


def _plain(name: str) -> str:
    return _VARIANT.sub("", name).strip()


def _told(matrices: Sequence[Known]) -> str:
    names = ", ".join(dict.fromkeys(_plain(one.name) for one in matrices))
    return f"{names} ({', '.join(one.matrix for one in matrices)})"


def _direct(factor: str, known: Sequence[Known]) -> list[Known]:
    return [one for one in known if symbol(_plain(one.name)) == symbol(factor)]


def _named(spellings: Sequence[str], known: Sequence[Known]) -> list[Known]:
    for wanted in spellings:
        for matches in (
            [one for one in known if _plain(one.name).lower() == wanted.lower()],
            [one for one in known if symbol(_plain(one.name)) == wanted],
            [one for one in known if any(symbol(_plain(one.name)) == each for each in COMPLEXES.get(wanted, ()))],
            [one for one in known if wanted in symbol(_plain(one.name)).split("::")],
        ):
            if matches:
                return matches
    return []


def _known_names(factor: str) -> list[str]:
    """What a factor is called: as written, as a symbol, as a dimer turned round, by well-known other names."""
    whole = symbol(factor)
    return [factor, whole, "::".join(reversed(whole.split("::"))), *other_names(whole)]


def _spellings(factor: str) -> list[str]:
    """What a factor may be called besides: as in a file's name, or by JASPAR's synonyms."""
    guesses = [*_known_names(factor), *factor_candidates(factor, stated=True)]
    others = [name for guess in guesses for name in (*other_names(guess), synonyms().get(guess, guess))]
    return list(dict.fromkeys([*guesses, *others]))
