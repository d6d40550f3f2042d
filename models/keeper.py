"""What a training run leaves on disk after each epoch, when to stop, and what it reports meanwhile."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl

from motiflens.models import types
from motiflens.models.files import write_json, write_text, write_whole
from motiflens.models.lightning_module import Trained
from motiflens.models.run import LOG, METRICS, save_run

LAST = "last.ckpt"
COLUMNS = ("epoch", "train_loss", "valid_loss", "valid_auprc", "valid_auroc", "rate", "seconds")
_EVERY = 0.25  # seconds between two reports


class Progress(NamedTuple):
    """How far training is."""

    epoch: int  # from 0
    epochs: int  # at most
    step: int  # of this epoch, from 1
    steps: int
    loss: float  # of this step; after validation the epoch's mean
    auprc: float  # of the last validation; NaN before the first
    sequences_per_second: float
    seconds_left: float  # of this epoch
    validated: bool  # the epoch is over, and `auprc` is its own


Report = Callable[[Progress], None]


class InterruptedTraining(Exception):  # noqa: N818 - as KeyboardInterrupt: a state, no error
    """Ctrl-C was pressed during training."""


class Keeper(pl.Callback):
    """Keep the best weights, the last state, the log and the measures; stop in time.

    Parameters
    ----------
    folder
        The run folder.
    config
        What goes into ``config.json``.
    report
        Called a few times a second; None for silence.

    Attributes
    ----------
    rows
        The log, one row an epoch.
    best, best_epoch, waited, table
        The best value of the monitor, its epoch, epochs since, and that epoch's metrics per task.
    interrupted
        Set from outside: stop after this step.
    seconds, training, stepping, sequences
        Seconds in epochs, of them outside validation, of those inside steps, and sequences trained on, over the
        whole run.
    """

    def __init__(self, folder: Path, config: types.Json, report: Report | None = None) -> None:
        self.folder, self.config, self.report = folder, config, report
        self.rows: list[dict[str, Any]] = []
        self.best, self.best_epoch, self.waited = -math.inf, -1, 0
        self.table: list[dict[str, Any]] = []
        self.interrupted = False
        self.seconds, self.training, self.stepping, self.sequences = 0.0, 0.0, 0.0, 0
        self._said = self._began = self._mark = 0.0
        self._seen = 0

    _STATE = ("rows", "best", "best_epoch", "waited", "table", "seconds", "training", "stepping", "sequences")

    def state_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self._STATE}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for key in self._STATE:
            setattr(self, key, state_dict[key])

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began, self._seen = time.perf_counter(), 0

    def on_train_batch_start(self, *_: Any) -> None:
        self._mark = time.perf_counter()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        now = time.perf_counter()
        self.stepping += now - self._mark
        self._seen += len(batch.codes) * trainer.world_size
        if self.interrupted:
            raise InterruptedTraining
        if now - self._said >= _EVERY:
            self._said = now
            assert isinstance(pl_module, Trained)
            self._tell(trainer, batch_idx + 1, float(pl_module.step_loss), False)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.training += time.perf_counter() - self._began

    def on_validation_batch_end(self, *_: Any, **__: Any) -> None:
        if self.interrupted:
            raise InterruptedTraining

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Trained)
        figures, spent = pl_module.figures, time.perf_counter() - self._began
        self.seconds += spent
        self.sequences += self._seen
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        row = {"epoch": trainer.current_epoch, **figures, "rate": rate, "seconds": round(spent, 2)}
        self.rows = [*self.rows, row]
        value = figures["valid_auprc"] if pl_module.recipe.monitor == "auprc" else -figures["valid_loss"]
        if value > self.best:
            self.best, self.best_epoch, self.waited = value, trainer.current_epoch, 0
            self.table = pl_module.table.to_dict("records")
            if trainer.is_global_zero:
                save_run(self.folder, pl_module.model, self.config)
        else:
            self.waited += 1
        if trainer.is_global_zero:
            self.write_log()
            self.write_metrics(finished=False)
        self._tell(trainer, int(trainer.num_training_batches), figures["train_loss"], True)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Trained)
        if self.waited >= pl_module.recipe.patience:
            trainer.should_stop = True
        if trainer.is_global_zero:
            with write_whole(self.folder / LAST) as part:
                trainer.save_checkpoint(part, weights_only=False)
        else:  # all processes take part; only the first one writes
            trainer.save_checkpoint(self.folder / LAST, weights_only=False)

    def write_log(self) -> None:
        """Write ``log.csv``."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.folder / LOG, text.getvalue())

    def write_metrics(self, *, finished: bool) -> None:
        """Write ``metrics.json``: what validation found for the weights that are kept, and the time it took."""
        record = {
            "finished": finished,
            "epochs": len(self.rows),
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 2),
            "seconds_training": round(self.training, 2),
            "seconds_in_steps": round(self.stepping, 2),
            "sequences": self.sequences,
            "valid": self.table,
        }
        write_json(self.folder / METRICS, record)

    def _tell(self, trainer: pl.Trainer, step: int, loss: float, validated: bool) -> None:
        if self.report is None or not trainer.is_global_zero:
            return
        steps, spent = int(trainer.num_training_batches), time.perf_counter() - self._began
        auprc = self.rows[-1]["valid_auprc"] if self.rows else math.nan
        left = spent / step * (steps - step)
        epochs = int(trainer.max_epochs or 0)
        self.report(
            Progress(trainer.current_epoch, epochs, step, steps, loss, auprc, self._seen / spent, left, validated)
        )
