"""Adam in one pass for large models alone: the same steps, to rounding."""

from __future__ import annotations

import pytest
import torch

from motiflens.models import optimizers
from motiflens.models.recipes import Recipe


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_one_pass_takes_the_same_steps(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for least in (10, 1000):
        monkeypatch.setattr(optimizers, "LARGE", least)
        weight = torch.nn.Parameter(torch.linspace(-1, 1, 100))
        optimizer = optimizers.make_optimizer(Recipe(optimizer=kind, decay=1e-3), [weight])  # type: ignore[arg-type]
        assert bool(optimizer.defaults["fused"]) == (least == 10)
        for step in range(20):
            weight.grad = torch.sin(weight.detach() * 5 + step)
            optimizer.step()
        found.append(weight.detach())
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps", range(1, 31))
def test_a_cosine_of_any_number_of_steps(steps: int) -> None:
    """Ten steps divided by zero: a tenth of them is the first."""
    recipe = Recipe(schedule="cosine", epochs=1, optimizer="adam", rate=0.1)
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = optimizers.make_optimizer(recipe, [weight])
    schedule = optimizers.make_schedule(recipe, optimizer, steps)
    assert schedule is not None
    rates = [optimizer.param_groups[0]["lr"]]
    weight.grad = torch.ones(3)
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert 0 <= min(rates) <= max(rates) <= 0.1 + 1e-9
