"""Attributing any number of windows into a store, in constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.interpret.adapter import Adapter
from motiflens.interpret.results import Attention
from motiflens.interpret.store_writer import StoreWriter
from motiflens.models import types
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Integers, Json

_COMMON = ("baseline", "n_baselines", "correct", "tolerance")


def write_store(
    adapter: Adapter,
    windows: Windows,
    path: types.Path,
    *,
    method: str,
    target: int = 0,
    column: int | None = None,
    index: Integers | None = None,
    attention: bool = True,
    layer: str | None = None,
    hypothetical: bool = False,
    precision: str = "float32",
    batch_size: int = 64,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    identity: Json | None = None,
    made_by: Json | None = None,
    progress: Progress = silent,
) -> Path:
    """Write attributions and attention of windows into an HDF5 store; read it with `open_store`.

    Interrupted and called again with the same arguments, it goes on where it stopped (``PATH.part``).

    Parameters
    ----------
    adapter
        The model's adapter.
    windows
        One split of a data set.
    path
        The store.
    method, target, seed, options
        See `motiflens.interpret.attribute`. ``baseline``, ``n_baselines``, ``correct`` and ``tolerance`` may be
        among the options.
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
        ``float32`` or ``float16`` (half the room, three digits).
    batch_size
        Windows in memory at a time are four times this, model passes this.
    identity
        What tells this model and these data from others (hashes), so that only the same is gone on with.
    made_by
        Provenance.
    progress
        Told how many windows are done.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        As `attribute` does, or if the target is none of the windows' tasks.
    """
    rows = np.arange(len(windows)) if index is None else np.asarray(index, dtype=np.int64)
    task = target if column is None else column
    if not 0 <= task < len(windows.tasks):
        raise ValueError(f"target {task} is out of range: the data have {len(windows.tasks)} tasks")
    given = dict(options or {})
    common = {
        name: given.pop(name) for name in ("baseline", "n_baselines", "correct", "tolerance") if name in given
    }
    writer = StoreWriter(
        path,
        index=rows,
        labels=windows.labels[rows, task],
        table=windows.table.iloc[rows],
        identity={
            **(identity or {}),
            "method": method,
            "target": target,
            "seed": seed,
            "options": repr(sorted((options or {}).items())),
            "keeps": [attention, layer, hypothetical],
            "index": hashlib.sha256(rows.tobytes()).hexdigest(),
        },
        attributes={
            "method": method,
            "target": target,
            "task": windows.tasks[task],
            "channels": list(windows.channels),
            "length": windows.length,
            "made_by": made_by or {},
        },
        precision=precision,
    )
    try:
        progress(Step("attributing", writer.done, len(rows)))
        for start in range(writer.done, len(rows), 4 * batch_size):
            some = rows[start : start + 4 * batch_size]
            batch = windows.read(some)
            scores = adapter.attribute(
                batch.x,
                method=method,
                target=target,
                meta=batch.meta,
                batch_size=batch_size,
                seed=seed,
                options=given or None,
                **common,
            )
            found = _attention(adapter, batch.x, batch.meta, layer, batch_size) if attention else {}
            writer.write(windows.codes(some), scores, found, hypothetical=hypothetical)
            progress(Step("attributing", writer.done, len(rows)))
        return writer.finish()
    finally:
        writer.close()


def _attention(
    adapter: Adapter, x: types.Floats, meta: types.Floats | None, layer: str | None, batch_size: int
) -> dict[str, Attention]:
    if not adapter.sources(x.shape[-1]):
        return {}
    found = {"+": adapter.attention(x, meta, layer=layer, batch_size=batch_size)}
    if adapter.siamese:
        found["-"] = adapter.attention(x, meta, layer=layer, strand="-", batch_size=batch_size)
    return found
