"""How long work tells how far it is: one protocol, from the innermost loop to the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """How far a stage of the work is.

    Attributes
    ----------
    stage
        What is being done, such as ``training`` or ``route kernels``; a new name begins a new stage.
    done, total
        Units done, and how many there are; None where that is not known.
    unit
        What is counted, in the plural.
    note
        What else is worth showing, such as the loss.
    """

    stage: str
    done: int = 0
    total: int | None = None
    unit: str = "windows"
    note: str = ""


Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """Show nothing."""


def within(progress: Progress, name: str) -> Progress:
    """Return a progress that puts a name before each stage, for work that is done once for each of several things.

    Examples
    --------
    >>> steps = []
    >>> within(steps.append, "CTCF")(Step("training"))
    >>> steps[0].stage
    'CTCF: training'
    """
    return lambda step: progress(replace(step, stage=f"{name}: {step.stage}"))


def counted(
    parts: Iterable[T], progress: Progress, stage: str, *, total: int | None = None, unit: str = "windows"
) -> Iterator[T]:
    """Yield what is iterated over, and tell how far it is.

    Parameters
    ----------
    parts
        What is worked through, one unit each.
    progress
        Told before the first part and after each.
    stage, total, unit
        See `Step`; the total is taken from `parts` where it has a length.

    Examples
    --------
    >>> steps = []
    >>> list(counted("ab", steps.append, "reading", unit="letters"))
    ['a', 'b']
    >>> [(step.done, step.total) for step in steps]
    [(0, 2), (1, 2), (2, 2)]
    """
    if total is None and hasattr(parts, "__len__"):
        total = len(parts)  # type: ignore[arg-type]
    progress(Step(stage, 0, total, unit))
    for done, part in enumerate(parts, start=1):
        yield part
        progress(Step(stage, done, total, unit))
