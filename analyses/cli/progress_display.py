"""What every command shows while it works: on a terminal a bar for each stage, elsewhere a line."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from motiflens.models.progress import Progress, Step

_WHILE = 5.0  # seconds after which a stage is shown in a log
_SETTLED = 0.5  # seconds before a speed means something


class Display(Protocol):
    """Shows steps until it is closed."""

    def __call__(self, step: Step) -> None: ...

    def close(self) -> None: ...


@contextmanager
def progress_display() -> Iterator[Progress]:
    """Yield what shows steps on stderr until the block ends: nothing in further processes, or if not wanted.

    On a terminal the stage at work is a bar with speed and time left, and a finished one leaves a line. Elsewhere
    there is a line for each stage of more than a few seconds. Both show each epoch of a training when it is over;
    where stdout is no terminal these lines go there, so that a log holds them.
    """
    from motiflens.analyses.cli.output import talkative
    from motiflens.models.first_process import first_process
    from motiflens.models.progress import silent

    if not talkative() or not first_process():
        yield silent
        return
    display: Display = Moving() if sys.stderr.isatty() else Lines()
    try:
        yield display
    finally:
        display.close()


class Pace:
    """How fast a pass through some units is.

    Parameters
    ----------
    first
        Its first step: what was done before counts for nothing.
    """

    def __init__(self, first: Step) -> None:
        self.stage, self.first, self.last, self.began = first.stage, first.done, first, time.monotonic()

    def goes_on(self, step: Step) -> bool:
        """Tell whether a step is of this pass, and take note of it."""
        if step.stage != self.stage or step.done < self.last.done:
            return False
        self.last = step
        return True

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    @property
    def speed(self) -> float | None:
        """Units a second; None while there is nothing to tell it by."""
        done = self.last.done - self.first
        return done / self.seconds if done > 0 and self.seconds >= _SETTLED else None

    def figures(self) -> str:
        """Return speed and time left as text.

        Examples
        --------
        >>> from motiflens.models.progress import Step
        >>> pace = Pace(Step("reading", 0, 10))
        >>> pace.figures()
        ''
        """
        speed, unit = self.speed, self.last.unit
        if speed is None:
            return ""
        texts = [] if unit == "%" else [f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:.2g} {unit}/s"]
        if self.last.total is not None and self.last.done < self.last.total:
            texts.append(f"{clock((self.last.total - self.last.done) / speed)} left")
        return "  ".join(texts)


def clock(seconds: float) -> str:
    """Write a time as m:ss or h:mm:ss.

    Examples
    --------
    >>> clock(75), clock(3_600)
    ('1:15', '1:00:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _passed(pace: Pace) -> str:
    """Return the line of a finished pass that has something to say, such as an epoch; else an empty one."""
    step = pace.last
    if not step.note or step.unit == "%" or step.total is None or step.done < step.total:
        return ""
    speed = f"{step.done / max(pace.seconds, 1e-3):,.0f} {step.unit}/s"
    return f"{step.note}  {speed}"


class Lines:
    """A line for each stage, and for each epoch.

    A stage is shown when it has taken a while: what ends or fails at once is told by one line.
    """

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self.shown, self.timer = "", threading.Timer(0, print)

    def __call__(self, step: Step) -> None:
        """Show a step."""
        if self.pace is None or not self.pace.goes_on(step):
            self.pace = Pace(step)
            self.timer.cancel()
            self.timer = threading.Timer(_WHILE, self._show, [step.stage])
            self.timer.daemon = True
            self.timer.start()
        line = _passed(self.pace)
        if line:
            print(line, flush=True)

    def _show(self, stage: str) -> None:
        if self.shown != stage:
            self.shown = stage
            print(f"  {stage} …", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Show nothing more."""
        self.timer.cancel()


class Moving:
    """A bar for the stage at work; stages that are over leave a line."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        texts = [TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("count", "figures", "note")]
        self.console = Console(stderr=True)
        stage = TextColumn("{task.description}", markup=False)
        self.bars: Bars = Progress(
            SpinnerColumn(),
            stage,
            BarColumn(20),
            *texts,
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.pace: Pace | None = None
        self.task: Any = None
        self.bars.start()

    def __call__(self, step: Step) -> None:
        """Show a step."""
        if self.pace is None or not self.pace.goes_on(step):
            self._leave(other=self.pace is None or self.pace.stage != step.stage)
            self.pace = Pace(step)
            self.task = self.bars.add_task(step.stage, total=step.total, count="", figures="", note="")
        total = "" if step.total is None else f" of {step.total:,}"
        unit = "" if step.unit == "%" else f" {step.unit}"
        count = "" if step.total is None and not step.done else f"{step.done:,}{total}{unit}"
        if step.unit == "%":
            count = f"{step.done} %"
        self.bars.update(
            self.task,
            total=step.total,
            completed=step.done,
            count=count,
            figures=self.pace.figures(),
            note=step.note,
        )
        line = _passed(self.pace)
        if line:
            self._print(line)

    def _leave(self, *, other: bool) -> None:
        """Take the bar away; leave a line if another stage begins."""
        if self.pace is None:
            return
        self.bars.remove_task(self.task)
        if other and self.pace.seconds >= 1:
            self._print(f"  {self.pace.stage}: {clock(self.pace.seconds)}")

    def _print(self, line: str) -> None:
        if sys.stdout.isatty():
            self.console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        self._leave(other=True)
        self.pace = None
        self.bars.stop()
