"""Signals of another size than a model knows are told, and scaled where that is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.models import build, open_as_trained, save_run
from motiflens.models.data import ArrayWindows
from motiflens.models.data.options import Options
from motiflens.models.data.signal_ranges import (
    PUBLISHED,
    ScaledSignals,
    SignalRange,
    fit_signals,
    range_notes,
    signal_factors,
    signal_ranges,
)
from motiflens.models.data.windows import Dataset
from motiflens.models.open_for_run import known_signals
from motiflens.models.recipes import Recipe
from motiflens.models.run import open_run
from motiflens.models.train import train

LENGTH = 50


def windows(scale: float = 1.0) -> ArrayWindows:
    rng = np.random.default_rng(0)
    signals = rng.gamma(0.5, 2.0, (40, 2, LENGTH)).astype(np.float32) * np.array([scale, 1], np.float32)[:, None]
    codes = rng.integers(0, 4, (40, LENGTH)).astype(np.uint8)
    labels = (np.arange(40) % 2).astype(np.float32)
    return ArrayWindows(codes, labels, signals={"dnase": signals[:, 0], "uniqueness": signals[:, 1]})


def test_ranges_and_factors() -> None:
    ranges = signal_ranges(windows())
    values = windows().signals(np.arange(40))[:, 0]
    assert ranges["dnase"].mean == pytest.approx(values.mean(), rel=1e-5)
    assert ranges["dnase"].high == pytest.approx(np.quantile(values, 0.995), rel=1e-5)
    assert signal_factors(ranges, signal_ranges(windows(2.0))) == {}
    factors = signal_factors(ranges, signal_ranges(windows(1 / 12)))
    assert factors == {"dnase": pytest.approx(12, rel=1e-4)}
    assert signal_factors(ranges, signal_ranges(windows(12)))["dnase"] == pytest.approx(1 / 12, rel=1e-4)
    assert signal_ranges(ArrayWindows(np.zeros((2, 9), np.uint8), np.zeros(2))) == {}


def test_a_warning_or_a_scale() -> None:
    dataset = Dataset("x", "arrays", {"test": windows(1 / 12)}, "hash")
    known = signal_ranges(windows())
    told = fit_signals(dataset, known)
    assert told.hash == "hash"
    assert len(told.notes) == 1
    assert "warning: the signal dnase reaches" in told.notes[0]
    assert "--scale-signals multiplies it by 12" in told.notes[0]
    scaled = fit_signals(dataset, known, scale=True)
    assert scaled.hash != "hash"
    assert isinstance(scaled["test"], ScaledSignals)
    some = np.array([3, 7])
    np.testing.assert_allclose(scaled["test"].signals(some), windows().signals(some), rtol=1e-4)
    np.testing.assert_array_equal(scaled["test"].codes(some), windows().codes(some))
    assert fit_signals(Dataset("x", "arrays", {"test": windows()}, "hash"), known, scale=True).hash == "hash"


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_runs_know_their_signals(tmp_path: Path, scale: float) -> None:
    data = tmp_path / "data.npz"
    codes = windows().codes(np.arange(40))
    bases = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)
    x = np.concatenate([bases, windows(scale).signals(np.arange(40))], axis=1)
    np.savez(data, X=x, y=np.arange(40) % 2)
    model = build("deepgrn", length=LENGTH, channels=6, kernels=4, kernel_size=5, pool=5, units=3, dense=4)
    config = {"tasks": ["task0"], "channels": ["A", "C", "G", "T", "signal0", "signal1"], "meta": []}
    names = open_dataset_channels(data)
    known = {name: found._asdict() for name, found in zip(names, signal_ranges(windows()).values(), strict=True)}
    source = {"source": str(data), "options": {}}
    run = open_run(save_run(tmp_path / "run", model, {**config, "data": source, "signal_ranges": known}))
    notes = open_as_trained(run).notes
    assert any("--scale-signals" in note for note in notes) == (scale != 1)
    scaled = open_as_trained(run, options=Options(scale_signals=True))
    assert any("is multiplied by" in note for note in scaled.notes) == (scale != 1)
    imported = open_run(
        save_run(tmp_path / "rest", model, {**config, "channels": ["A", "C", "G", "T", "dnase", "uniqueness"],
                                            "published": {"kind": "deepgrn"}})
    )  # fmt: skip
    assert known_signals(imported) == PUBLISHED
    assert known_signals(open_run(save_run(tmp_path / "old", model, config))) == {}
    assert SignalRange(1.0, 12.0) == PUBLISHED["dnase"]


def test_training_keeps_how_large_signals_were(tmp_path: Path) -> None:
    """In the run's configuration: of the training windows, not of others."""
    dataset = Dataset("x", "arrays", {"train": windows(), "valid": windows(0.05), "test": windows(0.05)}, "hash")
    sizes = {"kernels": 4, "kernel_size": 5, "pool": 5, "units": 3, "dense": 4}
    how = Recipe(epochs=1, batch=20, signals=None, hyperparameters=sizes)
    run = train("deepgrn", dataset, tmp_path / "run", recipe=how)
    known, wanted = known_signals(open_run(run.path)), signal_ranges(windows())
    assert set(known) == {"dnase", "uniqueness"}
    for name in known:
        np.testing.assert_allclose(known[name], wanted[name], rtol=1e-9)


