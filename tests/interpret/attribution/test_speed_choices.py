"""What is only done where it pays, and what is learned about a model to choose."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.gradient_inputs import widest
from motiflens.interpret.attribution.stem import find_stem


class Weighted(nn.Module):
    """A convolution of 4 × 8 × 5 weights before a dense layer of chosen width."""

    def __init__(self, dense: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 8, 5)
        self.dense = nn.Linear(8 * 96, dense)
        self.out = nn.Linear(dense, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.dense(torch.relu(self.convolution(x)).flatten(1))))


def windows(n: int = 2, length: int = 100) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    bases = torch.randint(4, (n, length), generator=generator)
    return nn.functional.one_hot(bases, 4).transpose(1, 2).float()


def test_the_saving_is_the_counted_one() -> None:
    stem = find_stem(Weighted(10), windows(1), None)
    assert stem is not None
    convolution, rest = 96 * 4 * 8 * 5, 8 * 96 * 10 + 10
    assert stem.total == convolution + rest
    # An edit of 3 bases reaches 7 outputs, which see 11 of the 100 bases.
    assert stem.saving(100, 3) == pytest.approx(convolution * (1 - 11 / 100) / (convolution + rest))


@pytest.mark.parametrize(("dense", "local"), [(4, True), (4000, False)])
def test_mutagenesis_is_local_where_it_saves(monkeypatch: pytest.MonkeyPatch, dense: int, local: bool) -> None:
    used = []
    monkeypatch.setattr(
        "motiflens.interpret.attribution.edits.EditScorer.local",
        lambda self, index, whole, stem, base: used.append(len(index)) or self.whole(index, whole),
    )
    attribute(Weighted(dense), windows(), method="ism")
    assert bool(used) == local


def test_rows_of_a_pass_follow_the_widest_layer() -> None:
    model = nn.Sequential(nn.Conv1d(4, 128, 1), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(128, 1))
    with widest(model) as noted, torch.no_grad():
        model(windows(3, 1024))
    assert noted.row == 128 * 1024 * 4  # 512 KiB
    assert [noted.rows(most) for most in (64, 4)] == [16, 4]
    assert all(not module._forward_hooks for module in model.modules())
    noted.on_cpu = False
    assert noted.rows(64) == 64


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients", "gradient_shap", "smoothgrad"])
def test_wide_layers_change_no_score(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    torch.manual_seed(0)
    model, x = Weighted(6).double(), windows(40)
    whole = attribute(model, x, method=method)
    monkeypatch.setattr("motiflens.interpret.attribution.gradient_inputs._LAYER_BYTES", 1)
    parts = attribute(model, x, method=method)
    np.testing.assert_allclose(whole.scores, parts.scores, rtol=1e-9, atol=1e-12)


def test_refinements_can_be_left_out() -> None:
    torch.manual_seed(0)
    model, x = Weighted(6), windows()
    rough = attribute(model, x, method="integrated_gradients", options={"steps": 1, "refinements": 0})
    fine = attribute(model, x, method="integrated_gradients", options={"steps": 1, "refinements": 4})
    assert rough.completeness.max() > fine.completeness.max()
    with pytest.raises(ValueError, match="refinements is -1: expected at least 0"):
        attribute(model, x, method="integrated_gradients", options={"refinements": -1})
    with pytest.raises(ValueError, match="batch_size is 0: expected at least 1"):
        attribute(model, x, method="saliency", batch_size=0)


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient"])
def test_a_pass_asks_for_one_gradient(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """That of the sum of logits, in batches whose size is learned once; each window has its own gradient."""
    model, x = Weighted(4), windows(12)
    expected = []
    for window in x:
        leaf = window[None].clone().requires_grad_()
        expected.append(torch.autograd.grad(model(leaf).sum(), leaf)[0])
    asked: list[int] = []
    grad = torch.autograd.grad

    def note(outputs: Tensor | tuple[Tensor, ...], *arguments: object, **options: object) -> object:
        asked.append(1 if isinstance(outputs, Tensor) else len(outputs))
        return grad(outputs, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.autograd, "grad", note)
    monkeypatch.setattr("motiflens.interpret.attribution.gradient_inputs._FEWEST", 1)
    found = attribute(model, x, method=method, batch_size=3, correct=False)
    # One small pass to learn from (2), then batches of 3 at most of the other 10.
    assert asked == [1] * 5
    assert found.hypothetical is not None
    np.testing.assert_allclose(found.hypothetical, torch.cat(expected).numpy(), rtol=1e-5, atol=1e-7)
