"""What `interpret motifs` shows while it works: the training's bar, then one for each stage that takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from motiflens.analyses.cli.training_bar import training_bar
from motiflens.analyses.motifs.telling import Say

if TYPE_CHECKING:
    from motiflens.models.keeper import Progress


@contextmanager
def motifs_progress() -> Iterator[tuple[Callable[[Progress], None], Say]]:
    """Yield what training reports to and what the analysis tells; elsewhere than on a terminal, a line a stage."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("windows, {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    with ExitStack() as training, ExitStack() as stages:
        report = training.enter_context(training_bar())
        bars = Bars(*columns, console=console, transient=True, disable=not console.is_terminal)
        began = 0.0

        def say(what: str, done: int | None = None, total: int | None = None) -> None:
            nonlocal began
            if done is None:
                stages.close()
                print(f"  {what} …", file=sys.stderr, flush=True)
                return
            training.close()  # a terminal has room for one moving display
            if not bars.live.is_started:
                stages.enter_context(bars)
            task = bars.task_ids[-1] if bars.task_ids else None
            if task is None or bars.tasks[-1].description != what or done < bars.tasks[-1].completed:
                if task is not None:
                    bars.remove_task(task)
                task, began = bars.add_task(what, rate=0.0), time.monotonic()
            bars.update(task, completed=done, total=total, rate=done / max(time.monotonic() - began, 1e-9))

        yield report, say
