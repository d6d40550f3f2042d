"""The parts of a search for motifs that go over many windows: where they wait, and who makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol, TypeVar

from motiflens.models.data.windows import Windows
from motiflens.models.executor import Crew, Workers, cores, crew
from motiflens.models.parts import Part, make_parts, part_file, parts_folder
from motiflens.models.progress import Progress
from motiflens.models.run import Run, open_run
from motiflens.models.window_source import WindowSource

MANY = 1 << 15  # windows for which a process is worth starting
_NAME = "motifs"


@dataclass(frozen=True)
class MotifWork:
    """Who searches.

    Attributes
    ----------
    out
        A folder; parts wait in its ``motifs.parts``, where all workers must be able to write.
    workers
        Who; None for processes of one thread, as many as the windows are worth, and this one alone, with its
        threads and without parts, where they are few.
    """

    out: Path
    workers: Workers | None = None

    def crowd(self, windows: int) -> Workers | None:
        """Return who works over so many windows; None for this process alone."""
        if self.workers is not None:
            return self.workers
        most = min(cores(), windows // MANY)
        return Workers(most) if most > 1 else None


@dataclass(frozen=True)
class Origin:
    """The run and the windows, for any process to open; known by value.

    Attributes
    ----------
    source
        Which they are.
    weights_hash, data_hash
        What they must be.
    """

    source: WindowSource
    weights_hash: str
    data_hash: str

    def open(self) -> tuple[Run, Windows]:
        """Open them; ValueError if they are others by now."""
        run = open_run(self.source.run)
        opened = self.source.open(run)
        if (run.weights_hash, opened.hash) != (self.weights_hash, self.data_hash):
            raise ValueError(f"{self.source.run} or its data have changed since the search began: start it again")
        return run, opened.windows


class MotifPart(Part, Protocol):
    """A part, which tells what it is of."""

    @property
    def origin(self) -> Origin:
        """What other processes open."""
        ...


PartT = TypeVar("PartT", bound=MotifPart)


@dataclass(frozen=True, eq=False)
class MotifParts:
    """Makes parts.

    Attributes
    ----------
    folder, team
        Where they wait, and who makes them.
    origin
        What other processes open.
    run, windows
        The same, opened by this one.
    """

    folder: Path
    team: Crew
    origin: Origin
    run: Run
    windows: Windows

    def file(self, label: str, *identity: object) -> Path:
        """Return the file of a part of this run and these windows; see `part_file`."""
        hashes = (self.origin.weights_hash, self.origin.data_hash, self.origin.source.split)
        return part_file(self.folder, label, *hashes, *identity, ending=".npz")

    def make(
        self,
        function: Callable[[Run, Windows, PartT], None],
        parts: Sequence[PartT],
        progress: Progress,
        stage: str,
    ) -> None:
        """Have the parts made that are not there yet; see `make_parts`."""
        workers = self.team.workers
        alone = workers.processes == 1 and workers.dask is None
        call: Callable[[PartT], None] = (
            partial(function, self.run, self.windows) if alone else partial(_anywhere, function)
        )
        make_parts(call, parts, self.team, progress, stage=stage)


@lru_cache(maxsize=1)
def _opened(origin: Origin) -> tuple[Run, Windows]:
    return origin.open()


def _anywhere(function: Callable[[Run, Windows, PartT], None], part: PartT) -> None:
    function(*_opened(part.origin), part)


@contextmanager
def motif_parts(
    work: MotifWork | None, run: Run, windows: Windows, source: WindowSource, data_hash: str
) -> Iterator[MotifParts | None]:
    """Give what makes parts while the block runs; None where one process goes over all windows by itself.

    Parts of a block that is stopped are kept for the next time; see `parts_folder`.
    """
    workers = None if work is None else work.crowd(len(windows))
    if work is None or workers is None:
        yield None
        return
    origin = Origin(source.anywhere(), run.weights_hash, data_hash)
    with parts_folder(work.out / _NAME) as folder, crew(workers) as team:
        try:
            yield MotifParts(folder, team, origin, run, windows)
        finally:
            _opened.cache_clear()
