"""The model made of a simulation's truth: it binds where the simulation does, and explanations of it add up."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret import attribute
from motiflens.interpret.attribution.ism import ism
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.architectures.oracle import Oracle
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.simulate.factors import PAIR, factors
from motiflens.models.data.simulate.grammar import DEFAULT, GRAMMARS, Grammar
from motiflens.models.data.simulate.occupancy import halves, occupancy
from motiflens.models.data.simulate.oracle import make_oracle
from motiflens.models.types import Codes

LENGTH = 200
FACTORS = {factor.name: factor for factor in factors()}
BOUND = 0.0  # log odds of an occupancy of a half


def background(number: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(0, 4, (number, LENGTH), dtype=np.uint8)


def logits(model: Oracle, codes: Codes) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(one_hot(codes)))[:, 0].numpy()


def best_site(tf: str, strand: str = "+") -> Codes:
    codes = FACTORS[tf].scores.argmax(axis=1).astype(np.uint8)
    return codes if strand == "+" else 3 - codes[::-1]


def planted(gap: int | None, *, strand: str = "+", before: bool = False) -> Codes:
    """A window of A with the first factor's best site, and its partner's so far from it; none for None."""
    window = np.zeros((1, LENGTH), dtype=np.uint8)
    first, second = best_site(PAIR[0], strand), best_site(PAIR[1])
    at = 90
    window[0, at : at + len(first)] = first
    if gap is not None:
        other = at - gap - len(second) if before else at + len(first) + gap
        window[0, other : other + len(second)] = second
    return window


@pytest.mark.parametrize("rule", list(GRAMMARS))
def test_its_odds_are_those_of_the_simulation(rule: str) -> None:
    """By the formula that `occupancy` states, for every place of windows with sites of both at any distance."""
    grammar, codes = GRAMMARS[rule], background(80)
    rng = np.random.default_rng(1)
    for window in codes:
        for tf in PAIR:
            site = FACTORS[tf].sample(_Draws(rng), 1)[0]
            at = int(rng.integers(0, LENGTH - len(site)))
            window[at : at + len(site)] = site
    found = logits(make_oracle(PAIR[0], LENGTH, grammar), codes)
    expected = [np.log(_best_odds(window, grammar) + 0.05 / 0.95) for window in codes]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found > BOUND).sum() > 5
    assert np.ptp(found) > 3


class _Draws:
    """Uniform numbers as `Factor.sample` draws them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def uniform(self, size: int) -> np.ndarray:
        return self.rng.random(size)


def _scores(tf: str, window: Codes) -> np.ndarray:
    """Scores of a factor at each place in bits, (2 strands, places)."""
    factor, rows = FACTORS[tf], np.arange(FACTORS[tf].width)
    placed = np.lib.stride_tricks.sliding_window_view(window, factor.width)
    scores = [matrix[rows, placed].sum(axis=1) for matrix in (factor.scores, factor.scores[::-1, ::-1])]
    return np.array(scores, dtype=np.float64) / 1000


def _best_odds(window: Codes, grammar: Grammar) -> float:
    """Odds of the best of all sites of a window, each beside the partners that the rule looks at."""
    strength = []
    for tf in PAIR:
        excess = np.minimum(4, _scores(tf, window) - halves(grammar)[tf] / 1000)
        strength.append(2 ** (excess + np.mean(FACTORS[tf].concentration)))
    first, second = strength
    partners = second.max(axis=0) / (1 + second.max(axis=0))
    (low, high), widths = grammar.distance, [FACTORS[tf].width for tf in PAIR]
    best = second.max() if grammar.name == "or" else 0.0
    for strand, row in enumerate(first):
        for at, own in enumerate(row):
            after = partners[at + widths[0] + low : at + widths[0] + high + 1]
            before = partners[max(0, at - widths[1] - high) : max(0, at - widths[1] - low + 1)]
            seen = (before if strand else after) if grammar.name == "order" else np.concatenate([after, before])
            partner = seen.max(initial=0.0)
            if grammar.name == "not":
                occupied = own / (1 + own) * (1 - partner)
                best = max(best, occupied / (1 - occupied))
            else:
                best = max(best, own * (1.0 if grammar.name == "or" else partner))
    return float(best)


@pytest.mark.parametrize(
    ("rule", "strand", "before", "reach"),
    [
        ("and", "+", False, True),
        ("and", "-", False, True),
        ("and", "+", True, True),
        ("order", "+", False, True),
        ("order", "+", True, False),
        ("order", "-", True, True),
        ("order", "-", False, False),
    ],
)
def test_the_partner_counts_from_the_nearest_to_the_farthest_base(
    rule: str, strand: str, before: bool, reach: bool
) -> None:
    model = make_oracle(PAIR[0], LENGTH, GRAMMARS[rule])
    for gap, bound in ((4, False), (5, reach), (12, reach), (20, reach), (21, False)):
        assert (logits(model, planted(gap, strand=strand, before=before))[0] > BOUND) == bound, gap
    assert logits(model, planted(None, strand=strand))[0] < BOUND


