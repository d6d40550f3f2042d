"""The epochs of a training: steps, validation, and a state from which the next epoch can go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.layers import Merge
from motiflens.models.attention_entropy import attention_entropy
from motiflens.models.epochs import draw_epoch
from motiflens.models.files import write_whole
from motiflens.models.loader import CodeCache, Loader, Step, epoch_loader, inputs
from motiflens.models.objective import masked_loss, without_some_signals
from motiflens.models.optimizers import make_optimizer, make_schedule
from motiflens.models.profile_loss import profile_loss
from motiflens.models.recipes import Recipe
from motiflens.models.run_files import LAST
from motiflens.models.strands import both_strands, strand_merge
from motiflens.models.training_log import TrainingLog, Validation
from motiflens.models.types import Json
from motiflens.models.validation import valid_rows, validate


class Trainee(nn.Module):
    """What Fabric wraps, for one device or several: a model's logits in training and in validation.

    Parameters
    ----------
    model
        The model.
    merge
        How validation merges the probabilities of both strands; None to score one.
    """

    def __init__(self, model: SequenceModel, *, merge: Merge | None) -> None:
        super().__init__()
        self.model = model
        self.merge: Merge | None = merge

    def forward(self, x: Tensor, meta: Tensor | None) -> tuple[Tensor, ...]:
        """Return the logits of each part that is trained by itself, or in eval mode those of the whole."""
        if self.training:
            return self.model.training_logits(x, meta)
        return (both_strands(self.model, x, meta, self.merge) if self.merge else self.model(x, meta),)


class Fit:
    """A model under training.

    Parameters
    ----------
    fabric
        The launched devices.
    model, recipe, seed
        What is trained, how, and from which seed all randomness derives.
    train, valid
        The two splits.
    log
        Keeps the best weights and the log, and is told how far training is.
    """

    def __init__(
        self,
        fabric: Fabric,
        model: SequenceModel,
        recipe: Recipe,
        train: CodeCache,
        valid: CodeCache,
        log: TrainingLog,
        *,
        seed: int,
    ) -> None:
        self.fabric, self.model, self.recipe, self.seed = fabric, model, recipe, seed
        self._train_split, self._valid_split, self.log = train, valid, log
        trainee = Trainee(model, merge=strand_merge({"training": recipe.json}))
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = make_optimizer(recipe, weights)
        self._trainee, self._optimizer = fabric.setup(trainee, optimizer)
        self._schedule = make_schedule(recipe, optimizer, len(self._training_loader(0)))
        self._valid_rows = valid_rows(len(valid.windows), recipe.valid_windows, seed)

    def run(self, state: Json | None = None) -> None:
        """Train until patience or epochs are at an end, from the beginning or from a state in ``last.ckpt``."""
        first = 0 if state is None else self._restore(state)
        for epoch in range(first, self.recipe.epochs):
            self._train(epoch)
            self._validate(epoch)
            self._keep_state(epoch)
            if self.log.waited >= self.recipe.patience:
                return

    def _training_loader(self, epoch: int) -> Loader:
        windows = self._train_split.windows
        drawn = draw_epoch(
            windows, epoch, self.seed, use_peak=self.recipe.use_peak, most=self.recipe.epoch_windows
        )
        return epoch_loader(
            self._train_split,
            drawn,
            batch=self.recipe.batch,
            epoch=epoch,
            seed=self.seed,
            turn=self.recipe.reverse_complement and not self.model.siamese,
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
        )

    def _train(self, epoch: int) -> None:
        # Everything random in an epoch derives from its number, so that an epoch can be repeated after a kill.
        torch.manual_seed((self.seed * 1_000_003 + epoch) * 4096 + self.fabric.global_rank)
        loader = self._training_loader(epoch)
        losses = []
        self._trainee.train()
        self.log.begin(epoch, len(loader.index) + len(self._valid_rows))
        with self._steps(loader) as steps:
            for step in steps:
                self.log.step_begins()
                losses.append(self._step(step))
                self.log.step_ended(len(step.codes) * self.fabric.world_size, losses[-1])
        mean = torch.stack(losses).mean() if losses else torch.full((), float("nan"))
        self._mean_loss = float(torch.stack(self._gathered(mean)).mean())
        self.log.trained()

    def _step(self, step: Step) -> Tensor:
        x = without_some_signals(inputs(step), self.recipe.signal_dropout)
        self._optimizer.zero_grad()
        # Members of an ensemble are each trained by itself: their losses share no weight.
        weight = self.recipe.attention_entropy
        with attention_entropy(self.model, wanted=weight > 0) as entropies:
            outputs = self._trainee(x, step.meta)
            if step.tracks is not None:  # a mean over this process's windows, of which all have equally many
                profile, log_counts = outputs
                losses = [profile_loss(profile, log_counts, step.tracks) / self.fabric.world_size]
            else:
                losses = [masked_loss(logits, step.y, step.known) for logits in outputs]
        # Gradients are averaged over processes: times their number gives the sum.
        loss = torch.stack(losses).sum() * self.fabric.world_size
        if entropies:
            loss = loss + weight * torch.stack(entropies).mean()
        self.fabric.backward(loss)
        if self.recipe.clip:
            self.fabric.clip_gradients(self._trainee, self._optimizer, max_norm=self.recipe.clip)
        self._optimizer.step()
        if self._schedule is not None:
            self._schedule.step()
        return loss.detach()

    def _validate(self, epoch: int) -> None:
        world, windows = self.fabric.world_size, self._valid_split.windows
        batch = max(self.recipe.batch, 256) * world
        loader = Loader(self._valid_split, self._valid_rows, batch, rank=self.fabric.global_rank, world=world)
        scores = []
        self._trainee.eval()
        with torch.inference_mode(), self._steps(loader) as steps:
            for step in steps:
                (logits,) = self._trainee(inputs(step), step.meta)
                scores.append(self._rows(logits.float()))
                self.log.scored(len(scores[-1]))
        logits = torch.cat(scores)[: len(self._valid_rows)].numpy()
        measures = validate(windows, self._valid_rows, logits)
        figures = {"train_loss": self._mean_loss, **measures.figures}
        rate = self._optimizer.param_groups[0]["lr"]
        self.log.validated(epoch, self.model, Validation(figures, measures.table, rate))

    @contextlib.contextmanager
    def _steps(self, loader: Loader) -> Iterator[Iterable[Step]]:
        """Give a loader's batches, on the device; its reading ends with the block, also by an error."""
        with contextlib.closing(iter(loader)) as steps:
            yield (step.each(self.fabric.to_device) for step in steps)

    def _gathered(self, tensor: Tensor) -> list[Tensor]:
        """Return a tensor of every process, in the order of ranks; all have one shape."""
        if self.fabric.world_size == 1:
            return [tensor]
        parts = [torch.empty_like(tensor) for _ in range(self.fabric.world_size)]
        torch.distributed.all_gather(parts, tensor.contiguous())
        return parts

    def _rows(self, scores: Tensor) -> Tensor:
        """Put the scores of a batch, which was dealt out to all processes in turn, back into its order, (n, T)."""
        return torch.stack(self._gathered(scores), dim=1).reshape(-1, scores.shape[1]).cpu()

    def _keep_state(self, epoch: int) -> None:
        if not self.fabric.is_global_zero:
            return
        state = {
            "epoch": epoch,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": None if self._schedule is None else self._schedule.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "keeper": self.log.state_dict(),
        }
        with write_whole(self.log.folder / LAST) as part:
            torch.save(state, part)

    def _restore(self, state: Json) -> int:
        """Go back to a state; return the epoch to go on with. The log has been brought there already."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule is not None:
            self._schedule.load_state_dict(state["schedule"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        return int(state["epoch"]) + 1
