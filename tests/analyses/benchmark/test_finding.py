"""The finding's sentences on constructed tables, ranks, and what is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.benchmark.differences import COLUMNS, differences
from motiflens.analyses.benchmark.finding import finding
from motiflens.analyses.benchmark.intervals import seed_interval, window_interval
from motiflens.analyses.benchmark.measures import SCORES, Measure, measure_of
from motiflens.analyses.benchmark.oracle_finding import oracle_finding
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


def apart(*rows: tuple[str, str, float, float], resolution: str = "base", score: str = "auroc") -> pd.DataFrame:
    """First and second method, and the limits of their difference."""
    values = [
        ("CTCF", "tbinet", score, resolution, first, second, (low + high) / 2, low, high)
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
    assert "of 1 models, ism (1); on 1 of 1 it is clearly ahead of every other method." in first
    assert "cannot be told" not in first
    assert "matrix, which knows no model, on 1 of 1, and clearly worse on 0" in first
    assert "By bases attention is clearly behind the best attribution on 1 of 1 models with attention" in first
    assert "not clearly better than chance on 0" in first
    assert "chosen and compared on the same windows" in first


def test_overlapping_intervals_are_no_difference() -> None:
    near = {"ism": (0.95, 0.9, 0.97), "attention": (0.94, 0.9, 0.96), "pwm": (0.96, 0.9, 0.98)}
    told = pd.concat(
        [
            apart(("ism", "attention", -0.01, 0.03), ("ism", "pwm", -0.1, 0.02)),
            apart(("attention", "ism", -0.04, -0.01), resolution="attention"),
        ]
    )
    first, _ = finding(summary({"auroc": near, "auroc@attention": near}), told)
    assert "on 0 of 1 it is clearly ahead" in first
    assert "on the rest at least one other cannot be told from it" in first
    assert "on 0 of 1, and clearly worse on 0" in first
    assert "By bases attention is clearly behind the best attribution on 0 of 1" in first
    assert "At attention's own resolution attention is clearly behind the best attribution on 1 of 1" in first


def test_models_that_learned_nothing_are_left_out() -> None:
    first, second = finding(summary({"auroc": GOOD}, learned=0.6), NOTHING)
    assert first == (
        "0 of 1 models reached a test auROC of 0.8. "
        "Nothing can be said of maps of models that have learned so little."
    )
    assert second.startswith("No map of a model finds sites better than chance")


RANDOM_MAP = {"random": (0.3, 0.2, 0.4)}


def test_localisation_without_faith_is_said() -> None:
    _, second = finding(
        summary(
            {
                "auroc": {**GOOD, "saliency": (0.6, 0.4, 0.8)},
                "deletion": {
                    "ism": (0.9, 0.8, 1.0),
                    "attention": (0.3, 0.2, 0.4),
                    "saliency": (1, 1, 1),
                    **RANDOM_MAP,
                },
                "randomised_weights": {"ism": (0.1, 0.0, 0.2), "attention": (0.8, 0.7, 0.9)},
                "retrained_seeds": {"ism": (0.8, 0.7, 0.9), "attention": (0.2, 0.1, 0.3)},
            }
        ),
        apart(("ism", "random", 0.4, 0.8), ("attention", "random", -0.1, 0.1), score="deletion"),
    )
    # saliency cannot be told from chance; with attention the logit falls, but no more than with random bases
    assert "Of 2 maps (model × method) that find sites better than chance, 1 are faithful" in second
    assert "1 of 2 hardly change when all weights are drawn anew" in second
    assert "(attention): such a map is about the sequence" in second
    assert "1 of 2 come out alike" in second
    assert "rule" not in second


def test_no_map_is_called_faithful_without_random_ones_to_compare_with() -> None:
    table = summary({"auroc": GOOD, "deletion": {"ism": (0.9, 0.8, 1.0), "attention": (0.9, 0.8, 1.0)}})
    assert "faithful" not in finding(table, NOTHING)[1]
    behind = apart(("random", "ism", 0.1, 0.2), score="deletion")
    worse = summary({"auroc": GOOD, "deletion": {"ism": (0.1, 0.05, 0.2), **RANDOM_MAP}})
    assert (
        "Of 1 maps (model × method) that find sites better than chance, 0 are faithful"
        in finding(worse, behind)[1]
    )
    assert "0 are faithful" in finding(worse, apart(("ism", "random", 0.1, 0.2)))[1]  # of another score


def rule(model: tuple[float, float, float] | None, **maps: tuple[float, float, float]) -> str:
    """The second paragraph on maps that find sites: how far model and maps tell that the rule is satisfied."""
    own = {} if model is None else {"(model)": model}
    auroc = dict.fromkeys(maps, (0.9, 0.8, 1.0))
    return finding(summary({"auroc": auroc, "rule_context": {**own, **maps}}), NOTHING)[1]


def test_logic_is_asked_of_models_that_have_it() -> None:
    maps = {"ism": (0.9, 0.8, 1.0), "attention": (0.5, 0.4, 0.6), "saliency": (0.7, 0.4, 0.9)}
    told = rule((0.95, 0.9, 1.0), **maps)
    assert "Where sites have a rule, 1 of 1 models clearly count a site more where it lets them" in told
    assert "Of 3 maps of these, 1 clearly give a site more where its rule lets it" in told
    assert "1 clearly do not" in told
    assert "and of 1 it cannot be told." in told
    # of a model that does not obey the rule a map that shows none may be faithful
    blind = rule((0.6, 0.4, 0.8), **maps)
    assert "0 of 1 models clearly count a site more" in blind
    assert blind.endswith("no faithful map shows the rule.")
    assert "Of 3 maps of sites with a rule, 1 clearly give" in rule(None, **maps)
    assert "0 clearly give" in rule((0.95, 0.9, 1.0), ism=(0.9, np.nan, np.nan))  # too few windows for an interval


def test_unknown_limits_prove_nothing() -> None:
    """Of fewer than three windows there is no interval."""
    unknown = {name: (value, np.nan, np.nan) for name, (value, _, _) in GOOD.items()}
    first, second = finding(summary({"auroc": unknown}), NOTHING)
    assert "not clearly better than chance on 1" in first
    assert "on 0 of 1 it is clearly ahead" in first
    assert second.startswith("No map of a model finds sites better than chance")


def test_ties_count_for_each() -> None:
    same = dict.fromkeys(("ism", "attention"), (0.9, 0.85, 0.95))
    first, _ = finding(summary({"auroc": same}), NOTHING)
    assert "of 1 models, ism (1), attention (1) (ties count for each); on 0 of 1" in first
    assert "JASPAR" not in first  # nothing is said of a matrix that was not measured


def test_a_map_without_a_rival_is_ahead_of_nothing() -> None:
    first, _ = finding(summary({"auroc": {"ism": GOOD["ism"]}}), NOTHING)
    assert "of 1 models, ism (1); no model has a second one to compare it with." in first
    assert "ttention" not in first


def test_where_everything_failed_nothing_is_found() -> None:
    failed = summary({})
    assert finding(failed, NOTHING)[0].endswith("No method that reads a model has a localisation score.")
    assert finding(failed.iloc[:0], NOTHING) == (
        "No method that reads a model has a localisation score.",
        "No map of a model finds sites better than chance: of none could it be asked whether it is faithful.",
    )


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
    assert (row["score"], row["first"], row["second"]) == ("auroc", "ism", "attention")
    assert 0.08 < row["low"] < row["difference"] < row["high"] < 0.12


def test_measures_survive_their_file() -> None:
    measure = Measure("distance", np.array([1.0, np.nan, 3.0]), None, "off_centre", "attention")
    again = measure_of(measure.json)
    np.testing.assert_array_equal(again.values, measure.values)
    assert again.value == 2
    assert (again.score, again.windows, again.resolution) == ("distance", "off_centre", "attention")
    assert {way for way, _, _ in SCORES.values()} == {1, -1, 0}


def oracles(rule: dict[str, tuple[float, float, float]], without: dict[str, tuple[float, float, float]]) -> str:
    """What is said of maps of the oracle of GATA1, with its rule and without."""
    rows = [("GATA1", "oracle", method, "", "auroc", "all", "base", 1, 40, 0.9, 0.8, 0.95) for method in rule]
    for model, maps in (("oracle", rule), ("oracle_additive", without)):
        rows += [
            ("GATA1", model, method, "", "rule_context", "rule", "base", 1, 40, *limits)
            for method, limits in {**maps, "(model)": (1.0, 1.0, 1.0), "random": (0.9, 0.8, 1.0)}.items()
        ]
        recall = 1.0 if model == "oracle" else 0.0
        rows.append(
            ("GATA1", model, "pairs:epistasis", "", "pair_recall", "all", "base", 1, 1, recall, np.nan, np.nan)
        )
    return oracle_finding(pd.DataFrame(rows, columns=list(SUMMARY)))


def test_what_methods_show_of_oracles() -> None:
    """Maps alone are counted, and those whose interval lies above chance."""
    sees, blind = (0.95, 0.9, 1.0), (0.55, 0.4, 0.7)
    text = oracles({"ism": sees, "saliency": blind}, {"ism": blind, "saliency": blind})
    assert (
        "Of 2 maps of oracles, 2 find bound sites better than chance; the highest auROC is 0.90 (GATA1, ism)"
        in text
    )
    assert (
        "Of 2 maps of the oracle, which holds the rule, 1 clearly give a site more where its rule lets it count "
        "more (ism). "
        "1 of 1 ways to pairs of motifs find the planted pair in it." in text
    )
    assert "Of 2 maps of the oracle without it, which adds both motifs up, 0 clearly" in text
    assert text.endswith("0 of 1 ways to pairs of motifs find the planted pair in it.")
    assert oracle_finding(summary({"auroc": GOOD})) == ""
