"""Importance and attention as genome tracks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from motiflens.interpret.averaged_track import averaged_track
from motiflens.interpret.store import Store
from motiflens.models import types
from motiflens.models.data.text import listed
from motiflens.models.files import write_whole
from motiflens.models.types import Floats, Integers


def export_bigwig(
    store: Store, folder: types.Path, *, sizes: Mapping[str, int] | None = None, block: int = 256
) -> list[Path]:
    """Write ``importance.bw`` and, where the store holds attention, ``attention.bw``.

    Importance is the score of the base that stands there; attention is spread over fields (`to_bp`), mean of the
    strands. Where windows overlap their values are averaged. If windows are of several cell types, each has files
    of its own (``importance.GM12878.bw``).

    Parameters
    ----------
    store
        A store whose windows have coordinates; those without are left out.
    folder
        Where to.
    sizes
        Chromosome -> length in bp; by default as far as windows reach.
    block
        Windows in memory at a time.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        If windows have no coordinates, or lie beyond `sizes`.
    """
    table = store.table
    if "chrom" in table:
        table = table[table["chrom"] != ""]
    if not {"chrom", "start"} <= set(table) or table.empty:
        raise ValueError(f"{store.path}: its windows have no genome coordinates, so there is no bigWig to write")
    lengths = _lengths(table, store, sizes)
    cells = sorted(table["cell_type"].unique()) if "cell_type" in table else [None]
    kinds: dict[str, Callable[[Integers], Floats]] = {"importance": store.importance}
    if store.strands:
        kinds["attention"] = store.attention_bp
    written = []
    for cell in cells:
        part = table if cell is None else table[table["cell_type"] == cell]
        for kind, values in kinds.items():
            middle = f".{_safe(cell)}" if cell is not None and len(cells) > 1 else ""
            path = Path(folder) / f"{kind}{middle}.bw"
            _write(path, store, part, values, lengths, block)
            written.append(path)
    return written


def _lengths(table: pd.DataFrame, store: Store, sizes: Mapping[str, int] | None) -> dict[str, int]:
    ends = {str(chrom): int(rows["start"].max()) + store.length for chrom, rows in table.groupby("chrom")}
    if sizes is None:
        return ends
    absent = sorted(set(ends) - set(sizes))
    if absent:
        raise ValueError(f"the genome has no chromosome {absent[0]!r}: it has {listed(sizes, 5)}")
    return {chrom: int(size) for chrom, size in sizes.items() if chrom in ends}


def _write(
    path: Path,
    store: Store,
    table: pd.DataFrame,
    values: Callable[[Integers], Floats],
    lengths: Mapping[str, int],
    block: int,
) -> None:
    chromosomes = sorted(lengths)
    with write_whole(path) as part:
        file = pyBigWig.open(str(part), "w")
        try:
            file.addHeader([(chrom, lengths[chrom]) for chrom in chromosomes])
            for chrom in chromosomes:
                rows = table.index[table["chrom"] == chrom].to_numpy(np.int64)

                def read(some: Integers, rows: Integers = rows) -> Floats:
                    chosen = rows[some]
                    order = np.argsort(chosen)  # h5py reads increasing rows
                    return values(chosen[order])[np.argsort(order)]

                starts = table.loc[rows, "start"].to_numpy(np.int64)
                pieces = averaged_track(starts, store.length, read, size=lengths[chrom], block=block)
                for start, track in pieces:
                    file.addEntries(chrom, start, values=track.tolist(), span=1, step=1)
        finally:
            file.close()


def _safe(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", name)
