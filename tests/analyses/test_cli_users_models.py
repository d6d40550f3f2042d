"""`interpret attribute` and `sanity` of users' modules: the output that is chosen, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.interpret import attribute, open_store
from motiflens.models import build, register, registry, save_run
from motiflens.models.data.one_hot import decode, one_hot

LENGTH = 40
CODES = np.random.default_rng(0).integers(0, 4, (4, LENGTH)).astype(np.uint8)
CODES[1] = 2  # GGG…: no shuffle changes it


@pytest.fixture(autouse=True)
def _heads() -> Iterator[None]:
    """Register a module of two outputs; the second is a quotient of tensors, which DeepLIFT has no rule for."""
    registered = dict(registry._REGISTERED)

    @register("heads")
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.out = nn.Conv1d(4, 6, 5, padding=2), nn.Linear(6, 1)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            hidden = self.convolution(x).relu()
            counts = self.out(hidden.mean(-1))
            return {"counts": counts, "ratio": counts / (0.1 + hidden.mean((1, 2)))[:, None]}

    yield
    registry._REGISTERED.clear()
    registry._REGISTERED.update(registered)


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run of that module, and files of sequences and of labelled windows."""
    torch.manual_seed(0)
    model = build("heads", length=LENGTH)
    (tmp_path / "s.fa").write_text("".join(f">s{i}\n{decode(row)}\n" for i, row in enumerate(CODES)))
    np.savez(tmp_path / "x.npz", X=np.repeat(one_hot(CODES), 5, axis=0), y=np.arange(20) % 2)
    return str(save_run(tmp_path / "run", model, {"tasks": ["a"], "channels": list("ACGT"), "meta": []}))


def test_the_output_that_is_named_is_attributed(run: str, tmp_path: Path) -> None:
    from motiflens.models import load

    words = ["attribute", run, "--fasta", str(tmp_path / "s.fa"), "--method", "saliency", "--device", "cpu"]
    for output in ("counts", "ratio"):
        out = tmp_path / output
        done = CliRunner().invoke(app, [*words, "--output", output, "--out", str(out)])
        assert done.exit_code == 0, done.output
        wanted = attribute(load(run), one_hot(CODES), method="saliency", output=output).scores
        with open_store(out / "attributions.h5") as store:
            np.testing.assert_allclose(store.scores[:], wanted, rtol=1e-5, atol=1e-8)
    for command in (words, ["sanity", run, "--data", str(tmp_path / "x.npz"), "--epochs", "0"]):
        more = ["--out", str(tmp_path / "none")] if command is words else []
        done = CliRunner().invoke(app, [*command, *more])
        assert isinstance(done.exception, ValueError | SystemExit)
        told = str(done.exception) + done.stderr
        assert "the model gives a dict of 'counts' (4, 1), 'ratio' (4, 1)" in told or "a dict of 'counts'" in told
        assert "output='counts' or 'ratio'" in told


def test_what_does_not_add_up_or_has_nothing_to_explain_is_said(run: str, tmp_path: Path) -> None:
    """A homopolymer has zeros, with a word; a function without a rule is the cause, and more steps are no help."""
    words = ["attribute", run, "--fasta", str(tmp_path / "s.fa"), "--device", "cpu", "--method"]
    for output, cause in (("counts", None), ("ratio", "the model computes div, for which DeepLIFT has no rule")):
        out = tmp_path / output
        done = CliRunner().invoke(app, [*words, "deep_lift_shap", "--output", output, "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert "note: 1 of 4 windows have no change to explain" in done.stderr
        assert ("does not add up for" in done.stderr) == (cause is not None)
        assert cause is None or cause in done.stderr
        with open_store(out / "attributions.h5") as store:
            assert store.unexplained is not None
            assert store.unexplained.tolist() == [False, True, False, False]
            assert (store.scores[1] == 0).all()
    # Without the axiom of completeness, too: methods that compare with shuffles alone.
    done = CliRunner().invoke(
        app, [*words, "gradient_shap", "--output", "counts", "--out", str(tmp_path / "shap")]
    )
    assert "note: 1 of 4 windows have no change to explain" in done.stderr


def test_precision_is_that_which_is_asked_for(run: str, tmp_path: Path) -> None:
    words = ["attribute", run, "--fasta", str(tmp_path / "s.fa"), "--device", "cpu", "--output", "counts"]
    kept = []
    for precision in ("float32", "float16"):
        out = tmp_path / precision
        done = CliRunner().invoke(app, [*words, "--precision", precision, "--out", str(out)])
        assert done.exit_code == 0, done.output
        with open_store(out / "attributions.h5") as store:
            assert store.scores.dtype == precision
            kept.append(store.scores[:])
    np.testing.assert_allclose(kept[1], kept[0], rtol=0, atol=6e-4 * np.abs(kept[0]).max())


def test_twins_are_asked_for_on_the_command_line(run: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    twin = str(save_run(tmp_path / "twin", build("heads", length=LENGTH), {"tasks": ["a"]}))
    words = ["sanity", run, "--data", str(tmp_path / "x.npz"), "--split", "train", "--windows", "4"]
    words += ["--output", "counts"]
    given = CliRunner().invoke(app, [*words, "--epochs", "0", "--twin", twin])
    assert "1 given models" in given.stdout, given.output
    trained = CliRunner().invoke(app, [*words, "--epochs", "1", "--twins", "2"])
    assert "2 twins trained for 1 epochs" in trained.stdout, trained.output
    shuffled = CliRunner().invoke(app, [*words, "--epochs", "0", "--shuffled", twin])
    assert "labels\tgiven model\t" in shuffled.stdout
    alone = CliRunner().invoke(app, [*words, "--epochs", "0"])
    assert "twins" not in alone.stdout
    assert "labels" not in alone.stdout
