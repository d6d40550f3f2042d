"""Does a map see the rule between two sites, or the two motifs alone?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motiflens.models.data.simulate.grammar import GRAMMARS
from motiflens.models.types import Doubles


@dataclass(frozen=True)
class Case:
    """A site of the rule's factor in a window, and what a map says there.

    Attributes
    ----------
    window
        Row of the window.
    partner
        Whether a site of the partner is where the rule looks for it (``order``: on either side).
    satisfied
        Whether the rule lets the factor bind.
    first, second
        Contribution of the site, and of the partner's site (NaN without one), signed.
    """

    window: int
    partner: bool
    satisfied: bool
    first: float
    second: float = float("nan")


class RuleScores(NamedTuple):
    """What was asked of the cases.

    Attributes
    ----------
    signs
        One a case: 1 where every site that the rule gives a sign has it, 0 where not.
    high, low
        The first site's contributions where the rule lets it count more, and where less: `superiority` of the two
        is .5 for a map of motifs alone, and 1 for one that sees the rule.
    """

    signs: Doubles
    high: Doubles
    low: Doubles


def rule_scores(rule: str, cases: Sequence[Case]) -> RuleScores:
    """Score the contributions of sites by a rule.

    - ``and``, ``order``: where the rule is satisfied both sites count for binding (signs); the first one counts
      more than where its partner is missing, too far or on the wrong side (context).
    - ``or``: every site counts for binding; where there are two, each counts less than alone, as the other one
      would do.
    - ``not``: without a partner the first site counts for binding, a partner against it; the first one counts more
      without a partner than beside one.

    Parameters
    ----------
    rule
        One of `GRAMMARS`.
    cases
        Of any windows.

    Returns
    -------
    RuleScores
        A contribution of exactly 0 has no sign.

    Raises
    ------
    ValueError
        For another rule.

    Examples
    --------
    >>> found = rule_scores("and", [Case(0, True, True, 2.0, 1.0), Case(1, False, False, 0.5)])
    >>> found.signs.tolist(), found.high.tolist(), found.low.tolist()
    ([1.0], [2.0], [0.5])
    """
    if rule not in GRAMMARS:
        raise ValueError(f"rule {rule!r} is unknown: expected one of {', '.join(GRAMMARS)}")
    signs: list[float] = []
    high: list[float] = []
    low: list[float] = []
    for case in cases:
        if rule == "or":
            signs.append(case.first > 0 and (not case.partner or case.second > 0))
            (low if case.partner else high).append(case.first)
        elif rule == "not":
            signs.append(case.second < 0 if case.partner else case.first > 0)
            (low if case.partner else high).append(case.first)
        else:
            if case.satisfied:
                signs.append(case.first > 0 and case.second > 0)
            (high if case.satisfied else low).append(case.first)
    return RuleScores(*(np.array(values, dtype=np.float64) for values in (signs, high, low)))
