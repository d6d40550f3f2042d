"""The study of fold change, number by number and picture by picture, against slow computations of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from scipy.stats import pearsonr, spearmanr, ttest_rel, wilcoxon

from motiflens.analyses.chip.chip_study import chip_study, looks_table
from motiflens.analyses.chip.example import ChipExample, chip_example, slid_places
from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.profiles import Tracks
from motiflens.analyses.chip.target import TargetChip, chip_target
from motiflens.analyses.figures.chip_distribution import chip_distribution
from motiflens.analyses.figures.chip_scatter import chip_scatter
from motiflens.analyses.figures.chip_slid import chip_slid
from motiflens.analyses.figures.chip_tracks import chip_tracks
from motiflens.analyses.study import Study
from motiflens.analyses.targets import OpenedRun, open_runs, targets
from motiflens.interpret.results import Field
from motiflens.models.types import Floats

HOW = ChipOptions(maximum=40, shuffles=3, bootstrap=30, untrained=1, shift_peaks=5)


@pytest.fixture(scope="module")
def opened(small_world: Any) -> OpenedRun:
    return open_runs([small_world.signals], str(small_world.data))[0]


@pytest.fixture(scope="module")
def measured(opened: OpenedRun) -> TargetChip:
    return chip_target(opened, targets(opened)[1], HOW)


def per_base(profile: Floats, field: Field, length: int) -> Floats:
    """Give each base the mean of the positions that look at it, one base at a time."""
    track = np.zeros((len(profile), length))
    for base in range(length):
        looking = [p for p, first in enumerate(field.start) if first <= base < first + field.width]
        if looking:
            track[:, base] = profile[:, looking].mean(axis=1)
    return track


def at_positions(track: Floats, field: Field) -> Floats:
    """Average the bases of each position's field, one position at a time."""
    return np.stack([track[:, first : first + field.width].mean(axis=1) for first in field.start], axis=1)


def both_strands(opened: OpenedRun, rows: np.ndarray, look: str, output: int) -> tuple[Floats, Floats, Field]:
    """What the model looks at on both strands, at the + strand's positions, forward coordinates."""
    batch, length = opened.windows.read(rows), opened.windows.length
    field = opened.adapter.field(length=length)
    if look == "attention":
        forward = opened.adapter.attention(batch.x, batch.meta)
        reverse = opened.adapter.attention(batch.x, batch.meta, strand="-")
        turned = per_base(reverse.profile, reverse.field, length)[:, ::-1]
        return forward.profile, at_positions(turned, field), field
    order = [3, 2, 1, 0, *range(4, batch.x.shape[1])]
    tracks = []
    for x in (batch.x, batch.x[:, order, ::-1].copy()):
        scores = opened.adapter.attribute(x, method=look, meta=batch.meta, target=output).scores
        tracks.append(np.abs(scores[:, :4].sum(axis=1)))
    return at_positions(tracks[0], field), at_positions(tracks[1][:, ::-1], field), field


@pytest.mark.parametrize("look", ["attention", "saliency"])
def test_strands_and_pooled_z_scores(opened: OpenedRun, measured: TargetChip, look: str) -> None:
    """000, Fig. 5a, b and c: both correlations over all positions of all windows."""
    target = targets(opened)[1]
    plus, minus, field = both_strands(opened, measured.rows, look, target.output)
    row = measured.strands[measured.strands["look"] == look].iloc[0]
    assert row["points"] == plus.size
    assert row["pearson"] == pytest.approx(pearsonr(plus.ravel(), minus.ravel())[0], abs=1e-5)
    assert row["spearman"] == pytest.approx(spearmanr(plus.ravel(), minus.ravel())[0], abs=1e-3)
    mean = (plus + minus) / 2
    fold = at_positions(opened.windows.track(str(target.fold_change), measured.rows), field)
    x, y = (((v - v.mean(axis=1)[:, None]) / v.std(axis=1)[:, None]).ravel() for v in (fold, mean))
    pooled = measured.pooled[measured.pooled["look"] == look].set_index("track")
    assert pooled.loc["own", "pearson"] == pytest.approx(pearsonr(x, y)[0], abs=1e-4)
    assert pooled.loc["own", "spearman"] == pytest.approx(spearmanr(x, y)[0], abs=1e-3)
    # and window by window, the mean of both strands, at the attention's own positions
    whole = measured.correlations.set_index(["look", "strand", "at", "statistic", "quantity"])
    each = [pearsonr(a, b)[0] for a, b in zip(mean, fold, strict=True)]
    assert whole.loc[(look, "mean", "positions", "pearson", "observed"), "mean"] == pytest.approx(
        np.mean(each), abs=1e-4
    )
    each = [spearmanr(a, b)[0] for a, b in zip(plus, fold, strict=True)]
    assert whole.loc[(look, "+", "positions", "spearman", "observed"), "mean"] == pytest.approx(
        np.mean(each), abs=1e-3
    )


