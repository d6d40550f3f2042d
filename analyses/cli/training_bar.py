"""What `interpret train` and its kin show while they work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motiflens.models.recipes import Recipe
    from motiflens.models.training_log import Progress


def first_process() -> bool:
    """Tell whether this process is the one that speaks (training on several devices starts more)."""
    return os.environ.get("LOCAL_RANK", "0") == "0" and os.environ.get("NODE_RANK", "0") == "0"


def say(text: str) -> None:
    """Print a line, from the first process only."""
    if first_process():
        print(text, flush=True)


@contextlib.contextmanager
def training_bar() -> Iterator[Callable[[Progress], None]]:
    """Show a progress bar on a terminal, or a line an epoch elsewhere: loss, auPRC, sequences/s, time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console()
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  auPRC {task.fields[auprc]}"),
        TextColumn("{task.fields[speed]:,.0f} seq/s"),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=console, disable=not first_process(), transient=True) as bar:
        task = bar.add_task("train", total=None, epoch="0", loss=0.0, auprc="-", speed=0.0, left="-")

        def show(at: Any) -> None:
            auprc = f"{at.auprc:.4f}" if at.auprc == at.auprc else "-"
            left = f"{int(at.seconds_left) // 60}:{int(at.seconds_left) % 60:02d}"
            bar.update(
                task,
                total=at.steps,
                completed=at.step,
                epoch=f"{at.epoch + 1}/{at.epochs}",
                loss=at.loss,
                auprc=auprc,
                speed=at.sequences_per_second,
                left=left,
            )

        yield show


def _lines() -> Callable[[Progress], None]:
    def show(at: Any) -> None:
        if at.validated:
            print(
                f"epoch {at.epoch + 1}/{at.epochs}  loss {at.loss:.4f}  validation auPRC {at.auprc:.4f}  "
                f"{at.sequences_per_second:,.0f} seq/s",
                flush=True,
            )

    return show


def show_settings(model: str, how: Recipe) -> None:
    """Print what ``--set`` knows for an architecture, with the values that hold."""
    from motiflens.models.settings import hyperparameter_defaults

    values = {**hyperparameter_defaults(model), **how.hyperparameters}
    print(f"hyperparameters of {model}:")
    for key, value in values.items():
        print(f"  {key}={value}")
    print("training:")
    for key, value in how.json.items():
        if key != "hyperparameters":
            print(f"  {key}={value}")
