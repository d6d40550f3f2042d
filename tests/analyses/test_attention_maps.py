"""Attention by class of window, and its measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motiflens.analyses.attention_maps import AttentionOptions, attention_classes_of, attention_study
from motiflens.analyses.attention_measures import distance_profile, entropy, middle_share
from motiflens.analyses.targets import open_runs, probabilities, targets
from motiflens.interpret.results import Field


def test_measures() -> None:
    even, one = np.full((1, 9), 2.0), np.eye(9)[[4]]
    np.testing.assert_allclose(entropy(np.concatenate([even, one])), [np.log(9), 0.0], atol=1e-12)
    np.testing.assert_allclose(middle_share(np.concatenate([even, one])), [1 / 3, 1.0])
    pairs = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    table = distance_profile(pairs, Field(np.array([0, 10, 20]), 5, False)).set_index("distance")
    assert table.index.tolist() == [-20, -10, 0, 10, 20]
    assert table["attention"].tolist() == pytest.approx([0.2, 0.15, (0.5 + 0.6 + 0.6) / 3, 0.3, 0.2])
    assert table["pairs"].tolist() == [1, 2, 3, 2, 1]


def test_classes_are_what_they_say(small_world: Any) -> None:
    (opened,) = open_runs([small_world.seeing], str(small_world.data))
    scores = probabilities(opened, np.arange(len(opened.windows)))
    target = targets(opened)[1]
    found = {part.name: part for part in attention_classes_of(opened, target, scores, AttentionOptions())}
    labels = opened.windows.labels
    assert (scores[found["bound"].rows, target.output] > 0.5).all()
    assert (scores[found["unbound"].rows, target.output] <= 0.5).all()
    assert (labels[found["unbound"].rows] == 1).any(axis=1).all()
    assert (labels[found["none"].rows] == 0).all()
    # This model attends to sites: its attention is narrow where there is one, and even elsewhere.
    assert entropy(found["bound"].profile).mean() < 0.7 * entropy(found["none"].profile).mean()


def test_study_of_vector_and_channel_attention(small_world: Any) -> None:
    runs = open_runs([small_world.seeing, small_world.signals], str(small_world.data))
    study = attention_study(runs, AttentionOptions(maximum=20, bootstrap=20))
    classes = study.tables["classes"]
    assert set(classes["run"]) == {"seeing", "single"}
    assert (classes["entropy"] <= 1 + 1e-9).all()
    whole = study.tables["profiles"].groupby(["run", "target", "class"])["mean"].sum()
    np.testing.assert_allclose(whole, 1.0, atol=1e-6)
    names = [shown.name for shown in study.figures]
    assert {"classes_1", "tasks_1", "distance_1", "classes_2"} <= set(names)