def test_a_partner_forbids_or_stands_in_where_the_rule_says() -> None:
    forbids, stands_in = (make_oracle(PAIR[0], LENGTH, GRAMMARS[rule]) for rule in ("not", "or"))
    alone, near, far = (planted(gap)[:] for gap in (None, 10, 40))
    assert logits(forbids, alone)[0] > BOUND > logits(forbids, near)[0]
    assert logits(forbids, far)[0] > BOUND
    partner = near.copy()
    partner[0, 90 : 90 + FACTORS[PAIR[0]].width] = 0
    assert logits(stands_in, partner)[0] > BOUND
    assert logits(stands_in, near)[0] > BOUND


def test_the_distance_is_the_simulations() -> None:
    far = GRAMMARS["and"].__class__(**{**GRAMMARS["and"].__dict__, "distance": (40, 60)})
    model = make_oracle(PAIR[0], LENGTH, far)
    assert [bool(logits(model, planted(gap))[0] > BOUND) for gap in (10, 39, 40, 60, 61)] == [
        False, False, True, True, False,
    ]  # fmt: skip


def test_without_the_rule_it_is_the_same_wherever_the_partner_lies() -> None:
    model = make_oracle(PAIR[0], LENGTH, DEFAULT, additive=True)
    values = [logits(model, planted(gap))[0] for gap in (5, 20, 21, 60)]
    assert np.ptp(values) < 0.01
    assert values[0] > logits(model, planted(None))[0] + 2


@pytest.mark.parametrize("rule", list(GRAMMARS))
@pytest.mark.parametrize("additive", [False, True])
def test_strands_are_equal(rule: str, additive: bool) -> None:
    model = make_oracle(PAIR[0], LENGTH, GRAMMARS[rule], additive=additive)
    x = torch.from_numpy(one_hot(background(20, seed=3)))
    with torch.no_grad():
        torch.testing.assert_close(model(x), model(reverse_complement(x)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rule", list(GRAMMARS))
@pytest.mark.parametrize("method", ["deep_lift_shap", "integrated_gradients"])
def test_contributions_add_up_to_the_change(rule: str, method: str) -> None:
    model = make_oracle(PAIR[0], LENGTH, GRAMMARS[rule])
    x = one_hot(np.concatenate([planted(10), background(3, seed=5)]))
    result = attribute(model, x, method=method)
    assert result.flagged is not None
    assert not result.flagged.any()
    assert not result.without_rule


def test_mutagenesis_is_that_of_every_mutant_scored() -> None:
    model = make_oracle(PAIR[0], LENGTH, DEFAULT)
    x = torch.from_numpy(one_hot(planted(10)))
    fast, slow = (ism(model, x, fast=fast).hypothetical for fast in (True, False))
    torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)


def test_what_is_no_oracle_is_refused() -> None:
    with pytest.raises(ValueError, match="'SOX2' is not planted: there are CTCF"):
        make_oracle("SOX2", LENGTH, DEFAULT)
    with pytest.raises(ValueError, match="CTCF binds alone: only GATA1 has a rule"):
        make_oracle("CTCF", LENGTH, DEFAULT, additive=True)
    with pytest.raises(ValueError, match="rule 'xor' is unknown: expected one of alone, "):
        Oracle(length=LENGTH, rule="xor")
    with pytest.raises(ValueError, match="oracle has one output, not 2"):
        Oracle(length=LENGTH, outputs=2)


@pytest.mark.parametrize("rule", list(GRAMMARS))
@pytest.mark.parametrize("gap", [4, 5, 12, 20, 21, 40])
@pytest.mark.parametrize("before", [False, True])
def test_it_agrees_with_the_simulation_itself(rule: str, gap: int, before: bool) -> None:
    """With `occupancy` of a window's two sites, whose steps of 1/1000 are all that is between the two."""
    other, width = PAIR[1], FACTORS[PAIR[0]].width
    at, length = 100, FACTORS[other].width
    partner = at - gap - length if before else at + width + gap
    half = halves(GRAMMARS[rule])
    table = pd.DataFrame(
        [
            (at, at + width, PAIR[0], "+", half[PAIR[0]]),
            (partner, partner + length, other, "+", half[other] + 1_000),
        ],
        columns=["start", "end", "factor", "strand", "score"],
    ).assign(kind="planted")
    table = table.sort_values("start", ignore_index=True)
    own = int(np.flatnonzero(table["factor"] == PAIR[0])[0])
    bound = occupancy(table, np.ones((2, 2)), GRAMMARS[rule])[own]
    model = make_oracle(PAIR[0], 300, GRAMMARS[rule])
    first = torch.full((1, 2, 300 - width + 1), -30.0)
    second = torch.full((1, 2, 300 - length + 1), -30.0)
    first[0, 0, at] = math.log(2) * np.mean(FACTORS[PAIR[0]].concentration)
    second[0, 0, partner] = math.log(2) * (1 + np.mean(FACTORS[other].concentration))
    model.first, model.second = _Given(first), _Given(second)
    with torch.no_grad():
        odds = math.exp(float(model(torch.zeros(1, 4, 300)))) - 0.05 / 0.95
    if rule == "or":  # the partner's own site counts, too: of either the better
        other_bound = occupancy(table, np.ones((2, 2)), GRAMMARS[rule])[1 - own]
        bound = np.maximum(bound, other_bound)
    cells = bound / (1 - bound)
    assert cells.min() - 0.01 <= odds <= cells.max() + 0.01


class _Given(nn.Module):
    """Log odds as they are given."""

    def __init__(self, odds: Tensor) -> None:
        super().__init__()
        self.odds = odds

    def forward(self, bases: Tensor) -> Tensor:
        return self.odds
