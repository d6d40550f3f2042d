"""Paths with kinks: closed form, an independent fine quadrature, and no more passes than are needed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.adaptive_paths import FIRST, Paths, adaptive_paths
from motiflens.interpret.attribution.gradient_inputs import Bases


class Counting(nn.Module):
    """Notes where on the path from zeros to ones each row lies."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.seen: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen += x.detach().flatten(1)[:, 0].tolist()
        return self.model(x)


class Hinge(nn.Module):
    """10 · ReLU(x₀ − 0.3), which has one kink."""

    def forward(self, x: Tensor) -> Tensor:
        return 10 * (x.flatten(1)[:, :1] - 0.3).relu()


def kinked(channels: int = 24) -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Conv1d(4, channels, 7), nn.ReLU(), nn.MaxPool1d(5), nn.Flatten(), nn.Linear(18 * channels, 8))
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(8, 1)).double()


def ends(n: int, b: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    bases = torch.randint(4, (n + n * b, 96), generator=generator)
    one_hot = nn.functional.one_hot(bases, 4).transpose(1, 2).double()
    return one_hot[:n], one_hot[n:], torch.arange(n).repeat_interleave(b)


def paths_of(model: nn.Module, n: int = 3, b: int = 2) -> tuple[Bases, Paths]:
    x, start, rows = ends(n, b)
    with torch.no_grad():
        change = (model(x)[rows] - model(start))[:, 0]
    return Bases(model, x, 0, None), Paths(start, x[rows], rows, change)


def test_one_kink_is_cornered() -> None:
    model = Counting(Hinge())
    x, start, rows = torch.ones(1, 4, 5).double(), torch.zeros(1, 4, 5).double(), torch.arange(1)
    paths = Paths(start, x, rows, torch.tensor([7.0]).double())
    mean = adaptive_paths(Bases(model, x, 0, None), paths, tolerance=1e-3, most=64, points=100)
    # The slope is 10 on 0.7 of the way. Halving cuts the error of the one interval with a kink by about two each
    # time: some seven points suffice where an even grid would need hundreds.
    assert abs(float(mean[0, 0, 0]) - 7.0) <= 7.0 * 1e-3
    assert FIRST + 1 < len(model.seen) <= FIRST + 14
    assert len(set(model.seen)) == len(model.seen)


def test_means_are_those_of_a_fine_quadrature() -> None:
    model = kinked()
    inputs, paths = paths_of(model)
    mean = adaptive_paths(inputs, paths, tolerance=0.01, most=64, points=500)
    number = 4000
    fine = torch.zeros_like(paths.start)
    for along in (torch.arange(number) + 0.5).double().div(number):
        leaf = (paths.start + along * (paths.here - paths.start)).requires_grad_()
        fine += torch.autograd.grad(model(leaf).sum(), leaf)[0] / number
    way = paths.here - paths.start
    missed = ((mean * way).flatten(1).sum(1) - paths.change).abs().reshape(3, 2).mean(1)
    assert (missed <= 0.01 * paths.change.abs().reshape(3, 2).mean(1)).all()
    error = ((mean - fine) * way).flatten(1).norm(dim=1) / (fine * way).flatten(1).norm(dim=1)
    assert float(error.max()) < 0.03


def test_neither_passes_nor_other_windows_change_a_mean() -> None:
    inputs, paths = paths_of(kinked())
    whole = adaptive_paths(inputs, paths, tolerance=0.01, most=64, points=200)
    small = adaptive_paths(inputs, paths, tolerance=0.01, most=3, points=200)
    alone = adaptive_paths(inputs, Paths(*(each[2:4] for each in paths)), tolerance=0.01, most=64, points=200)
    np.testing.assert_allclose(whole.numpy(), small.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(whole[2:4].numpy(), alone.numpy(), rtol=1e-10, atol=1e-12)


def test_the_number_of_points_is_bounded() -> None:
    model = Counting(kinked())
    x, start, rows = ends(1, 1)
    with torch.no_grad():
        change = (model.model(x) - model.model(start))[:, 0]
    adaptive_paths(Bases(model, x, 0, None), Paths(start, x, rows, change), tolerance=0, most=64, points=40)
    assert 40 <= len(model.seen) <= 2 * 40
