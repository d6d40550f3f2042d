"""Names in one text, with commas between them: none is left out without a word."""

from __future__ import annotations

from collections.abc import Sequence


def named_list(text: str, option: str, *, none: bool = False) -> tuple[str, ...]:
    """Read ``name,name,…``.

    Parameters
    ----------
    text
        What was given; spaces about names are none of theirs.
    option
        What it was given for, for the error.
    none
        Whether ``none`` means no name; it then stands alone.

    Raises
    ------
    ValueError
        If a name is empty or stands there twice, or a ``none`` that means no name stands beside others.

    Examples
    --------
    >>> named_list("chr8, chr9", "--test")
    ('chr8', 'chr9')
    >>> named_list("none", "--routes", none=True)
    ()
    >>> named_list("chr8,,chr9", "--test")
    Traceback (most recent call last):
    ...
    ValueError: --test 'chr8,,chr9' has an empty name: write one comma between two names
    """
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise ValueError(f"{option} {text!r} has an empty name: write one comma between two names")
    once(names, option)
    if none and "none" in names:
        if len(names) > 1:
            raise ValueError(f"{option} {text!r} names none beside others: write none alone")
        return ()
    return names


def once(names: Sequence[str], option: str) -> None:
    """Refuse names of which one stands there twice: what would it mean?

    Raises
    ------
    ValueError
        Naming it.

    Examples
    --------
    >>> once(["a", "b", "a"], "--plot")
    Traceback (most recent call last):
    ...
    ValueError: --plot names a twice
    """
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ValueError(f"{option} names {twice} twice")
