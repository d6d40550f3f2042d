"""Windows of a run that any process can open: a split of its data, or a user's own regions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from motiflens.models.data.options import Options
from motiflens.models.data.windows import Windows
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.regions import Regions, open_regions, split_windows
from motiflens.models.run import Run

Given = TypeVar("Given", bound="Options | Regions")


class OpenedWindows(NamedTuple):
    """Windows, and where they come from."""

    windows: Windows
    source: str
    hash: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class WindowSource:
    """Which windows; picklable, and known by value.

    Attributes
    ----------
    run
        The run's folder.
    data, options
        See `open_as_trained`.
    split
        Which split of them.
    regions
        A user's own windows, in place of a split.

    Examples
    --------
    >>> WindowSource("run", "b.seq").anywhere().run == str(Path("run").absolute())
    True
    """

    run: str
    data: str | None = None
    options: Options = field(default_factory=Options)
    split: str = "test"
    regions: Regions | None = None

    def open(self, run: Run) -> OpenedWindows:
        """Open them for the run. Errors as in `open_regions` and `open_as_trained`."""
        if self.regions:
            own = open_regions(run, self.regions)
            return OpenedWindows(own.windows, own.source, own.hash, own.notes)
        dataset = open_as_trained(run, self.data, self.options)
        return OpenedWindows(split_windows(dataset, self.split), dataset.source, dataset.hash, dataset.notes)

    def anywhere(self) -> WindowSource:
        """Return the same with absolute paths, for processes that work in another folder."""
        regions = None if self.regions is None else _absolute(self.regions)
        if regions is not None and regions.options is not None:
            regions = replace(regions, options=_absolute(regions.options))
        return replace(
            self,
            run=str(Path(self.run).absolute()),
            data=_path(self.data),
            options=_absolute(self.options),
            regions=regions,
        )


def _absolute(given: Given) -> Given:
    values = {entry.name: getattr(given, entry.name) for entry in fields(given)}
    return replace(given, **{name: _path(value) for name, value in values.items()})


def _path(value: Any) -> Any:
    """Return the absolute path of what exists; anything else as it is."""
    if isinstance(value, str | Path) and str(value) and Path(value).exists():
        return type(value)(Path(value).absolute())
    return value
