"""A recipe's optimiser and its schedule of learning rates."""

from __future__ import annotations

from typing import Final

import torch
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from motiflens.models.recipes import Recipe

LARGE: Final = 10_000_000  # weights from which on Adam takes a step in one pass


def make_optimizer(recipe: Recipe, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Make a recipe's optimiser over some weights."""
    rate, decay, momentum = recipe.rate, recipe.decay, recipe.momentum
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=momentum, weight_decay=decay, nesterov=momentum > 0)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate, alpha=0.9, momentum=momentum, weight_decay=decay)
    if recipe.optimizer in ("adam", "adamw"):
        # One pass over each weight in place of a dozen: at TBiNet's 36 million 27 ms a step in place of 214. Its
        # rounding differs in the last place, so smaller models, to which it matters little, are left as they were.
        kind = torch.optim.Adam if recipe.optimizer == "adam" else torch.optim.AdamW
        large = sum(weight.numel() for weight in weights) >= LARGE
        return kind(weights, lr=rate, weight_decay=decay, fused=True if large else None)
    kinds = {"adagrad": torch.optim.Adagrad, "adadelta": torch.optim.Adadelta}
    return kinds[recipe.optimizer](weights, lr=rate, weight_decay=decay)


def make_schedule(recipe: Recipe, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler | None:
    """Make what changes the rate after each of `steps` steps (an epoch's); None where it stays as it is."""
    if recipe.schedule == "constant":
        return None
    total = max(recipe.epochs * steps, 2)
    # Of ten steps a tenth is the first one, and torch would divide by the steps to it, which are none.
    share = 0.1 if total != 10 else 0.1001
    return OneCycleLR(optimizer, recipe.rate, total_steps=total, pct_start=share, cycle_momentum=False)
