"""What a model answers has to be a number: NaN and infinity would run through every table that is made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


class NotFiniteError(ValueError):
    """A model answers NaN or infinity.

    Parameters
    ----------
    what
        What the model was asked for, such as ``prediction``.
    row
        Of the first such window.
    value
        What it answers there.
    """

    def __init__(self, what: str, row: int, value: float) -> None:
        super().__init__(what, row, value)
        self.what, self.row, self.value = what, row, value

    def __str__(self) -> str:
        return (
            f"the model's {self.what} is {self.value} for window {self.row:,} (the first is 0): its weights, "
            "or the signals of this window, are too large or damaged"
        )

    def at(self, row: int) -> NotFiniteError:
        """Return the same of a window that has another number in the whole."""
        return NotFiniteError(self.what, row, self.value)


def check_finite(what: str, values: ArrayLike, rows: ArrayLike | None = None) -> None:
    """Refuse answers of a model that are NaN or infinite.

    Parameters
    ----------
    what
        What they are, for the message.
    values
        (n, …) answers, one row a window.
    rows
        (n,): the windows' numbers; 0, 1, … by default.

    Raises
    ------
    NotFiniteError
        Naming the first such window.

    Examples
    --------
    >>> try:
    ...     check_finite("prediction", [[0.5], [float("nan")]], rows=[10, 11])
    ... except NotFiniteError as error:
    ...     error.row
    11
    """
    numbers = np.asarray(values)
    finite = np.isfinite(numbers)
    if finite.all():
        return
    row = int(np.argwhere(~finite)[0][0]) if numbers.ndim else 0
    value = float(np.atleast_1d(numbers)[row][~np.atleast_1d(finite)[row]].flat[0])
    raise NotFiniteError(what, row if rows is None else int(np.asarray(rows)[row]), value)