def test_a_run_knows_that_its_signals_go_below_0(tmp_path: Path) -> None:
    """How far was kept and not read: each run on logarithms was told that its own data are some."""
    ranges = {"dnase": SignalRange(-0.5, 2.0, -3.0), "uniqueness": SignalRange(0.9, 1.0)}
    model = build("deepgrn", length=LENGTH, channels=6, kernels=4, kernel_size=5, pool=5, units=3, dense=4)
    kept = {name: each._asdict() for name, each in ranges.items()}
    run = open_run(save_run(tmp_path / "run", model, {"tasks": ["task0"], "signal_ranges": kept}))
    assert known_signals(run) == ranges
    assert range_notes(known_signals(run), ranges) == ()
    del kept["dnase"]["low"], kept["uniqueness"]["low"]  # as older versions wrote
    older = open_run(save_run(tmp_path / "older", model, {"tasks": ["task0"], "signal_ranges": kept}))
    assert known_signals(older)["uniqueness"] == ranges["uniqueness"]


def open_dataset_channels(path: Path) -> tuple[str, ...]:
    from motiflens.models import open_dataset

    return open_dataset(path).example.channels[4:]


def test_options_without_it_are_as_before() -> None:
    assert Options().given() == {"seed": 0}


def told(here: np.ndarray, there: np.ndarray) -> tuple[str, ...]:
    known, seen = (signal_ranges(ArrayWindows(np.zeros((4, 50), np.uint8), np.ones(4), signals={"dnase": values}))
                   for values in (there, here))  # fmt: skip
    return range_notes(known, seen, remedy="multiply it by")


def test_signals_that_no_factor_mends_are_told() -> None:
    """Zeros, a logarithm, a standard score and a minus strand went by without a word, or with a factor."""
    coverage = np.random.default_rng(0).gamma(0.5, 2.0, (4, 50)).astype(np.float32)
    nothing = np.zeros_like(coverage)
    assert "reaches 0 here and" in told(nothing, coverage)[0]
    assert "is it the right file" in told(nothing, coverage)[0]
    assert "reaches" in told(coverage, nothing)[0]
    for other in (np.log2(coverage + 0.01), (coverage - 1) / coverage.std(), -coverage):
        for pair in ((other, coverage), (coverage, other)):
            assert len(told(*pair)) == 1
            assert "no factor mends that; is one of them a logarithm or a standard score?" in told(*pair)[0]
    assert told(-coverage, -coverage) == told(np.log2(coverage + 1), coverage) == told(nothing, nothing) == ()
    assert "multiply it by 12" in told(-coverage / 12, -coverage)[0]
    assert "multiply it by 12" in told(np.log(coverage + 0.1) / 12, np.log(coverage + 0.1))[0]


def test_each_split_is_compared() -> None:
    """The test split may be another cell type's: only the first split was read."""
    known = signal_ranges(windows())
    dataset = Dataset("x", "arrays", {"train": windows(), "test": windows(1 / 12)}, "hash")
    (line,) = fit_signals(dataset, known).notes
    assert "--scale-signals multiplies it by 12 (of test)" in line
    scaled = fit_signals(dataset, known, scale=True)
    some = np.array([3, 7])
    for split in ("train", "test"):
        np.testing.assert_allclose(scaled[split].signals(some), windows().signals(some), rtol=1e-4)
    both = Dataset("x", "arrays", {"train": windows(1 / 12), "test": windows(1 / 11)}, "hash")
    twice = fit_signals(both, known, scale=True)  # one factor, so that splits stay comparable
    np.testing.assert_allclose(twice["test"].signals(some)[:, 0], windows(12 / 11).signals(some)[:, 0], rtol=1e-4)


def test_channels_that_are_numbered_are_compared_in_order() -> None:
    """Of arrays given to an imported model nothing was said: they name their channels signal0, signal1."""
    values = windows(1 / 12).signals(np.arange(40))
    codes = windows().codes(np.arange(40))
    numbered = ArrayWindows(codes, np.ones(40), signals={"signal0": values[:, 0], "signal1": values[:, 1]})
    known = signal_ranges(windows())
    dataset = Dataset("x", "arrays", {"test": numbered}, "hash")
    assert "the signal signal0 reaches" in fit_signals(dataset, known).notes[0]
    scaled = fit_signals(dataset, known, scale=True)["test"]
    np.testing.assert_allclose(scaled.signals(np.arange(3)), windows().signals(np.arange(3)), rtol=1e-4)
    assert fit_signals(dataset, {"dnase": known["dnase"]}).notes == ()  # which of the two it is nobody knows


def test_scaled_windows_are_drawn_as_before() -> None:
    """Windows that move with the epoch must not be kept, nor all unbound ones counted."""
    parent = windows()
    parent.moving, parent.ratio = True, 2.0  # type: ignore[attr-defined]
    scaled = ScaledSignals(parent, {"dnase": 2.0})
    assert scaled.moving
    assert scaled.ratio == 2.0
    assert scaled.subset(np.arange(3)).moving
