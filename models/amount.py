"""Numbers of something, in words."""

from __future__ import annotations


def amount(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, in the singular where it is one.

    Examples
    --------
    >>> amount(1, "run"), amount(2_000, "run"), amount(0, "family", "families")
    ('1 run', '2,000 runs', '0 families')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
