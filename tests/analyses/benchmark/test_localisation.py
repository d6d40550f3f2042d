"""Localisation on maps whose scores are known."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.benchmark.cells import cell_means, cell_truth, cells
from motiflens.analyses.benchmark.localisation import localisation
from motiflens.interpret.results import Field

LENGTH = 100


def truth(*sites: tuple[int, int]) -> np.ndarray:
    inside = np.zeros((1, LENGTH), dtype=bool)
    for start, end in sites:
        inside[0, max(start, 0) : min(end, LENGTH)] = True
    return inside


SITES = {
    "one": [(40, 50)],
    "several": [(5, 15), (60, 70)],
    "across both edges": [(-5, 5), (95, 105)],
}


@pytest.mark.parametrize("sites", list(SITES))
def test_a_perfect_map_scores_one_and_a_reversed_one_zero(sites: str) -> None:
    inside = truth(*SITES[sites])
    rising = np.linspace(0, 0.1, LENGTH)[None]  # no ties
    perfect = localisation(inside + rising, inside, top=10)
    for name in ("auroc", "auprc", "pointing", "hit_rate"):
        assert getattr(perfect, name)[0] == pytest.approx(1, abs=1e-12), name
    assert perfect.distance[0] == 0
    reversed_ = localisation(rising - inside, inside, top=10)
    for name in ("auroc", "pointing", "hit_rate"):
        assert getattr(reversed_, name)[0] == 0, name
    share = inside.mean()
    assert perfect.prevalence[0] == share
    assert reversed_.auprc[0] < share
    assert reversed_.distance[0] > 0


def test_a_random_map_scores_half_and_the_prevalence(rng: np.random.Generator) -> None:
    inside = np.repeat(truth((40, 60)), 2000, axis=0)
    found = localisation(rng.standard_normal(inside.shape), inside, top=20)
    error = 4 / np.sqrt(len(inside))
    assert found.auroc.mean() == pytest.approx(0.5, abs=0.08 * error)
    # the expected area of a random order is a little above the share of positives
    assert found.auprc.mean() == pytest.approx(0.2, abs=0.04)
    assert found.hit_rate.mean() == pytest.approx(0.2, abs=0.1 * error)
    assert found.pointing.mean() == pytest.approx(0.2, abs=0.4 * error)


def test_ties_are_worth_chance() -> None:
    inside = truth((40, 60))
    flat = localisation(np.zeros((1, LENGTH)), inside, top=10)
    assert [flat.auroc[0], flat.auprc[0], flat.pointing[0], flat.hit_rate[0]] == pytest.approx(
        [0.5, 0.2, 0.2, 0.2]
    )
    # all mass on both halves of a plateau: 10 of its 20 positions lie in the site
    plateau = np.zeros((1, LENGTH))
    plateau[0, 50:70] = 1
    half = localisation(plateau, inside, top=10)
    assert [half.pointing[0], half.hit_rate[0]] == pytest.approx([0.5, 0.5])
    # tied peaks: 10 within the site, the others 1 to 10 bp behind it
    assert half.distance[0] == pytest.approx(np.arange(1, 11).sum() / 20)


def test_windows_without_a_site_or_with_nothing_else() -> None:
    inside = np.stack([np.zeros(LENGTH, dtype=bool), np.ones(LENGTH, dtype=bool)])
    found = localisation(np.tile(np.arange(float(LENGTH)), (2, 1)), inside)
    assert np.isnan([part[0] for part in (found.auroc, found.auprc, found.pointing, found.distance)]).all()
    assert np.isnan([found.auroc[1], found.auprc[1]]).all()
    assert [found.pointing[1], found.hit_rate[1], found.distance[1]] == [1, 1, 0]
    assert found.prevalence.tolist() == [0, 1]


def test_distance_counts_bases_to_the_nearest_site() -> None:
    scores = np.zeros((1, LENGTH))
    scores[0, 30] = 1
    assert localisation(scores, truth((40, 50), (10, 20))).distance[0] == 10
    assert localisation(scores, truth((10, 20))).distance[0] == 11


def test_unknown_bases_are_left_out() -> None:
    inside = truth((40, 50))
    scores = inside + 0.0
    scores[0, 90:] = 5
    known = np.ones_like(inside)
    known[0, 90:] = False
    assert localisation(scores, inside, known).auroc[0] == 1
    assert localisation(scores, inside).auroc[0] < 1


def test_shapes_and_values_are_checked() -> None:
    with pytest.raises(ValueError, match="expected both"):
        localisation(np.zeros((1, 5)), truth((1, 2)))
    with pytest.raises(ValueError, match="NaN"):
        localisation(np.full((1, LENGTH), np.nan), truth((1, 2)))


def test_at_its_own_resolution_a_coarse_map_is_perfect() -> None:
    """A map of ten cells that marks the site's cell is imperfect per base, perfect per cell."""
    field = Field(10 * np.arange(10) - 15, 40, False)  # centres 4.5, 14.5, …
    cell = cells(field, LENGTH)
    assert np.bincount(cell).tolist() == [10] * 10
    inside = truth((43, 47))
    track = (cell[None] == 4) + np.linspace(0, 0.01, 10)[cell][None]
    assert localisation(track, inside).auroc[0] < 1
    found = localisation(cell_means(track, cell), cell_truth(inside, cell))
    assert (found.auroc[0], found.pointing[0]) == (1, 1)
    across = cell_truth(truth((48, 52)), cell)
    assert np.flatnonzero(across[0]).tolist() == [4, 5]
