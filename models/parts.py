"""Work whose parts are files: written whole, named by what they hold, made by any worker, kept through a stop."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Protocol, TypeVar

from motiflens.models import types
from motiflens.models.destination import written_by_us
from motiflens.models.executor import Crew
from motiflens.models.files import streamed, write_json
from motiflens.models.folder_lock import folder_lock
from motiflens.models.progress import Progress, Step
from motiflens.models.provenance import provenance
from motiflens.models.unfinished import passing

ENDING, MARK, PREFIX = ".parts", "parts.json", "part-"
_ATTEMPTS = 2  # at a part whose worker dies


class Part(Protocol):
    """A part of some work; picklable, and the same in every run of the same work."""

    @property
    def file(self) -> Path:
        """What it is written to, see `part_file`."""
        ...

    @property
    def size(self) -> int:
        """How many units of work it is, for progress."""
        ...


PartT = TypeVar("PartT", bound=Part)


@contextlib.contextmanager
def parts_folder(out: types.Path) -> Iterator[Path]:
    """Give the folder ``OUT.parts`` in which the parts of a result wait until they are put together.

    It is locked while the block runs. When the block ends well it goes; when the block raises, and when the
    process is killed, finished parts stay, so that the same work goes on with what is missing.

    Parameters
    ----------
    out
        The result. For the standard output the folder is a temporary one, and nothing is kept.

    Raises
    ------
    ValueError
        If there is such a folder, or file, that motiflens did not make, or another process is at it.

    Examples
    --------
    >>> out = Path(tempfile.mkdtemp()) / "out.tsv"
    >>> with parts_folder(out) as folder:
    ...     folder.name, folder.is_dir()
    ('out.tsv.parts', True)
    >>> list(out.parent.iterdir())
    []
    """
    if streamed(out):
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = Path(f"{out}{ENDING}").absolute()
    foreign = folder.exists() and (not folder.is_dir() or any(_others(folder)))
    if foreign and not written_by_us(folder / MARK):
        raise ValueError(f"{folder} exists and motiflens did not write it: move it away, or choose another --out")
    with folder_lock(folder):
        if not (folder / MARK).exists():
            _remove_parts(folder)
        write_json(folder / MARK, provenance())
        try:
            yield folder
        except BaseException:
            if not any(folder.glob(f"{PREFIX}*")):
                (folder / MARK).unlink(missing_ok=True)
            raise
        (folder / MARK).unlink(missing_ok=True)  # first: from here on the parts are not whole
        _remove_parts(folder)
        for late in folder.glob(f".{PREFIX}*.part"):  # of a worker that was given up
            shutil.rmtree(late, ignore_errors=True)
    with contextlib.suppress(OSError):  # something else lies in it
        folder.rmdir()


def _remove_parts(folder: Path) -> None:
    for file in folder.glob(f"{PREFIX}*"):
        file.unlink(missing_ok=True)


def _others(folder: Path) -> Iterator[Path]:
    """Give what is no part, and nothing that a process leaves that is killed before it has written `MARK`."""
    return (file for file in folder.iterdir() if not (file.name.startswith(PREFIX) or passing(file.name)))


def part_file(folder: Path, label: str, *identity: object, ending: str = ".npy") -> Path:
    """Return the file of a part: a label for people, and a hash of all that what it holds depends on.

    Examples
    --------
    >>> one, other = (part_file(Path("o.parts"), "chr1_0", "weights", seed).name for seed in (3, 4))
    >>> one[:12], len(one), one == other
    ('part-chr1_0-', 32, False)
    """
    digest = hashlib.sha256(json.dumps(identity, default=str).encode()).hexdigest()[:16]
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in label)[:80]
    return folder / f"{PREFIX}{plain}-{digest}{ending}"


def make_parts(
    function: Callable[[PartT], None],
    parts: Sequence[PartT],
    team: Crew,
    progress: Progress,
    *,
    stage: str,
    unit: str = "windows",
) -> None:
    """Have every part made whose file is not there yet.

    Parameters
    ----------
    function
        Of a module; writes a part's file, whole.
    parts
        All of them.
    team
        Who makes them, in any order. A part whose worker process dies is made once more.
    progress, stage, unit
        See `Step`; told in the parts' sizes.

    Raises
    ------
    ValueError
        If workers die twice at a part.
    Exception
        What `function` raises; parts that are finished stay.
    """
    total = sum(part.size for part in parts)
    missing = [part for part in parts if not part.file.is_file()]
    done = total - sum(part.size for part in missing)
    progress(Step(stage, done, total, unit))
    for _ in range(_ATTEMPTS):
        lost = []
        for made in team.completed(function, missing):
            if isinstance(made.error, BrokenProcessPool):
                lost.append(made.part)
                continue
            if made.error is not None:
                raise made.error
            done += made.part.size
            progress(Step(stage, done, total, unit))
        missing = lost
        if not missing:
            return
    raise ValueError(
        f"worker processes died {_ATTEMPTS} times at {missing[0].file.name} (killed, or out of memory): "
        "use fewer --processes; finished parts are kept"
    )
