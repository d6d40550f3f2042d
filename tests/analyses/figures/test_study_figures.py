"""Figures of attention by class, DNase by group and single motifs: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.attention_maps import AttentionClass
from motiflens.analyses.figures.attention_classes import COLOUR, attention_classes
from motiflens.analyses.figures.dnase_violins import PANELS, dnase_violins
from motiflens.analyses.figures.motif_windows import motif_windows
from motiflens.analyses.motifs.motif_profiles import AROUND, MotifProfile
from motiflens.analyses.statistics import Blocks
from motiflens.interpret.results import Field


def test_mean_profiles_of_three_classes_above_their_windows(rng: np.random.Generator) -> None:
    """002, Fig. 6, with the class that the paper lacks."""
    field = Field(10 * np.arange(20), 29, False)
    classes = [
        AttentionClass(
            "run",
            "X",
            name,
            np.arange(n),
            rng.random((n, 20)).astype(np.float32),
            None,
            field,
            Blocks(np.arange(n), ""),
        )
        for name, n in (("bound", 12), ("unbound", 9), ("none", 30))
    ]
    figure = attention_classes(classes)
    top, *maps, _ = figure.axes
    lines = {line.get_color(): line for line in top.lines}
    for part, axis in zip(classes, maps, strict=True):
        share = part.profile / part.profile.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(lines[COLOUR[part.name]].get_ydata(), share.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(lines[COLOUR[part.name]].get_xdata(), 10 * np.arange(20) + 14)
        drawn = np.asarray(axis.collections[0].get_array()).reshape(len(share), 20)
        order = share.argmax(axis=1).argsort(kind="stable")
        np.testing.assert_allclose(drawn, share[order], rtol=1e-5)
    assert top.lines[0].get_ydata() == [1 / 20, 1 / 20]


def test_dnase_of_what_one_model_finds(rng: np.random.Generator) -> None:
    """000, Fig. 6: quartiles of each group, and how many windows it has."""
    sizes = {
        name: 10 + 3 * place for place, name in enumerate(name for names in PANELS.values() for name in names)
    }
    windows = pd.DataFrame(
        [(name, value) for name, size in sizes.items() for value in rng.gamma(2.0, 3.0, size)],
        columns=["group", "dnase"],
    )
    figure = dnase_violins(windows)
    for axis, (title, names) in zip(figure.axes, PANELS.items(), strict=True):
        assert axis.get_title(loc="left") == title
        labels = [label.get_text() for label in axis.get_xticklabels()]
        assert [f"({sizes[name]})" in label for name, label in zip(names, labels, strict=True)] == [True] * len(
            names
        )
        boxes = sorted((patch.get_path().get_extents() for patch in axis.patches), key=lambda box: box.x0)
        for name, box in zip(names, boxes, strict=True):
            values = np.log2(windows.loc[windows["group"] == name, "dnase"] + 1)
            np.testing.assert_allclose([box.y0, box.y1], np.quantile(values, [0.25, 0.75]), rtol=1e-9)


def test_one_motifs_windows(rng: np.random.Generator) -> None:
    """000, Fig. 7b to d; 001, Fig. 5: attention stands at the centres of its fields, places and DNase in bp."""
    positions = 21.5 + 15 * np.arange(10)
    places = np.sort(rng.uniform(10, 190, 25))
    around = rng.random((30, 2 * AROUND + 1)).astype(np.float32)
    profile = MotifProfile(
        name="MA1",
        label="CTCF",
        attention=rng.random((25, 10)).astype(np.float32),
        positions=positions,
        dnase=rng.random((25, 200)).astype(np.float32),
        places=places,
        around=around,
    )
    heat, histogram, dnase, mean, *_ = motif_windows(profile, 200).axes
    np.testing.assert_allclose(heat.images[0].get_array(), profile.attention)
    assert heat.images[0].get_extent()[:2] == [14.0, 164.0]  # half a step beyond the first and last centre
    np.testing.assert_allclose(heat.lines[0].get_xdata(), places)
    counts = np.histogram(places, np.linspace(0, 200, 41))[0]
    np.testing.assert_allclose([bar.get_height() for bar in histogram.patches], counts)
    assert profile.dnase is not None
    np.testing.assert_allclose(dnase.images[0].get_array(), np.log1p(profile.dnase))
    assert dnase.images[0].get_extent()[:2] == [0.0, 200.0]
    np.testing.assert_allclose(mean.lines[0].get_ydata(), around.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(mean.lines[0].get_xdata(), np.arange(-AROUND, AROUND + 1))
