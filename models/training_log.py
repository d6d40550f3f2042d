"""What a training run leaves on disk after each epoch, when to stop, and what it tells meanwhile."""

from __future__ import annotations

import csv
import io
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch

from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.files import write_json, write_text
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.provenance import file_hash
from motiflens.models.run import save_run
from motiflens.models.run_files import LOG, METRICS, WEIGHTS

COLUMNS = ("epoch", "train_loss", "valid_loss", "valid_auprc", "valid_auroc", "rate", "seconds")
_EVERY = 0.25  # seconds between two steps of the progress
STAGE = "training"


class Validation(NamedTuple):
    """What validation found after an epoch."""

    figures: dict[str, float]  # train_loss, valid_loss, valid_auprc, valid_auroc
    table: list[dict[str, Any]]  # metrics of each task
    rate: float  # the learning rate now


class InterruptedTraining(Exception):  # noqa: N818 - as KeyboardInterrupt: a state, no error
    """Ctrl-C was pressed during training."""


class TrainingLog:
    """Keep the best weights, the log and the measures; count epochs without a better one; tell.

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
    progress
        Told a few times a second how many of an epoch's windows, of training and validation, are done.

    Attributes
    ----------
    writes
        Whether this process writes and tells: of several only one does, which is known once they run.
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
        progress: Progress = silent,
    ) -> None:
        self.folder, self.config, self.epochs, self.monitor = folder, config, epochs, monitor
        self.progress, self.writes = progress, True
        self.rows: list[dict[str, Any]] = []
        self.best, self.best_epoch, self.waited = -math.inf, -1, 0
        self.table: list[dict[str, Any]] = []
        self.interrupted = False
        self.seconds, self.training, self.stepping, self.sequences = 0.0, 0.0, 0.0, 0
        self._said = self._began = self._mark = 0.0
        self._epoch = self._windows = self._seen = self._scored = 0
        self._loss = math.nan

    _STATE = ("rows", "best", "best_epoch", "waited", "table", "seconds", "training", "stepping", "sequences")

    def state_dict(self) -> dict[str, Any]:
        """Return what an interrupted training needs to go on."""
        return {key: getattr(self, key) for key in self._STATE}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for key in self._STATE:
            setattr(self, key, state[key])

    def begin(self, epoch: int, windows: int) -> None:
        """Take note that an epoch begins, and of how many windows it trains on and validates."""
        self._began = time.perf_counter()
        self._epoch, self._windows, self._seen, self._scored, self._loss = epoch, windows, 0, 0, math.nan
        self._tell()

    def step_begins(self) -> None:
        """Take note that the batch has been read."""
        self._mark = time.perf_counter()

    def step_ended(self, windows: int, loss: torch.Tensor) -> None:
        """Count a step over so many windows on all devices; tell now and then; stop if Ctrl-C was pressed."""
        now = time.perf_counter()
        self.stepping += now - self._mark
        self._seen += windows
        self._pause()
        if now - self._said >= _EVERY:
            self._loss = float(loss)
            self._tell()

    def scored(self, windows: int) -> None:
        """Count windows of the validation; tell now and then; stop if Ctrl-C was pressed."""
        self._scored += windows
        self._pause()
        # The last step of an epoch is told with its auPRC.
        if time.perf_counter() - self._said >= _EVERY and self._seen + self._scored < self._windows:
            self._tell()

    def _pause(self) -> None:
        if self.interrupted:
            raise InterruptedTraining

    def trained(self) -> None:
        """Take note that the epoch's steps are over."""
        self.training += time.perf_counter() - self._began

    def validated(self, epoch: int, model: SequenceModel, measures: Validation) -> None:
        """Log an epoch, and keep the model if it is the best one yet."""
        figures, spent = measures.figures, time.perf_counter() - self._began
        self.seconds += spent
        self.sequences += self._seen
        self.rows = [*self.rows, {"epoch": epoch, **figures, "rate": measures.rate, "seconds": round(spent, 2)}]
        value = self.value_of(figures)
        if value > self.best:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            self.table = measures.table
            self.write_model(model)
        else:
            self.waited += 1
        self.write_log()
        self.write_metrics(finished=False)
        self._loss = figures["train_loss"]
        self._tell(validated=True)

    def value_of(self, figures: dict[str, float]) -> float:
        """Return what is watched, the higher the better."""
        return figures["valid_auprc"] if self.monitor == "auprc" else -figures["valid_loss"]

    def write_model(self, model: SequenceModel) -> None:
        """Write the weights and ``config.json``."""
        if self.writes:
            save_run(self.folder, model, self.config)

    def write_log(self) -> None:
        """Write ``log.csv``."""
        if not self.writes:
            return
        text = io.StringIO()
        writer: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, lineterminator="\n")
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
            "weights_hash": file_hash(self.folder / WEIGHTS) if (self.folder / WEIGHTS).is_file() else None,
        }
        write_json(self.folder / METRICS, record)

    def _tell(self, *, validated: bool = False) -> None:
        """Tell how far the epoch is; its end is told when it was validated, not before."""
        if not self.writes:
            return
        self._said = time.perf_counter()
        done = self._windows if validated else min(self._seen + self._scored, self._windows - 1)
        note = [f"epoch {self._epoch + 1}/{self.epochs}"]
        if math.isfinite(self._loss):
            note.append(f"loss {self._loss:.4f}")
        if self.rows:
            note.append(f"validation auPRC {self.rows[-1]['valid_auprc']:.4f}")
        self.progress(Step(STAGE, done, self._windows, "windows", "  ".join(note)))
