"""Attributing any number of windows into a store, in constant memory, on any number of processes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from motiflens.interpret.adapter import Adapter, Strand
from motiflens.interpret.attribution.options import AttributionArguments, AttributionOptions
from motiflens.interpret.join_blocks import StoreContents, join_blocks
from motiflens.interpret.results import Attention
from motiflens.interpret.store_block import PRECISIONS, read_block, store_block, write_block
from motiflens.models import types
from motiflens.models.data.narrow import narrow
from motiflens.models.data.windows import Windows
from motiflens.models.executor import Workers, crew
from motiflens.models.files import check_room
from motiflens.models.finite import NotFiniteError
from motiflens.models.parts import make_parts, part_file, parts_folder
from motiflens.models.progress import Progress, silent
from motiflens.models.types import Indices, Json

if TYPE_CHECKING:
    from typing_extensions import Unpack

BATCHES = 4  # of windows in a part
_KEPT = {"float32": "float32", "float16": "float16 by channel"}  # parts of other versions are not mixed


@dataclass(frozen=True)
class StoreOptions(AttributionOptions):
    """How to attribute, and what to keep of it.

    Attributes
    ----------
    column
        The target's column among the windows' tasks, where it is another than among the model's outputs.
    index
        Rows of the windows, all by default.
    attention, layer
        Keep attention profiles, of both strands for Siamese models; which layer. Models without attention have
        none.
    hypothetical
        Keep hypothetical scores, which TF-MoDISco needs, where the method has them.
    precision
        ``float32`` or ``float16`` (half the room, three digits of the largest score of each channel of a window).
    """

    column: int | None = None
    index: Indices | None = None
    attention: bool = True
    layer: str | None = None
    hypothetical: bool = False
    precision: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be float32 or float16, not {self.precision!r}")

    def identity(self) -> Json:
        """Return what tells these attributions from others of the same model and windows."""
        return {
            "method": self.method,
            "target": self.target,
            "output": repr(self.output) if self.output is not None else None,
            "seed": self.seed,
            "baseline": _fingerprint(self.baseline),
            "options": repr(
                (self.n_baselines, self.correct, self.tolerance, sorted((self.options or {}).items()))
            ),
            "keeps": [self.attention, self.layer, self.hypothetical, _KEPT[self.precision]],
        }


class StoreArguments(AttributionArguments, total=False):
    """The fields of `StoreOptions` as keyword arguments."""

    column: int | None
    index: Indices | None
    attention: bool
    layer: str | None
    hypothetical: bool
    precision: str


class Opening(Protocol):
    """Opens, in any process, the model and the windows that a store is made of: picklable, and known by value."""

    def open(self) -> tuple[Adapter, Windows]:
        """Return the model's adapter and the windows."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class StoreJob:
    """What a store is made of, and by whom.

    Attributes
    ----------
    adapter, windows
        The model, and one split of a data set.
    identity
        What tells this model and these data from others (hashes), so that only parts of the same are taken.
    made_by
        Provenance.
    workers
        Who works; this process by default. The result does not depend on their number.
    opening
        How other processes come by the adapter and the windows; without it this one works alone.
    """

    adapter: Adapter
    windows: Windows
    identity: Json = field(default_factory=dict)
    made_by: Json = field(default_factory=dict)
    workers: Workers | None = None
    opening: Opening | None = None


def write_store(
    adapter: Adapter,
    windows: Windows,
    path: types.Path,
    settings: StoreOptions | None = None,
    *,
    identity: Json | None = None,
    made_by: Json | None = None,
    progress: Progress = silent,
    **arguments: Unpack[StoreArguments],
) -> Path:
    """Write attributions and attention of windows into an HDF5 store; read it with `open_store`.

    Interrupted and called again with the same arguments, it goes on where it stopped (``PATH.parts``). Memory
    holds four times ``batch_size`` windows, however many there are.

    Parameters
    ----------
    adapter
        The model's adapter.
    windows
        One split of a data set.
    path
        The store.
    settings
        How; or by keyword arguments:
    identity, made_by
        See `StoreJob`.
    progress
        Told of the rows done and the rows to do.
    **arguments
        ``method`` and the other fields of `StoreOptions`.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        As `attribute` does, or if the target is none of the windows' tasks.
    """
    chosen = StoreOptions(**arguments) if settings is None else replace(settings, **arguments)
    return fill_store(StoreJob(adapter, windows, identity or {}, made_by or {}), path, chosen, progress)


