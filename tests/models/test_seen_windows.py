"""What a model was trained on and is now measured on is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, open_dataset, open_run, save_run
from motiflens.models.data.one_hot import decode, reverse_complement
from motiflens.models.seen_windows import seen_notes


def write(path: Path, codes: np.ndarray) -> None:
    rows = [f"A\te{i}\t{decode(row)}\t{i % 2}\n" for i, row in enumerate(codes.astype(np.uint8))]
    path.write_text("FoldID\tEventID\tseq\tBound\n" + "".join(rows))


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Of B's 20 test windows 3 are A's, 2 turned, 2 shifted by 20 bp."""
    rng = np.random.default_rng(0)
    a, b, test = (rng.integers(0, 4, (n, 60)).astype(np.uint8) for n in (200, 100, 20))
    test[:3], test[3:5] = a[:3], reverse_complement(a[3:5])
    test[5:7, :40] = a[5:7, 20:]
    for name, codes in (("A.AC", a), ("A.B", rng.integers(0, 4, (20, 60))), ("B.AC", b), ("B.B", test)):
        write(tmp_path / f"{name}.seq", codes)
    return tmp_path


def test_windows_of_another_set_that_a_model_was_trained_on(sets: Path) -> None:
    """A model of one set measured on another one, or beginning with its weights: no word was said."""
    with_data = {"tasks": ["A"], "data": {"source": str(sets / "A.AC.seq"), "options": {}}}
    model = build("cnn_zeng", length=60, kernels=4, dense=4)
    run = open_run(save_run(sets / "run", model, with_data))
    other = open_dataset(sets / "B.AC.seq")
    (note,) = seen_notes(run, other)
    assert "warning: 7 of 20 windows of test are equal or homologous to windows that" in note
    assert seen_notes(run, open_dataset(sets / "A.AC.seq")) == ()
    assert seen_notes(open_run(save_run(sets / "published", model, {"tasks": ["A"]})), other) == ()
    data = ["--data", str(sets / "B.AC.seq")]
    fine = ["--init-from", str(run.path), "--set", "epochs=1", "--set", "kernels=4", "--set", "dense=4"]
    for words in (
        ["evaluate", str(run.path), *data, "--no-controls"],
        ["train", "--model", "cnn_zeng", *data, *fine, "--out", str(sets / "fine")],
    ):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert "warning: 7 of 20 windows of test" in done.output
    (sets / "A.AC.seq").unlink()
    assert seen_notes(run, other) == ()  # nobody knows
