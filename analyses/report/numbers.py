"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd


def number(value: Any, digits: int = 3) -> str:
    """Return a number as people read it: nothing for a missing one, 1.2e-05 for a small one.

    >>> number(0.000012), number(2.5), number(None), number(12345)
    ('1.2e-05', '2.5', '', '12,345')
    """
    if value is None or pd.isna(value):
        return ""
    number = float(value)
    if number != 0 and abs(number) < 1e-3:
        return f"{number:.1e}"
    return f"{number:.{digits}g}" if abs(number) < 1000 else f"{number:,.0f}"


def small(value: Any, log10: Any = None, digits: int = 2) -> str:
    """Return a probability; one that is too small for a number by its logarithm, never as 0.

    >>> small(0.02), small(0.0, -412.3), small(0.0), small(float("nan"))
    ('0.02', '5.0e-413', '< 1e-300', '')
    """
    if value is None or pd.isna(value):
        return ""
    if float(value) > 1e-300:
        return number(value, digits)
    if log10 is None or pd.isna(log10) or math.isinf(float(log10)):
        return "< 1e-300"
    power = math.floor(float(log10))
    return f"{10 ** (float(log10) - power):.1f}e{power}"
