"""What a training run leaves on disk after each epoch, when to stop, and what it reports meanwhile."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.files import write_json, write_text
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


class Validation(NamedTuple):
    """What validation found after an epoch."""

    figures: dict[str, float]  # train_loss, valid_loss, valid_auprc, valid_auroc
    table: list[dict[str, Any]]  # metrics of each task
    rate: float  # the learning rate now


class InterruptedTraining(Exception):  # noqa: N818 - as KeyboardInterrupt: a state, no error
    """Ctrl-C was pressed during training."""


class TrainingLog:
    """Keep the best weights, the log and the measures; count epochs without a better one; report.

    Parameters
    ----------
    folder
        The run folder.
    config
        What goes into ``config.json``.
    epochs
        How many there are at most.
    monitor
        What is watched: ``auprc`` or ``loss``.
    report
        Called a few times a second; None for silence.

    Attributes
    ----------
    writes
        Whether this process writes and reports: of several only one does, which is known once they run.
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

    def __init__(
        self,
        folder: Path,
        config: types.Json,
        *,
        epochs: int,
        monitor: str = "auprc",
        report: Report | None = None,
    ) -> None:
        self.folder, self.config, self.epochs, self.monitor = folder, config, epochs, monitor
        self.report, self.writes = report, True
        self.rows: list[dict[str, Any]] = []
        self.best, self.best_epoch, self.waited = -math.inf, -1, 0
        self.table: list[dict[str, Any]] = []
        self.interrupted = False
        self.seconds, self.training, self.stepping, self.sequences = 0.0, 0.0, 0.0, 0
        self._said = self._began = self._mark = 0.0
        self._epoch = self._step = self._steps = self._seen = 0

    _STATE = ("rows", "best", "best_epoch", "waited", "table", "seconds", "training", "stepping", "sequences")

    def state_dict(self) -> dict[str, Any]:
        """Return what an interrupted training needs to go on."""
        return {key: getattr(self, key) for key in self._STATE}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for key in self._STATE:
            setattr(self, key, state[key])

    def begin(self, epoch: int, steps: int) -> None:
        """Take note that an epoch begins."""
        self._began = time.perf_counter()
        self._epoch, self._step, self._steps, self._seen = epoch, 0, steps, 0

    def step_begins(self) -> None:
        """Take note that the batch has been read."""
        self._mark = time.perf_counter()

    def step_ended(self, windows: int, loss: torch.Tensor) -> None:
        """Count a step over so many windows on all devices; report now and then; stop if Ctrl-C was pressed."""
        now = time.perf_counter()
        self.stepping += now - self._mark
        self._step += 1
        self._seen += windows
        self.pause()
        if self.report is not None and now - self._said >= _EVERY:
            self._said = now
            self._tell(float(loss), validated=False)

    def pause(self) -> None:
        """Raise InterruptedTraining if Ctrl-C was pressed."""
        if self.interrupted:
            raise InterruptedTraining

    def trained(self) -> None:
        """Take note that the epoch's steps are over."""
        self.training += time.perf_counter() - self._began

    def validated(self, epoch: int, model: SequenceModel, found: Validation) -> None:
        """Log an epoch, and keep the model if it is the best one yet."""
        figures, spent = found.figures, time.perf_counter() - self._began
        self.seconds += spent
        self.sequences += self._seen
        self.rows = [*self.rows, {"epoch": epoch, **figures, "rate": found.rate, "seconds": round(spent, 2)}]
        value = figures["valid_auprc"] if self.monitor == "auprc" else -figures["valid_loss"]
        if value > self.best:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            self.table = found.table
            self.write_model(model)
        else:
            self.waited += 1
        self.write_log()
        self.write_metrics(finished=False)
        self._tell(figures["train_loss"], validated=True)

    def write_model(self, model: SequenceModel) -> None:
        """Write the weights and ``config.json``."""
        if self.writes:
            save_run(self.folder, model, self.config)

    def write_log(self) -> None:
        """Write ``log.csv``."""
        if not self.writes:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.folder / LOG, text.getvalue())

    def write_metrics(self, *, finished: bool) -> None:
        """Write ``metrics.json``: what validation found for the weights that are kept, and the time it took."""
        if not self.writes:
            return
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

    def _tell(self, loss: float, *, validated: bool) -> None:
        if self.report is None or not self.writes:
            return
        spent = time.perf_counter() - self._began
        auprc = self.rows[-1]["valid_auprc"] if self.rows else math.nan
        left = spent / self._step * (self._steps - self._step) if self._step else math.nan
        rate = self._seen / spent
        self.report(
            Progress(self._epoch, self.epochs, self._step, self._steps, loss, auprc, rate, left, validated)
        )
