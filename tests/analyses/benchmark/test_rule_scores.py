"""Rule scores of constructed attributions: one that sees the rule, one of motifs alone, one that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.benchmark.rule_scores import Case, rule_scores
from motiflens.analyses.benchmark.superiority import superiority
from motiflens.models.data.simulate.grammar import GRAMMARS

SITUATIONS = {  # partner in reach, satisfied
    "and": [(True, True), (False, False)],
    "order": [(True, True), (True, False), (False, False)],
    "not": [(False, True), (True, False)],
    "or": [(False, True), (True, True)],
}


def cases(rule: str, kind: str) -> list[Case]:
    rng = np.random.default_rng(0)
    found = []
    for window in range(60):
        partner, satisfied = SITUATIONS[rule][window % len(SITUATIONS[rule])]
        noise = 0.1 * rng.standard_normal()
        if kind == "rule":  # what the rule makes of each site
            first = {
                "and": 2.0 * satisfied,
                "order": 2.0 * satisfied,
                "not": 0.1 if partner else 2.0,
                "or": 0.5 if partner else 2.0,
            }[rule]
            second = {"and": 2.0, "order": 2.0 * satisfied, "not": -2.0, "or": 0.5}[rule]
        elif kind == "motifs":  # the same wherever a motif stands
            first, second = 2.0, 2.0
        else:  # the opposite
            first, second = (-2.0 if satisfied else 2.0), (2.0 if rule == "not" else -2.0)
        found.append(Case(window, partner, satisfied, first + noise, second if partner else float("nan")))
    return found


@pytest.mark.parametrize("rule", list(GRAMMARS))
def test_a_map_that_sees_the_rule_scores_one(rule: str) -> None:
    found = rule_scores(rule, cases(rule, "rule"))
    assert found.signs.mean() == 1
    assert superiority(found.high, found.low) == 1


@pytest.mark.parametrize("rule", list(GRAMMARS))
def test_a_map_of_motifs_alone_tells_nothing_of_the_rule(rule: str) -> None:
    found = rule_scores(rule, cases(rule, "motifs"))
    assert superiority(found.high, found.low) == pytest.approx(0.5, abs=0.2)
    assert found.signs.mean() == (0.5 if rule == "not" else 1)  # a blocking partner has to count against binding


@pytest.mark.parametrize("rule", ["and", "order", "not"])
def test_a_wrong_map_scores_nothing(rule: str) -> None:
    found = rule_scores(rule, cases(rule, "wrong"))
    assert found.signs.mean() == 0
    assert superiority(found.high, found.low) == 0


def test_a_map_of_sites_that_add_up_to_more_is_wrong_of_or() -> None:
    """Beside a partner, which would do by itself, a site counts less, and neither counts against binding."""
    wrong = [
        Case(i, i % 2 == 0, True, 3.0 if i % 2 == 0 else 1.0, -1.0 if i % 2 == 0 else np.nan) for i in range(8)
    ]
    found = rule_scores("or", wrong)
    assert superiority(found.high, found.low) == 0
    assert found.signs.tolist() == [0.0, 1.0] * 4


def test_nothing_has_no_sign() -> None:
    assert rule_scores("and", [Case(0, True, True, 0.0, 0.0)]).signs.tolist() == [0.0]


def test_unknown_rules_are_named() -> None:
    with pytest.raises(ValueError, match="'xor' is unknown"):
        rule_scores("xor", [])
