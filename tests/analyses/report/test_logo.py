"""Logos: heights in closed form, and letters where the alignment says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.report.glyphs import glyphs
from motiflens.analyses.report.logo import BASE, HEIGHT, aligned_logos, information_heights, logo

SVG = "{http://www.w3.org/2000/svg}"
ONE = np.eye(4)


def _letters(svg: str) -> list[tuple[str, float, float, float]]:
    """Letter, x, top and height of each drawn letter."""
    found = []
    for use in ET.fromstring(svg).iter(f"{SVG}use"):
        x, y, _, height = (float(value) for value in re.findall(r"[\d.]+", use.attrib["transform"]))
        found.append((use.attrib["href"][-1], x, y, height))
    return found


def test_information_heights_in_closed_form() -> None:
    ppm = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]])
    expected = [[2, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(information_heights(ppm), expected, rtol=0, atol=1e-12)


def test_a_certain_base_fills_the_height_and_an_even_column_is_empty() -> None:
    letters = _letters(logo(np.vstack([ONE[2], np.full(4, 0.25)])))
    assert letters == [("G", 0.0, 0.0, HEIGHT)]


def test_the_likelier_letter_stands_on_top() -> None:
    letters = {letter: top for letter, _, top, _ in _letters(logo(np.array([[0.7, 0.3, 0, 0]])))}
    assert letters["A"] < letters["C"]


def test_negative_scores_hang_below_the_line() -> None:
    letters = {letter: top for letter, _, top, _ in _letters(logo(np.array([[1.0, 0, 0, -1.0]]), units="score"))}
    assert letters["A"] == pytest.approx(0)
    assert letters["T"] == pytest.approx(HEIGHT / 2)


@pytest.mark.parametrize("orientation", ["+", "-"])
@pytest.mark.parametrize("offset", [-2, 0, 3])
def test_matched_columns_stand_above_each_other(offset: int, orientation: str) -> None:
    """The query is cut from the target at `offset`: each of its letters must stand above the same letter."""
    rng = np.random.default_rng(offset + 5)
    shown = ONE[rng.integers(4, size=8)]
    flank = ONE[rng.integers(4, size=2)]
    query = Motif("q", np.vstack([flank, shown[:4]]) if offset < 0 else shown[offset : offset + 4])
    target = Motif("t", shown[::-1, ::-1].copy() if orientation == "-" else shown)
    letters = _letters(aligned_logos(query, target, offset=offset, orientation=orientation))
    upper = {round(x / BASE): letter for letter, x, top, _ in letters if top < HEIGHT - 1}
    lower = {round(x / BASE): letter for letter, x, top, _ in letters if top >= HEIGHT - 1}
    shared = upper.keys() & lower.keys()
    assert len(shared) == 4
    assert all(upper[x] == lower[x] for x in shared)


def test_outlines_fill_the_unit_square() -> None:
    for outline in glyphs().values():
        numbers = [float(value) for value in re.findall(r"-?\d+\.\d+", outline)]
        assert min(numbers) >= -1e-9
        assert max(numbers) <= 1 + 1e-9
