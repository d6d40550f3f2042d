"""Rules between two factors: what is bound under each, and that the default stays what it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motiflens.models.data.simulate import builtin, read_sites, simulate
from motiflens.models.data.simulate.grammar import DEFAULT, GRAMMARS, SPACING, grammar_named, parse_distance
from motiflens.models.data.simulate.occupancy import occupancy, tethered
from motiflens.models.data.simulate.rule_table import rule_table


def table_of(*rows: tuple[int, int, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["start", "end", "factor", "strand", "score"]).assign(kind="planted")


def pair(gap: int, *, strand: str = "+", before: bool = False) -> pd.DataFrame:
    """A strong site of GATA1, 11 bp, and one of MAX, 10 bp, so far apart."""
    at = 100
    other = at - gap - 10 if before else at + 11 + gap
    return table_of((at, at + 11, "GATA1", strand, 60_000), (other, other + 10, "MAX", "+", 60_000))


CASES = [  # gap, strand of GATA1, MAX before it on the genome: satisfied by which rules
    (10, "+", False, {"and", "order", "or"}),
    (10, "-", True, {"and", "order", "or"}),
    (10, "+", True, {"and", "or"}),
    (10, "-", False, {"and", "or"}),
    (60, "+", False, {"not", "or"}),
    (60, "-", True, {"not", "or"}),
]


@pytest.mark.parametrize("rule", list(GRAMMARS))
@pytest.mark.parametrize(("gap", "strand", "before", "satisfied"), CASES)
def test_a_site_is_bound_where_the_rule_says(
    rule: str, gap: int, strand: str, before: bool, satisfied: set[str]
) -> None:
    table = pair(gap, strand=strand, before=before)
    found = occupancy(table, np.ones((2, 2)), GRAMMARS[rule])
    assert (found[0, 1] > 0.5) == (rule in satisfied)
    assert (found[1] > 0.5).all()
    sites = table.rename(columns={"factor": "tf"}).assign(chrom="chr1", affinity=60.0)
    row = rule_table(sites, GRAMMARS[rule]).iloc[0]
    assert bool(row["satisfied"]) == (rule in satisfied)
    assert row["gap"] == gap
    assert bool(row["in_reach"]) == (gap == 10)
    assert row["side"] == ("3'" if before == (strand == "-") else "5'")


def test_without_a_partner() -> None:
    table = table_of((100, 111, "GATA1", "+", 60_000))
    sites = table.rename(columns={"factor": "tf"}).assign(chrom="chr1", affinity=60.0)
    for rule, bound in {"and": False, "order": False, "not": True, "or": True}.items():
        assert (occupancy(table, np.ones((2, 1)), GRAMMARS[rule])[0, 1] > 0.5) == bound
        row = rule_table(sites, GRAMMARS[rule]).iloc[0]
        assert (row["partner_start"], row["gap"], row["side"], bool(row["satisfied"])) == (-1, -1, "", bound)


def test_weak_partners_that_are_there_by_chance_do_not_count() -> None:
    sites = pair(10).rename(columns={"factor": "tf"}).assign(chrom="chr1", affinity=[60.0, 1.0])
    sites["kind"] = ["planted", "chance"]
    assert rule_table(sites, DEFAULT).iloc[0]["partner_start"] == -1
    sites["affinity"] = 60.0
    assert rule_table(sites, DEFAULT).iloc[0]["in_reach"]


def test_or_tethers_the_factor_to_its_partners_sites() -> None:
    table = pair(60)
    bound = occupancy(table, np.ones((2, 2)), GRAMMARS["or"])
    more, found = tethered(table, bound)
    assert more["kind"].tolist() == ["planted", "planted", "tethered"]
    assert more["factor"].tolist() == ["GATA1", "MAX", "GATA1"]
    np.testing.assert_array_equal(found[2], found[1])
    np.testing.assert_array_equal(found[:2], bound)


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_default_is_and_and_adds_its_table_when_named(tiny: Path, tmp_path: Path) -> None:
    named = digest(simulate(tmp_path / "and", preset="tiny", grammar="and"))
    default = digest(tiny)
    assert set(named) - set(default) == {"truth/grammar.tsv"}
    assert {name for name in default if named[name] != default[name]} == {"truth/simulation.json"}


def test_not_turns_the_rule_round(tmp_path: Path) -> None:
    folder = simulate(tmp_path / "not", preset="tiny", grammar="not")
    rules = pd.read_csv(folder / "truth" / "grammar.tsv", sep="\t", keep_default_na=False)
    assert set(rules["kind"]) == {"alone", "blocked", "wrong_spacing"}
    sites = read_sites(folder)
    both = rules.merge(sites[sites["tf"] == "GATA1"], on=["chrom", "start", "strand"], validate="one_to_one")
    share = both.filter(like="bound_").any(axis=1).groupby(both["satisfied"]).mean()
    assert share[True] > 0.5
    assert share[False] < 0.3  # a weak partner keeps it away in part


def test_unknown_grammars_are_named() -> None:
    assert grammar_named(None) is DEFAULT
    with pytest.raises(ValueError, match="choose one of and, order, not, or"):
        grammar_named("xor")


def test_the_default_distance_named_is_the_default(tiny: Path, tmp_path: Path) -> None:
    """Byte for byte, but for the table that a named rule writes."""
    named = digest(simulate(tmp_path / "named", preset="tiny", distance=SPACING))
    default = digest(tiny)
    assert set(named) - set(default) == {"truth/grammar.tsv"}
    assert {name for name in default if named[name] != default[name]} == {"truth/simulation.json"}


@pytest.mark.parametrize(
    ("distance", "wrong"), [((40, 60), (80, 120)), ((100, 130), (40, 80)), ((8, 8), (28, 68))]
)
def test_a_distance_is_planted_bound_and_written_out(
    distance: tuple[int, int], wrong: tuple[int, int], tmp_path: Path
) -> None:
    folder = simulate(tmp_path / "far", preset="tiny", distance=distance)
    record = json.loads((folder / "truth" / "simulation.json").read_text(encoding="utf-8"))
    assert record["pair"]["gap_bp"] == list(distance)
    rules = pd.read_csv(folder / "truth" / "grammar.tsv", sep="\t", keep_default_na=False)
    near, far = (rules[rules["kind"] == kind] for kind in ("composite", "wrong_spacing"))
    assert len(near) >= 20
    assert near["in_reach"].mean() > 0.8  # of the others the partner was drawn too weak to be a site
    assert near.loc[near["in_reach"], "gap"].between(*distance).all()
    assert far["gap"].between(*wrong).mean() > 0.6  # another site, planted or by chance, may be nearer
    assert not far.loc[far["gap"].between(*wrong), "in_reach"].any()
    sites = read_sites(folder)
    both = rules.merge(sites[sites["tf"] == "GATA1"], on=["chrom", "start", "strand"], validate="one_to_one")
    share = both.filter(like="bound_").any(axis=1).groupby(both["satisfied"]).mean()
    assert share[True] > 0.5
    assert share[False] == 0


@pytest.mark.parametrize(
    ("gap", "bound"), [(39, False), (40, True), (60, True), (61, False), (10, False), (-3, False)]
)
@pytest.mark.parametrize("before", [False, True])
def test_the_pair_binds_at_its_distance_alone(gap: int, bound: bool, before: bool) -> None:
    grammar = grammar_named("and", (40, 60))
    table = pair(gap, before=before)
    assert (occupancy(table, np.ones((2, 2)), grammar)[0, 1] > 0.5) == bound
    sites = table.rename(columns={"factor": "tf"}).assign(chrom="chr1", affinity=60.0)
    assert bool(rule_table(sites, grammar).iloc[0]["satisfied"]) == bound


@pytest.mark.parametrize(
    ("distance", "message"),
    [
        ((1, 20), "distance is 1: expected at least 2 and at most 139"),
        ((100, 140), "distance is 140: expected at least 2 and at most 139"),
        ((60, 40), "60:40: expected the smaller number first"),
        ((5, 100), "no pair could be out of reach; end it at 79 or nearer, or begin it at 22 or farther"),
    ],
)
def test_impossible_distances_are_refused(distance: tuple[int, int], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(tmp_path / "none", preset="tiny", distance=distance)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["40", "40-60", "a:b", "4.5:6", ":60", "-3:60", "40:60:2", ""])
def test_text_that_is_no_distance(text: str) -> None:
    with pytest.raises(ValueError, match="expected FIRST:LAST, two whole numbers of bases"):
        parse_distance(text)


def test_every_distance_that_passes_has_room_for_both_kinds_of_pairs() -> None:
    """Both sites, GATA1 of 11 and MAX of 10 bp, fit into the narrowest element, 160 bp, in reach and out of it."""
    possible = 0
    for low in range(2, 140):
        for high in range(low, 140):
            try:
                grammar = grammar_named(None, (low, high))
            except ValueError:
                continue
            possible += 1
            first, last = grammar.wrong
            assert 2 <= first <= last <= 139
            assert last < low or first > high
            assert grammar.looked >= max(high, last)
    assert possible > 5000


def test_distances_are_kept_apart_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path))
    assert builtin("tiny", distance=(40, 60)) != builtin("tiny")
    assert len(list((tmp_path / "simulated").iterdir())) == 2
