"""Attributing any number of windows into a store, in constant memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.interpret.adapter import Adapter, Strand
from motiflens.interpret.attribution.options import AttributionArguments, AttributionOptions
from motiflens.interpret.results import Attention
from motiflens.interpret.store_writer import StoreWriter
from motiflens.models import types
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Integers, Json

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        ``float32`` or ``float16`` (half the room, three digits of each window's largest score).
    """

    column: int | None = None
    index: Integers | None = None
    attention: bool = True
    layer: str | None = None
    hypothetical: bool = False
    precision: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision not in ("float32", "float16"):
            raise ValueError(f"precision must be float32 or float16, not {self.precision!r}")

    def identity(self, rows: Integers) -> Json:
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
            "keeps": [self.attention, self.layer, self.hypothetical],
            "index": hashlib.sha256(rows.tobytes()).hexdigest(),
        }


class StoreArguments(AttributionArguments, total=False):
    """The fields of `StoreOptions` as keyword arguments."""

    column: int | None
    index: Integers | None
    attention: bool
    layer: str | None
    hypothetical: bool
    precision: str


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

    Interrupted and called again with the same arguments, it goes on where it stopped (``PATH.part``). Memory holds
    four times ``batch_size`` windows, however many there are.

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
    identity
        What tells this model and these data from others (hashes), so that only the same is gone on with.
    made_by
        Provenance.
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
    rows = np.arange(len(windows)) if chosen.index is None else np.asarray(chosen.index, dtype=np.int64)
    writer = _writer(windows, path, rows, chosen, identity or {}, made_by or {})
    try:
        step = 4 * chosen.batch_size
        progress(Step("attributing", writer.done, len(rows)))
        for start in range(writer.done, len(rows), step):
            some = rows[start : start + step]
            batch = windows.read(some)
            scores = adapter.attribute(batch.x, chosen, meta=batch.meta)
            profiles = _attention(adapter, batch.x, batch.meta, chosen) if chosen.attention else {}
            writer.write(windows.codes(some), scores, profiles, hypothetical=chosen.hypothetical)
            progress(Step("attributing", writer.done, len(rows)))
        return writer.finish()
    finally:
        writer.close()


def _writer(
    windows: Windows, path: types.Path, rows: Integers, chosen: StoreOptions, identity: Json, made_by: Json
) -> StoreWriter:
    task = chosen.target if chosen.column is None else chosen.column
    if task >= len(windows.tasks):
        raise ValueError(f"target {task} is out of range: the data have {len(windows.tasks)} tasks")
    return StoreWriter(
        path,
        index=rows,
        labels=windows.labels[rows, task],
        table=windows.table_of,
        identity={**identity, **chosen.identity(rows)},
        attributes={
            "method": chosen.method,
            "target": chosen.target,
            "task": windows.tasks[task],
            "channels": list(windows.channels),
            "length": windows.length,
            "made_by": made_by,
        },
        precision=chosen.precision,
    )


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
