"""What `interpret attribute` reads of its options, shows while it works, and says at the end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motiflens.analyses.attribute_run import Attributed


def values(settings: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` settings; values are JSON, or else text.

    Raises
    ------
    ValueError
        If one has no ``=``.

    Examples
    --------
    >>> values(["steps=64", "baseline=gc"])
    {'steps': 64, 'baseline': 'gc'}
    """
    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ValueError(f"--set {setting}: expected key=value")
        try:
            found[key] = json.loads(text)
        except json.JSONDecodeError:
            found[key] = text
    return found


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar with speed and time left on a terminal, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None, speed="windows")
        started = time.monotonic()

        def report(done: int, of: int | None) -> None:
            rate = done / max(time.monotonic() - started, 1e-9)
            bar.update(task, completed=done, total=of, speed=f"windows, {rate:,.0f} a second")

        yield report


def show(found: Attributed, method: str) -> None:
    """Print what was made, and warn of attributions that do not add up."""
    if found.flagged and found.worst is not None:
        print(
            f"warning: {method} does not add up for {found.flagged:,} of {found.windows:,} windows: |sum - change "
            f"in logit| is up to {found.worst:.3g} of the change; they are marked in 'flagged' (more steps help)",
            file=sys.stderr,
        )
    print(f"{found.store}: {found.windows:,} windows by {method}")
    for path in found.files:
        print(path)
