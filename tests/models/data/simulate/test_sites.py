from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.models.data.simulate.factors import PAIR, factors, millibits, sample_sites
from motiflens.models.data.simulate.genome import Genome
from motiflens.models.data.simulate.grammar import SPACING
from motiflens.models.data.simulate.occupancy import occupancy
from motiflens.models.data.simulate.sites import Planting, find_sites, shuffled
from motiflens.models.data.simulate.stream import Stream


def genome_of(codes: np.ndarray) -> Genome:
    nothing = np.zeros(len(codes), dtype=np.bool_)
    return Genome(("chr1",), np.array([0, len(codes)]), codes, nothing, nothing.copy())


def test_matrices_are_those_of_the_pinned_release() -> None:
    known = {factor.name: factor for factor in factors()}
    assert list(known) == ["CTCF", "REST", "FOXA1", "SPI1", "GATA1", "EGR1", "JUN", "MAX"]
    consensus = {name: "".join("ACGT"[i] for i in f.ppm.argmax(axis=1)) for name, f in known.items()}
    assert known["CTCF"].matrix == "MA0139.1"
    assert consensus["CTCF"] == "TGGCCACCAGGGGGCGCTA"
    assert "CAGCACCATGGACAGCGCC" in consensus["REST"]
    assert "CACGTG" in consensus["MAX"]
    for factor in factors():
        np.testing.assert_allclose(factor.ppm.sum(axis=1), 1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(factor.scores / 1000, np.log2(factor.ppm * 4), rtol=0, atol=5e-4)


def test_sites_are_drawn_from_the_matrix() -> None:
    factor = factors()[0]
    sites = factor.sample(Stream(0, "t"), 20_000)
    drawn = np.stack([(sites == base).mean(axis=0) for base in range(4)], axis=1)
    np.testing.assert_allclose(drawn, factor.ppm, rtol=0, atol=5 * np.sqrt(0.25 / 20_000))


def test_scores_equal_sums_of_columns() -> None:
    factor = factors()[3]
    sites = factor.sample(Stream(0, "t"), 5)
    expected = [sum(int(factor.scores[i, base]) for i, base in enumerate(site)) for site in sites]
    assert factor.score(sites).tolist() == expected


def test_shuffled_matrices_hold_the_same_columns_and_match_no_more() -> None:
    for factor in factors():
        other = shuffled(factor)
        assert sorted(map(tuple, other.tolist())) == sorted(map(tuple, factor.ppm.tolist()))
        sites = sample_sites(other, Stream(0, "t"), 2000)
        assert (factor.score(sites) > factor.half).mean() < 0.02, factor.name


def brute_force(codes: np.ndarray, threshold: int) -> set[tuple[int, str, str, int]]:
    found = set()
    for factor in factors():
        for i in range(len(codes) - factor.width + 1):
            site = codes[i : i + factor.width]
            if (site > 3).any():
                continue
            for strand, bases in (("+", site), ("-", 3 - site[::-1])):
                score = int(factor.score(bases[None])[0])
                if score >= threshold:
                    found.add((i, factor.name, strand, score))
    return found


def test_finding_equals_brute_force(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, 3000).astype(np.uint8)
    codes[[100, 1500, 2999]] = 4
    factor = factors()[5]
    codes[40 : 40 + factor.width] = factor.ppm.argmax(axis=1)
    threshold = 4000
    table = find_sites(genome_of(codes), Planting(), {factor.name: threshold for factor in factors()})
    rows = set(zip(table["start"], table["factor"], table["strand"], table["score"], strict=True))
    expected = brute_force(codes, threshold)
    assert rows <= expected
    # Of sites that share half their width or more, the best is kept, whatever its strand.
    widths = {factor.name: factor.width for factor in factors()}
    for start, name, _, score in expected:
        rivals = [row for row in rows if row[1] == name and 2 * abs(row[0] - start) < widths[name]]
        assert any(rival[3] >= score for rival in rivals), (start, name)
        assert (start, name) not in {row[:2] for row in rows} or len(rivals) == 1
    assert (table["end"] - table["start"]).tolist() == [
        {factor.name: factor.width for factor in factors()}[name] for name in table["factor"]
    ]


def table_of(*rows: tuple[int, str, int]) -> pd.DataFrame:
    """Rows of start, factor, score above `half`; all on the forward strand."""
    known = {factor.name: factor for factor in factors()}
    table = pd.DataFrame(rows, columns=["start", "factor", "over"]).assign(strand="+")
    table["end"] = table["start"] + table["factor"].map({name: f.width for name, f in known.items()})
    table["score"] = table["over"] + table["factor"].map({name: f.half for name, f in known.items()})
    return table


def test_occupancy_is_affinity_times_accessibility() -> None:
    table = table_of((0, "CTCF", 0), (100, "CTCF", 2000), (200, "CTCF", 9000), (300, "CTCF", -3000))
    access = np.array([[1.0, 0.5, 0.002, 0.25], [0.0, 1.0, 1.0, 1.0]])
    affinity = 2.0 ** (np.array([0, 2, 4, -3]) + 1.0)  # its concentration is 2 in both; 4 bits are the most
    strength = affinity * access
    expected = np.round((strength / (1 + strength)).T, 3)
    np.testing.assert_allclose(occupancy(table, access), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("gap", "together"),
    [(SPACING[0] - 1, False), (SPACING[0], True), (SPACING[1], True), (SPACING[1] + 1, False), (-3, False)],
)
@pytest.mark.parametrize("before", [False, True])
def test_the_pair_binds_only_within_its_spacing(gap: int, together: bool, before: bool) -> None:
    known = {factor.name: factor for factor in factors()}
    first, second = PAIR
    start = 1000
    other = start - gap - known[second].width if before else start + known[first].width + gap
    rows = sorted([(start, first, 4000), (other, second, 4000)])
    found = occupancy(table_of(*rows), np.ones((2, 2)))
    own = found[[row[1] for row in rows].index(first)]
    partner = found[[row[1] for row in rows].index(second)]
    assert (partner > 0.9).all()  # the partner needs nobody
    assert ((own > 0.9) if together else (own == 0)).all()


def test_a_factor_that_needs_a_partner_follows_it() -> None:
    """Closed-form: x / (1 + x) with x multiplied by the partner's occupancy; the best of several counts."""
    known = {factor.name: factor for factor in factors()}
    first, second = PAIR
    gap = SPACING[0]
    table = table_of(
        (1000 - gap - known[second].width, second, -2000),
        (1000, first, 0),
        (1000 + known[first].width + gap, second, 1000),
    )
    found = occupancy(table, np.full((2, 3), 0.5))
    strength = 2.0 ** np.array(known[first].concentration) * 0.5 * found[2]
    np.testing.assert_allclose(found[1], np.round(strength / (1 + strength), 3), rtol=0, atol=1e-12)


def test_scores_are_in_millibits() -> None:
    np.testing.assert_array_equal(millibits(np.array([[0.25, 0.5, 0.125, 0.125]])), [[0, 1000, -1000, -1000]])
