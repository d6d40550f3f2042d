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
    """
    names = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), names, n=1)
    return f"did you mean {names[near[0]]!r}? " if near else ""
