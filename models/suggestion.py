"""What was probably meant by a name that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'? ``, or nothing where no known name is near.

    Examples
    --------
    >>> suggestion("epoch", ["epochs", "rate"])
    "did you mean 'epochs'? "
    >>> suggestion("units", ["epochs", "rate"])
    ''
    >>> suggestion("CTFC", ["TFEC", "CTCF"])  # swapped letters before other ones
    "did you mean 'CTCF'? "
    """
    names = {each.casefold(): each for each in known}
    typed = name.casefold()
    near = difflib.get_close_matches(typed, names, n=5)
    near.sort(key=lambda other: sorted(other) != sorted(typed))
    return f"did you mean {names[near[0]]!r}? " if near else ""
