"""Runs, targets, and the windows of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motiflens.analyses.targets import bound_rows, open_runs, probabilities, targets


def test_targets_of_a_factor_and_of_tasks(small_world: Any) -> None:
    one, many = open_runs([small_world.signals, small_world.seeing], str(small_world.data))
    for opened, track in ((one, "fold_change"), (many, "fold_change:X|one")):
        found = targets(opened)
        assert [target.name for target in found] == ["X|one", "X|two"]
        assert found[0].fold_change == track
    cells = one.windows.table["cell_type"].iloc[targets(one)[1].rows]
    assert set(cells) == {"two"}
    assert targets(many)[1].output == 1
    assert (one.kind, many.kind) == ("deepgrn (single)", "tbinet")


def test_bound_rows(small_world: Any) -> None:
    """Bound windows, at most so many, and only those predicted above a probability (G50)."""
    (opened,) = open_runs([small_world.seeing], str(small_world.data))
    target = targets(opened)[1]
    every = bound_rows(opened, target, most=10_000)
    np.testing.assert_array_equal(every, np.flatnonzero(opened.windows.labels[:, 1] == 1))
    few = bound_rows(opened, target, most=7, seed=1)
    assert len(few) == 7
    np.testing.assert_array_equal(few, bound_rows(opened, target, most=7, seed=1))
    scores = probabilities(opened, every)[:, 1]
    limit = float(np.median(scores))
    np.testing.assert_array_equal(bound_rows(opened, target, most=10_000, prediction=limit), every[scores > limit])


def test_names_differ(small_world: Any) -> None:
    names = [opened.name for opened in open_runs([small_world.signals.parent], str(small_world.data))]
    assert names == ["none", "single"]
    with pytest.raises(FileNotFoundError, match="holds none"):
        open_runs([small_world.data], str(small_world.data))
