"""What a run's ``config.json`` says of its data: of the right kind, and named where it leads to an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from motiflens.models import types
from motiflens.models.run import Run
from motiflens.models.run_files import CONFIG

_TEXT, _NUMBER = "a text", "a number"
_KINDS = {
    **dict.fromkeys(("tf", "labelling", "negatives", "negatives_file", "genome", "test", "columns"), _TEXT),
    **dict.fromkeys(("control", "source"), _TEXT),
    **dict.fromkeys(("length", "offset", "seed", "ratio"), _NUMBER),
    **dict.fromkeys(("scale_signals", "peak_windows", "variable"), "true or false"),
    "signals": "a list of names",
    "division": "a list of numbers",
}


def recorded_data(run: Run) -> types.Json:
    """Return what a run's ``config.json`` says of its data, each value of the kind that it should be.

    Raises
    ------
    ValueError
        If one is not; the message names the file.
    """
    record = run.config.get("data", {})
    options = record.get("options", {})
    place = f"{run.path / CONFIG} is a damaged configuration of a run"
    if not isinstance(options, dict):
        raise ValueError(f"{place} (data.options is {options!r}): train again, or restore the file")
    values = {**{f"options.{key}": value for key, value in options.items()}, "source": record.get("source")}
    for name, value in values.items():
        kind = _KINDS.get(name.removeprefix("options."))
        if value is not None and kind is not None and not _is(value, kind):
            shown = str(value)[:60]
            raise ValueError(f"{place} (data.{name} is {shown}, not {kind}): train again, or restore the file")
    return record


def _is(value: Any, kind: str) -> bool:
    if kind.startswith("a list"):
        wanted = str if kind.endswith("names") else (int, float)
        return isinstance(value, list) and all(isinstance(item, wanted) for item in value)
    if kind == _TEXT:
        return isinstance(value, str)
    if kind == _NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool)


@contextmanager
def recorded(run: Run, values: Mapping[str, object]) -> Iterator[None]:
    """Name a run's ``config.json`` in an error that one of its own values leads to.

    Parameters
    ----------
    run
        The run.
    values
        The values of ``data`` that are used as they stand there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from torch import nn
    >>> with recorded(Run(Path("r"), nn.Identity(), {}), {"tf": "CTCF"}):
    ...     raise ValueError("dataset.toml has no TF 'CTCF'")
    Traceback (most recent call last):
    ...
    ValueError: dataset.toml has no TF 'CTCF' (tf is what r/config.json says)
    """
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        text = str(error)
        named = [key for key, value in values.items() if any(_names(text, key, item) for item in _items(value))]
        if not named or CONFIG in text:
            raise
        says = f"{named[0]} is" if len(named) == 1 else f"{' and '.join(named)} are"
        raise type(error)(f"{text} ({says} what {run.path / CONFIG} says)") from error


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _names(text: str, key: str, item: object) -> bool:
    if isinstance(item, str):
        return repr(item) in text or (key in ("source", "genome", "test", "negatives_file") and item in text)
    return item is not None and not isinstance(item, bool) and key in text and str(item) in text