def test_a_fold_change_that_never_varies_is_told(opened: OpenedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A track of another genome is 0 everywhere: it ended in "cannot access local variable", of a picture."""

    def constant(windows: Any, rows: np.ndarray, name: str, field: Field, options: ChipOptions) -> Tracks:
        return Tracks(np.zeros((len(rows), len(field.start))), np.zeros((len(rows), windows.length)))

    monkeypatch.setattr("motiflens.analyses.chip.target.read_tracks", constant)
    with pytest.raises(ValueError, match=r"X\|one: fold change .* varies within 0 of \d+ bound windows, too few"):
        chip_study([opened], HOW)


def test_looks_that_never_vary_have_an_empty_picture() -> None:
    chip = pd.DataFrame({"run": "a", "target": "X", "look": ["flat", "flat"], "quantity": ["observed", "excess"]})
    windows = pd.DataFrame({"look": ["flat"] * 3, "observed": np.nan, "excess": np.nan})
    figure = chip_distribution(chip.assign(mean=np.nan), windows)
    assert [axis.texts[0].get_text() for axis in figure.axes] == ["none is defined"] * 2
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["as observed", "excess"]
    seen = pd.concat([windows, windows.assign(look="seen", observed=[0.1, 0.2, 0.3], excess=0.0)])
    looks = pd.concat([chip, chip.assign(look="seen")]).assign(mean=0.1)
    assert [len(axis.texts) for axis in chip_distribution(looks, seen).axes] == [0, 0]


def test_the_scatter_shows_every_point(measured: TargetChip) -> None:
    points = measured.points
    for what, columns in (("strands", (0, 1)), ("fold_change", (3, 2))):
        figure = chip_scatter(points, what=what)  # type: ignore[arg-type]
        for axis, (look, values) in zip(figure.axes, points.items(), strict=False):
            x, y = (values[:, column] for column in columns)
            words = f"{look}\nPearson {pearsonr(x, y)[0]:.2f}\nSpearman {spearmanr(x, y)[0]:.2f}"
            assert axis.get_title(loc="left") == words
            shown = float(np.sum(axis.collections[0].get_array()))
            assert 0.99 * len(values) <= shown <= len(values)  # the outermost thousandths lie beyond the frame


@pytest.fixture
def chip(rng: np.random.Generator) -> pd.DataFrame:
    """Eight targets of one run by two looks."""
    rows = [
        ("r", f"TF{i}|cell", look, quantity, rng.uniform(0.1, 0.3) + (0.1 if look == "saliency" else 0.0))
        for i in range(8)
        for look in ("attention", "saliency")
        for quantity in ("observed", "excess")
    ]
    return pd.DataFrame(rows, columns=["run", "target", "look", "quantity", "mean"])


def test_attention_against_saliency_over_targets(chip: pd.DataFrame) -> None:
    """000, Fig. 5d: the paired tests, and the figure's points and boxes."""
    table = looks_table(chip).set_index("quantity")
    figure = chip_distribution(chip, pd.DataFrame())
    for axis, quantity in zip(figure.axes, ("observed", "excess"), strict=True):
        part = chip[chip["quantity"] == quantity]
        a, b = (part.loc[part["look"] == look, "mean"].to_numpy() for look in ("attention", "saliency"))
        row = table.loc[quantity]
        assert (row["first"], row["second"], row["pairs"]) == ("attention", "saliency", 8)
        assert row["wilcoxon_p"] == pytest.approx(wilcoxon(b - a).pvalue)
        assert row["t_p"] == pytest.approx(ttest_rel(b, a).pvalue)
        assert (row["first_mean"], row["second_mean"]) == (pytest.approx(a.mean()), pytest.approx(b.mean()))
        drawn = [
            line.get_ydata() for line in axis.lines if len(line.get_ydata()) == 2 and line.get_marker() == "o"
        ]
        np.testing.assert_allclose(np.array(drawn), np.stack([a, b], axis=1))
        boxes = [patch.get_path().get_extents() for patch in axis.patches]
        np.testing.assert_allclose([box.y0 for box in boxes], [np.quantile(v, 0.25) for v in (a, b)])


def test_moved_windows_are_drawn_over_one_another_in_each_cell_type(
    opened: OpenedRun, measured: TargetChip, small_world: Any
) -> None:
    """001, Fig. 3; 000, additional file 3: the same place of the genome, by every cell type's own tracks."""
    places = slid_places(opened, measured, HOW)
    assert [place.target for place in places] == ["X|one", "X|two"]
    assert measured.slid is not None
    top = measured.slid.rows[0]
    assert places[0].start == places[1].start == opened.windows.table["start"].iloc[top]
    length = opened.windows.length
    for place in places:
        assert place.offsets.tolist() == [-40, 0, 40]
        with pyBigWig.open(str(small_world.data / f"fold.{place.target[2:]}.bw")) as file:
            for offset, fold in zip(place.offsets.tolist(), place.fold_change, strict=True):
                first = place.start + offset
                np.testing.assert_allclose(fold, file.values(place.chrom, first, first + length), rtol=1e-6)
    # the middle one is the window itself
    field = opened.adapter.field(length=length)
    batch = opened.windows.read(np.array([top]))
    strands = [
        per_base(seen.profile, field, length)
        for seen in (opened.adapter.attention(batch.x, batch.meta, strand=s) for s in ("+", "-"))
    ]
    seen = per_base(np.ones((1, len(field.start))), field, length)[0] > 0
    count = seen.astype(int) + seen[::-1]
    expected = (strands[0][0] + strands[1][0, ::-1]) / np.maximum(count, 1)
    np.testing.assert_allclose(places[1].attention[1], expected, rtol=1e-4)
    figure = chip_slid(places)
    panels = [axis for axis in figure.axes if axis.get_ylabel() == "attention"]
    assert [axis.get_title(loc="left") for axis in panels] == ["X|one", "X|two"]
    for axis, place in zip(panels, places, strict=True):
        assert len(axis.lines) == 3
        for line, offset, attention in zip(axis.lines, place.offsets, place.attention, strict=True):
            assert line.get_xdata()[0] == place.start + offset
            np.testing.assert_allclose(line.get_ydata(), attention)


def test_tracks_stand_above_one_another(opened: OpenedRun, measured: TargetChip) -> None:
    """001, Fig. 4: the window of the highest peak; channels in rows, clustered; fold change and DNase above."""
    example: ChipExample = chip_example(opened, measured, HOW)
    target = targets(opened)[1]
    smooth = np.stack(
        [
            np.convolve(np.pad(row, 10, mode="edge"), np.ones(21) / 21, mode="valid")
            for row in opened.windows.track(str(target.fold_change), measured.rows)
        ]
    )
    row = measured.rows[[smooth.max(axis=1).argmax()]]
    np.testing.assert_array_equal(example.fold_change, opened.windows.track(str(target.fold_change), row)[0])
    batch = opened.windows.read(row)
    seen = opened.adapter.attention(batch.x, batch.meta)
    channels = seen.weights[0].T  # rows
    scaled = (channels - channels.min(axis=1)[:, None]) / np.ptp(channels, axis=1)[:, None]
    order = [int(np.abs(scaled - shown).sum(axis=1).argmin()) for shown in example.weights]
    assert sorted(order) == list(range(len(channels)))
    np.testing.assert_allclose(example.weights, scaled[order], atol=1e-6)
    fold, dnase, heat, mean, *_ = chip_tracks(example).axes
    assert [axis.get_ylabel() for axis in (fold, dnase, heat, mean)] == [
        *("fold\nchange", "DNase", "channels", "mean\nattention"),
    ]
    np.testing.assert_allclose(
        np.asarray(heat.collections[0].get_array()).reshape(example.weights.shape), example.weights
    )
    np.testing.assert_allclose(mean.lines[0].get_ydata(), seen.profile[0], rtol=1e-5)
    np.testing.assert_allclose(mean.lines[0].get_xdata(), seen.field.center)


def test_the_same_seed_gives_the_same_study(opened: OpenedRun) -> None:
    how = ChipOptions(looks=("attention",), maximum=15, shuffles=3, bootstrap=20, untrained=1, shift_peaks=3)
    one, other = (chip_study([opened], how) for _ in range(2))
    assert isinstance(one, Study)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])
