"""The route by attribution: each window by its own task, signs as the model has them."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.routes import seqlets as module
from motiflens.analyses.motifs.routes.seqlets import _scores
from motiflens.interpret.attribution.attribute import attribute


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory, planted: ModuleType) -> MotifContext:
    run = planted.run(tmp_path_factory.mktemp("seqlets"))
    data = planted.dataset(np.random.default_rng(0))
    options = MotifOptions(maximum=40, least_prediction=0.1)
    return MotifContext(run, data, jaspar()[:3], options=options)


def test_each_window_by_its_own_task(context: MotifContext) -> None:
    rows, tasks = context.positives.rows[:12], context.positives.task[:12]
    assert len(set(tasks)) > 1
    scores = _scores(context, rows, tasks)
    for number, (row, task) in enumerate(zip(rows, tasks, strict=True)):
        batch = context.windows.read(np.array([row]))
        one = attribute(context.run.model, batch.x, method="input_x_gradient", target=int(task), seed=0)
        np.testing.assert_allclose(scores[number], one.scores[0, :4], rtol=1e-4, atol=1e-6)


def test_scores_stand_at_the_bases_that_are_there(context: MotifContext, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def patterns(scores: np.ndarray, codes: np.ndarray, tasks: np.ndarray, **_: object) -> list[object]:
        seen.append((scores, codes, tasks))
        return []

    monkeypatch.setattr(module, "patterns_of", patterns)
    module.seqlets(context)
    scores, codes, tasks = seen[0]
    assert set(tasks) == set(context.tasks)  # each output is explained, also where another is predicted higher
    x = (codes[:, None] == np.arange(4)[:, None]).astype(np.float32)
    assert ((scores == 0) | (x == 1)).all()


def test_a_window_is_explained_for_each_task_that_binds_it(
    context: MotifContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two tasks that bind the same windows, one was explained where it was predicted higher."""
    seen = []

    def patterns(scores: np.ndarray, codes: np.ndarray, tasks: np.ndarray, **_: object) -> list[object]:
        seen.append((codes, tasks))
        return []

    monkeypatch.setattr(module, "patterns_of", patterns)
    labels = context.windows.labels.copy()
    labels[labels[:, 0] == 1, 3] = 1
    monkeypatch.setattr(context.windows, "labels", labels)
    options = replace(context.options, maximum=10_000)
    module.seqlets(replace(context, options=options))
    codes, tasks = seen[0]
    assert np.bincount(tasks).tolist() == labels.sum(axis=0).tolist()
    for task in range(4):
        rows = np.flatnonzero(labels[:, task] == 1)
        np.testing.assert_array_equal(codes[tasks == task], context.windows.codes(rows))
