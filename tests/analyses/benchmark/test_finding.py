"""The finding's sentences on constructed tables, ranks, and what is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.benchmark.differences import COLUMNS, differences
from motiflens.analyses.benchmark.finding import finding
from motiflens.analyses.benchmark.intervals import seed_interval, window_interval
from motiflens.analyses.benchmark.measures import SCORES, Measure, measure_of
from motiflens.analyses.benchmark.ranks import rank_methods
from motiflens.analyses.benchmark.summary import SUMMARY, Collected


def summary(scores: dict[str, dict[str, tuple[float, float, float]]], *, learned: float = 0.95) -> pd.DataFrame:
    """Score -> method -> value and interval, of one model of CTCF."""
    rows = [("CTCF", "tbinet", "(model)", "", "test_auroc", "all", "base", 2, 1, learned, np.nan, np.nan)]
    for name, methods in scores.items():
        score, _, resolution = name.partition("@")
        for method, interval in methods.items():
            rows.append(("CTCF", "tbinet", method, "", score, "all", resolution or "base", 2, 40, *interval))
    return pd.DataFrame(rows, columns=list(SUMMARY))


def apart(*rows: tuple[str, str, float, float], resolution: str = "base") -> pd.DataFrame:
    """First and second method, and the limits of their difference."""
    values = [
        ("CTCF", "tbinet", resolution, first, second, (low + high) / 2, low, high)
        for first, second, low, high in rows
    ]
    return pd.DataFrame(values, columns=list(COLUMNS))


NOTHING = apart()
GOOD = {
    "ism": (0.95, 0.93, 0.97),
    "attention": (0.7, 0.65, 0.75),
    "pwm": (0.9, 0.88, 0.92),
    "random": (0.5, 0.4, 0.6),
}


def test_a_clear_winner_is_named() -> None:
    clear = apart(("ism", "attention", 0.1, 0.3), ("pwm", "ism", -0.1, -0.02))
    first, _ = finding(summary({"auroc": GOOD}), clear)
    assert first.startswith("1 of 1 models reached a test auROC of 0.8.")
    assert "of 1 models, ism (1); on 1 of them it is clearly ahead" in first
    assert "matrix, which knows no model, on 1, and worse on 0" in first
    assert "By bases attention is clearly behind the best attribution on 1 of 1 models with attention" in first
    assert "no better than chance on 0" in first


def test_overlapping_intervals_are_no_difference() -> None:
    near = {"ism": (0.95, 0.9, 0.97), "attention": (0.94, 0.9, 0.96), "pwm": (0.96, 0.9, 0.98)}
    told = pd.concat(
        [
            apart(("ism", "attention", -0.01, 0.03), ("ism", "pwm", -0.1, 0.02)),
            apart(("attention", "ism", -0.04, -0.01), resolution="attention"),
        ]
    )
    first, _ = finding(summary({"auroc": near, "auroc@attention": near}), told)
    assert "on 0 of them it is clearly ahead" in first
    assert "on 0, and worse on 0" in first
    assert "By bases attention is clearly behind the best attribution on 0 of 1" in first
    assert "At attention's own resolution attention is clearly behind the best attribution on 1 of 1" in first


def test_models_that_learned_nothing_are_left_out() -> None:
    first, second = finding(summary({"auroc": GOOD}, learned=0.6), NOTHING)
    assert first == (
        "0 of 1 models reached a test auROC of 0.8. "
        "Nothing can be said of maps of models that have learned nothing."
    )
    assert second.startswith("No map of a model finds sites better than chance")


def test_localisation_without_faith_or_logic_is_said() -> None:
    _, second = finding(
        summary(
            {
                "auroc": {**GOOD, "saliency": (0.6, 0.4, 0.8)},
                "deletion": {"ism": (0.9, 0.8, 1.0), "attention": (0.1, -0.1, 0.2), "saliency": (1, 1, 1)},
                "randomised_weights": {"ism": (0.1, 0.0, 0.2), "attention": (0.8, 0.7, 0.9)},
                "retrained_seeds": {"ism": (0.8, 0.7, 0.9), "attention": (0.2, 0.1, 0.3)},
                "rule_context": {"ism": (0.9, 0.8, 1.0), "attention": (0.5, 0.4, 0.6)},
            }
        ),
        NOTHING,
    )
    assert "Of 2 maps (model × method) that find sites better than chance, 1 are faithful" in second
    assert "1 of 2 hardly change when all weights are drawn anew" in second
    assert "(attention)" in second
    assert "1 of 2 come out alike" in second
    assert "Of 2 that also have sites with a rule, 1 give a site more" in second
    assert "1 find the motif and cannot be told" in second
    assert "good localisation goes with poor logic" in second


def test_controls_are_no_part_of_the_finding() -> None:
    table = summary({"auroc": GOOD})
    shuffled = table.assign(control="shuffled_labels", value=0.0)
    assert finding(pd.concat([table, shuffled]), NOTHING) == finding(table, NOTHING)


def test_ranks() -> None:
    values = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [2.0, 2.0, 1.0], [np.nan, 9.0, 9.0]])
    found = rank_methods(values)
    np.testing.assert_allclose(found.mean, [3.5 / 3, 5.5 / 3, 3.0], rtol=1e-12, atol=0)
    assert found.blocks == 3
    # Demšar 2006, table 5: q for 3 methods is 2.343
    assert found.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 3)), rel=1e-3)
    same = rank_methods(np.ones((10, 3)))
    assert same.mean.tolist() == [2, 2, 2]
    assert same.p == 1
    assert rank_methods(values[:1]).critical_difference == np.inf


def test_intervals_over_seeds_are_wider_than_over_windows(rng: np.random.Generator) -> None:
    window = rng.standard_normal(200)
    seeds = [Measure("auroc", window + shift) for shift in (-1.0, 0.0, 1.0)]
    one, all_of = window_interval(seeds[1]), seed_interval(seeds)
    assert all_of.value == pytest.approx(window.mean())
    assert all_of.high - all_of.low > 3 * (one.high - one.low)
    assert all_of.low < all_of.value < all_of.high


def test_intervals_of_two_groups(rng: np.random.Generator) -> None:
    apart = Measure("auroc_half", rng.standard_normal(50) + 10, rng.standard_normal(30))
    assert seed_interval([apart]) == pytest.approx((1.0, 1.0, 1.0))
    like = Measure("auroc_half", rng.standard_normal(200), rng.standard_normal(200))
    found = seed_interval([like])
    assert found.low < 0.5 < found.high
    assert np.isnan(seed_interval([Measure("auroc", np.array([1.0, 2.0]))]).low)


def test_differences_are_paired(rng: np.random.Generator) -> None:
    """What is hard for both methods hides no difference between them."""
    hard = rng.standard_normal(50)
    better, worse = hard + 0.1 + 0.01 * rng.standard_normal(50), hard
    key = ("CTCF", "tbinet")
    measures = {
        (*key, name, "", "auroc", "all", "base"): [Measure("auroc", values)] * 2
        for name, values in (("ism", better), ("attention", worse))
    }
    row = differences(Collected(measures, {}, {})).iloc[0]
    assert (row["first"], row["second"]) == ("ism", "attention")
    assert 0.08 < row["low"] < row["difference"] < row["high"] < 0.12


def test_measures_survive_their_file() -> None:
    measure = Measure("distance", np.array([1.0, np.nan, 3.0]), None, "off_centre", "attention")
    again = measure_of(measure.json)
    np.testing.assert_array_equal(again.values, measure.values)
    assert again.value == 2
    assert (again.score, again.windows, again.resolution) == ("distance", "off_centre", "attention")
    assert {way for way, _, _ in SCORES.values()} == {1, -1, 0}
