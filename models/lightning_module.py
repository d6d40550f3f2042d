"""What lightning trains: a model, its loss, its optimiser and its validation measures."""

from __future__ import annotations

from functools import partial
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.epochs import draw_epoch
from motiflens.models.loader import CodeCache, Loader, Step, epoch_loader, inputs
from motiflens.models.metrics import mean_metrics, task_metrics
from motiflens.models.recipes import Recipe
from motiflens.models.strands import both_strands


def masked_loss(logits: Tensor, y: Tensor, known: float) -> Tensor:
    """Binary cross-entropy summed over the labels that are not NaN, divided by `known`.

    Parameters
    ----------
    logits, y
        (n, T).
    known
        How many labels the whole batch knows; the sum is divided by it, so that parts of a batch on several
        devices add up to the mean over the whole.
    """
    mask = ~torch.isnan(y)
    losses = functional.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none")
    return (losses * mask).sum() / max(known, 1)


def gathered(tensor: Tensor, world: int) -> list[Tensor]:
    """Return a tensor of every process, in the order of ranks; all have one shape."""
    parts = [torch.empty_like(tensor) for _ in range(world)]
    torch.distributed.all_gather(parts, tensor.contiguous())
    return parts


def _parts(model: SequenceModel) -> list[nn.Module]:
    """Return the members of an ensemble, or the model itself."""
    members = getattr(model, "members", None)
    return list(members) if isinstance(members, nn.ModuleList) else [model]


class Trained(pl.LightningModule):
    """A model under training.

    Parameters
    ----------
    model, recipe, seed
        What is trained, how, and from which seed all randomness derives.
    train, valid
        The two splits.
    """

    def __init__(
        self, model: SequenceModel, recipe: Recipe, train: CodeCache, valid: CodeCache, *, seed: int
    ) -> None:
        super().__init__()
        self.model, self.recipe, self.seed = model, recipe, seed
        self._train_split, self._valid_split = train, valid
        self._losses: list[Tensor] = []
        self._scores: list[Tensor] = []
        self.figures: dict[str, float] = {}  # of the last validation
        self.table: Any = None  # its metrics per task
        self.step_loss = torch.zeros(())

    def train_dataloader(self) -> Loader:
        windows = self._train_split.windows
        return epoch_loader(
            self._train_split,
            draw_epoch(
                windows,
                self.current_epoch,
                self.seed,
                use_peak=self.recipe.use_peak,
                most=self.recipe.epoch_windows,
            ),
            batch=self.recipe.batch,
            epoch=self.current_epoch,
            seed=self.seed,
            turn=self.recipe.reverse_complement and not self.model.siamese,
            rank=self.trainer.global_rank,
            world=self.trainer.world_size,
        )

    def valid_rows(self) -> np.ndarray:
        """Rows of the validation split that are scored, in order."""
        count, most = len(self._valid_split.windows), self.recipe.valid_windows
        if count <= most:
            return np.arange(count)
        return np.sort(np.random.default_rng([self.seed, 2]).choice(count, most, replace=False))

    def val_dataloader(self) -> Loader:
        world = self.trainer.world_size
        batch = max(self.recipe.batch, 256) * world
        return Loader(self._valid_split, self.valid_rows(), batch, rank=self.trainer.global_rank, world=world)

    def on_train_epoch_start(self) -> None:
        # Everything random in an epoch derives from its number, so that an epoch can be repeated after a kill.
        torch.manual_seed((self.seed * 1_000_003 + self.current_epoch) * 4096 + self.trainer.global_rank)
        self._losses.clear()

    def training_step(self, step: Step, _: int) -> Tensor:
        x = self._without_some_signals(inputs(step))
        # Members of an ensemble are each trained by itself: their losses share no weight.
        losses = [masked_loss(part(x, step.meta), step.y, step.known) for part in _parts(self.model)]
        # lightning averages gradients over processes: times their number gives the sum.
        loss = torch.stack(losses).sum() * self.trainer.world_size
        self.step_loss = loss.detach()
        self._losses.append(self.step_loss)
        return loss

    def _without_some_signals(self, x: Tensor) -> Tensor:
        """Silence the signals of a share of windows."""
        share = self.recipe.signal_dropout
        if not share or x.shape[1] == 4:
            return x
        kept = (torch.rand(len(x), 1, 1, device=x.device) >= share).to(x.dtype)
        return torch.cat([x[:, :4], x[:, 4:] * kept], dim=1)

    def on_validation_epoch_start(self) -> None:
        self._scores.clear()

    def validation_step(self, step: Step, _: int) -> None:
        score = partial(both_strands, self.model) if self.recipe.average_strands else self.model
        self._scores.append(score(inputs(step), step.meta).float())

    def on_validation_epoch_end(self) -> None:
        logits = self._gathered(self._scores)
        windows = self._valid_split.windows
        y = windows.labels[self.valid_rows()]
        self.table = task_metrics(y, logits, windows.tasks)
        found = mean_metrics(self.table)
        loss = masked_loss(torch.from_numpy(logits), torch.from_numpy(y), int((~np.isnan(y)).sum()))
        mean = torch.stack(self._losses).mean() if self._losses else torch.full((), float("nan"))
        if self.trainer.world_size > 1:
            mean = torch.stack(gathered(mean, self.trainer.world_size)).mean()
        self.figures = {
            "train_loss": float(mean),
            "valid_loss": float(loss),
            "valid_auprc": found["auprc"],
            "valid_auroc": found["auroc"],
        }

    def _gathered(self, parts: list[Tensor]) -> np.ndarray:
        """Put the scores of all processes back into the rows' order, (rows, T)."""
        world = self.trainer.world_size
        pieces = []
        for part in parts:  # n, T of this process
            if world > 1:
                every = torch.stack(gathered(part, world), dim=1)  # n, world, T: rows were dealt out in turn
                part = every.reshape(-1, part.shape[1])
            pieces.append(part.cpu())
        return torch.cat(pieces)[: len(self.valid_rows())].numpy()

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        optimizer = make_optimizer(recipe, weights)
        if recipe.schedule == "constant":
            return optimizer
        steps = recipe.epochs * len(self.train_dataloader())
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.rate, total_steps=max(steps, 2), pct_start=0.1, cycle_momentum=False
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def make_optimizer(recipe: Recipe, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Make a recipe's optimiser over some weights."""
    rate, decay, momentum = recipe.rate, recipe.decay, recipe.momentum
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=momentum, weight_decay=decay, nesterov=momentum > 0)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(weights, lr=rate, alpha=0.9, momentum=momentum, weight_decay=decay)
    kinds = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "adagrad": torch.optim.Adagrad,
        "adadelta": torch.optim.Adadelta,
    }
    return kinds[recipe.optimizer](weights, lr=rate, weight_decay=decay)