def fill_store(job: StoreJob, path: types.Path, chosen: StoreOptions, progress: Progress = silent) -> Path:
    """Make the parts of a store that are not there yet, by whom the job says, and put them together.

    Parameters
    ----------
    job
        Of what, and by whom.
    path
        The store; parts wait in ``PATH.parts``, where all workers must be able to write.
    chosen
        How.
    progress
        Told of the rows done and the rows to do.

    Raises
    ------
    ValueError
        See `write_store`.
    """
    windows = job.windows
    rows = narrow(np.arange(len(windows)) if chosen.index is None else np.asarray(chosen.index, dtype=np.int64))
    task = chosen.target if chosen.column is None else chosen.column
    if task >= len(windows.tasks):
        raise ValueError(f"target {task} is out of range: the data have {len(windows.tasks)} tasks")
    if not len(rows):
        raise ValueError("there are no windows to write")
    workers, alone = _who(job)
    with parts_folder(path) as folder, crew(workers) as team:
        parts = _parts(job, chosen, rows, folder)
        check_room(path, 2 * len(rows) * _row_bytes(windows, chosen))  # parts, and the store beside them
        work = partial(_attribute_here, job.adapter, windows) if alone else _attribute_part
        make_parts(work, parts, team, progress, stage="attributing")
        _opened.cache_clear()
        contents = StoreContents(
            rows.astype(np.int64),
            windows.labels[rows, task],
            windows.table_of,
            {
                "method": chosen.method,
                "target": chosen.target,
                "task": windows.tasks[task],
                "channels": list(windows.channels),
                "length": windows.length,
                "made_by": job.made_by,
            },
        )
        return join_blocks(path, (read_block(part.file) for part in parts), contents)


def _who(job: StoreJob) -> tuple[Workers, bool]:
    """Return who works, and whether that is this process alone."""
    if job.workers is None:  # with as many threads as the caller has given it
        return Workers(threads=torch.get_num_threads()), True
    alone = job.opening is None or (job.workers.processes == 1 and job.workers.dask is None)
    return (replace(job.workers, processes=1, dask=None) if alone else job.workers), alone


def _row_bytes(windows: Windows, chosen: StoreOptions) -> int:
    """Return about how many bytes a store keeps of a window, before they are compressed."""
    values = len(windows.channels) + 4 * chosen.hypothetical
    return windows.length * (1 + values * np.dtype(chosen.precision).itemsize)


@dataclass(frozen=True, eq=False)
class StorePart:
    """Some rows of a store.

    Attributes
    ----------
    opening, content
        See `StoreJob`; a hash of what they give, so that what a worker has open is known to be the same.
    chosen
        How, without the rows of the whole store.
    rows
        Which windows.
    file
        The block, see `write_block`.
    """

    opening: Opening | None
    content: str
    chosen: StoreOptions
    rows: Indices
    file: Path

    @property
    def size(self) -> int:
        """Windows."""
        return len(self.rows)


def _parts(job: StoreJob, chosen: StoreOptions, rows: Indices, folder: Path) -> list[StorePart]:
    how = replace(chosen, index=None)
    what = (job.identity, chosen.identity(), chosen.batch_size)
    content = repr(sorted(job.identity.items()))
    step = BATCHES * chosen.batch_size
    parts = []
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        digest = hashlib.sha256(some.astype(np.int64).tobytes()).hexdigest()
        file = part_file(folder, f"{start:09d}", digest, *what, ending=".npz")
        parts.append(StorePart(job.opening, content, how, some, file))
    return parts


@lru_cache(maxsize=1)
def _opened(opening: Opening, content: str) -> tuple[Adapter, Windows]:
    return opening.open()


def _attribute_part(part: StorePart) -> None:
    assert part.opening is not None
    _attribute_here(*_opened(part.opening, part.content), part)


def _attribute_here(adapter: Adapter, windows: Windows, part: StorePart) -> None:
    chosen, rows = part.chosen, part.rows.astype(np.int64)  # sums with them may be large
    batch = windows.read(rows)
    try:
        scores = adapter.attribute(batch.x, chosen, meta=batch.meta)
    except NotFiniteError as error:
        raise error.at(int(part.rows[error.row])) from None
    profiles = _attention(adapter, batch.x, batch.meta, chosen) if chosen.attention else {}
    block = store_block(
        windows.codes(rows),
        scores,
        profiles,
        hypothetical=chosen.hypothetical,
        precision=chosen.precision,
    )
    write_block(part.file, block)


def _fingerprint(baseline: Any) -> str | None:
    if baseline is None or isinstance(baseline, str):
        return baseline
    return hashlib.sha256(np.ascontiguousarray(baseline.detach().cpu().numpy()).tobytes()).hexdigest()


def _attention(
    adapter: Adapter, x: types.Floats, meta: types.Floats | None, chosen: StoreOptions
) -> dict[str, Attention]:
    if not adapter.sources(x.shape[-1]):
        return {}
    strands: tuple[Strand, ...] = ("+", "-") if adapter.siamese else ("+",)
    return {
        strand: adapter.attention(x, meta, layer=chosen.layer, strand=strand, batch_size=chosen.batch_size)
        for strand in strands
    }
