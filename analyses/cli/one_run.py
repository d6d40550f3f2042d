"""A run folder that is named by its place, or by ``--model`` as it once was."""

from __future__ import annotations

from typing import TypeVar

Name = TypeVar("Name")


def one_run(run: Name | None, model: Name | None, command: str) -> Name:
    """Return the run that was named.

    Raises
    ------
    ValueError
        If none was, or two.

    Examples
    --------
    >>> one_run("runs/ctcf", None, "attribute")
    'runs/ctcf'
    """
    if run is None and model is None:
        raise ValueError(f"name a run folder: interpret {command} RUN")
    if run is not None and model is not None:
        raise ValueError(f"{run} and --model {model} are two runs: name one")
    return run if run is not None else model  # type: ignore[return-value]
