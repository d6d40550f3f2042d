"""Figures: what is drawn is what was given."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from matplotlib.image import imread
from scipy.cluster.hierarchy import linkage

from motiflens.analyses.report.figures import dendrogram, heat_map, histogram, interval


def test_dendrogram_names_every_leaf_once() -> None:
    labels = [f"motif<{i}>" for i in range(12)]
    tree = linkage(np.random.default_rng(0).normal(size=(12, 3)), "average")
    svg = dendrogram(tree, labels, cuts=[float(tree[5, 2])])
    assert sorted(re.findall(r"motif&lt;\d+&gt;", svg)) == sorted(f"motif&lt;{i}&gt;" for i in range(12))
    assert svg.count("<polyline") == 11
    assert svg.count('class="cut"') == 1


def test_cuts_above_the_root_are_drawn() -> None:
    """TBiNet's cuts at 3, 5 and 10 of a tree whose root is at 4: the caption told of three, one was there."""
    svg = dendrogram(np.array([[0, 1, 2.0, 2], [2, 3, 4.0, 3]]), ["a", "b", "c"], cuts=[3, 5, 10])
    places = [float(x) for x in re.findall(r'M([\d.]+) 14V\d+" class="cut"', svg)]
    np.testing.assert_allclose(places, [8 + 420 * (1 - cut / 10) for cut in (3, 5, 10)], atol=0.06, rtol=0)


def test_dendrogram_of_identical_motifs() -> None:
    assert dendrogram(np.array([[0, 1, 0.0, 2]]), ["a", "b"]).count("<polyline") == 1


def test_histogram_bars_are_proportional() -> None:
    svg = histogram([1, 2, 4], start=0, width=10, label="hits")
    heights = [float(value) for value in re.findall(r'height="([\d.]+)"/>', svg)]
    np.testing.assert_allclose(np.array(heights) / heights[2], [0.25, 0.5, 1], rtol=0, atol=1e-3)


def test_heat_map_keeps_rows_and_order() -> None:
    values = np.zeros((4, 6), dtype=np.float32)
    values[1, 2] = 1
    data = re.findall(r"base64,([^\"]+)", heat_map(values, label="x", colours="gray"))[0]
    image = imread(io.BytesIO(base64.b64decode(data)))[..., 0]
    assert image.shape == (4, 6)
    assert np.unravel_index(image.argmax(), image.shape) == (1, 2)


def test_heat_map_averages_what_is_too_large() -> None:
    values = np.repeat([[0.0], [1.0]], 500, axis=0).astype(np.float32).repeat(10, axis=1)
    data = re.findall(r"base64,([^\"]+)", heat_map(values, label="x", colours="gray", rows=10))[0]
    image = imread(io.BytesIO(base64.b64decode(data)))[..., 0]
    assert image.shape == (10, 10)
    assert (image[:5] < 0.1).all()
    assert (image[5:] > 0.9).all()


def test_interval_puts_the_dot_right_of_the_null() -> None:
    svg = interval(9, 1, 3, mean=2, top=10, label="x")
    dot = float(re.findall(r'cx="([\d.]+)"', svg)[0])
    bar, wide = (float(value) for value in re.findall(r'rect x="([\d.]+)" y="5" width="([\d.]+)"', svg)[0])
    assert dot > bar + wide
