"""The kernels' motifs of a run, or of an untrained twin, over its windows in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.first_layer_motifs import (
    KernelSites,
    first_kernels,
    first_layer_motifs,
    half,
    kernel_maxima,
    kernel_motifs,
    sites_above,
)
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_parts import MotifParts, Origin
from motiflens.analyses.motifs.nulls import untrained
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.windows import Windows
from motiflens.models.files import write_whole
from motiflens.models.progress import Progress
from motiflens.models.run import Run
from motiflens.models.types import Codes, Floats

WINDOWS = 1 << 14  # of a part; whole batches, so that parts hold what one pass over all windows would
_BATCH = 256


@dataclass(frozen=True, eq=False)
class KernelPart:
    """Some windows that kernels go over.

    Attributes
    ----------
    origin
        See `MotifParts`.
    twin
        Seed of the untrained model's weights; None for the run's own model.
    first, stop
        Rows of the windows.
    floor
        (K,) what activations must be above; None to find the largest ones.
    file
        ``.npz`` of what was found.
    """

    origin: Origin
    twin: int | None
    first: int
    stop: int
    floor: Floats | None
    file: Path

    @property
    def size(self) -> int:
        """Windows."""
        return self.stop - self.first


def context_kernels(context: MotifContext, progress: Progress, twin: int | None = None) -> list[Motif]:
    """Return the kernels' motifs, over all windows at once or in parts; see `first_layer_motifs`.

    Parameters
    ----------
    context
        The run, its windows, and who works.
    progress
        Told the windows read and to be read.
    twin
        Take an untrained model with weights of this seed in place of the run's.

    Raises
    ------
    ValueError
        As `first_layer_motifs`.
    """
    model, windows, how = _model(context.run, twin), context.windows, context.options.kernel_threshold
    if context.parts is None:
        return first_layer_motifs(model, windows, kernel_threshold=how, progress=progress)
    floor = np.zeros(first_kernels(model).out_channels, dtype=np.float32)
    if how == "half":
        parts = _parts(context.parts, twin, len(windows), None)
        context.parts.make(_maxima, parts, progress, "kernels, largest activations")
        floor = half(np.maximum.reduce([_read(part)["maximum"] for part in parts]))
    parts = _parts(context.parts, twin, len(windows), floor)
    context.parts.make(_sites, parts, progress, "kernels")
    return kernel_motifs(_added(parts), windows=len(windows), both_strands=model.siamese)


def _model(run: Run, twin: int | None) -> SequenceModel:
    return run.model if twin is None else untrained(run.model, seed=twin)


def _parts(parts: MotifParts, twin: int | None, count: int, floor: Floats | None) -> list[KernelPart]:
    what = "maxima" if floor is None else floor.tolist()
    name = "kernels" if twin is None else f"untrained{twin}"
    return [
        KernelPart(
            parts.origin,
            twin,
            first,
            min(first + WINDOWS, count),
            floor,
            parts.file(f"{name}_{first:09d}", twin, first, WINDOWS, count, what),
        )
        for first in range(0, count, WINDOWS)
    ]


def _batches(windows: Windows, part: KernelPart) -> Iterator[tuple[Codes, Floats]]:
    for first in range(part.first, part.stop, _BATCH):
        index = np.arange(first, min(first + _BATCH, part.stop))
        yield windows.codes(index), windows.signals(index)


def _maxima(run: Run, windows: Windows, part: KernelPart) -> None:
    model = _model(run, part.twin)
    maximum = kernel_maxima(
        first_kernels(model),
        partial(_batches, windows, part),
        both_strands=model.siamese,
        prepare=model.first_inputs,
    )
    _write(part.file, maximum=maximum)


def _sites(run: Run, windows: Windows, part: KernelPart) -> None:
    model = _model(run, part.twin)
    assert part.floor is not None
    sites = sites_above(
        first_kernels(model),
        partial(_batches, windows, part),
        part.floor,
        both_strands=model.siamese,
        prepare=model.first_inputs,
    )
    _write(part.file, **({} if sites is None else vars(sites)))


def _write(path: Path, **arrays: np.ndarray) -> None:
    with write_whole(path) as whole, whole.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _read(part: KernelPart) -> dict[str, np.ndarray]:
    with np.load(part.file, allow_pickle=False) as file:
        return dict(file)


def _added(parts: Sequence[KernelPart]) -> KernelSites:
    """Add up what parts counted."""
    counted = [read for read in map(_read, parts) if read]
    if not counted:
        raise ValueError("there are no sequences with a known base to search for kernels' sites")
    return KernelSites(
        counts=np.sum([one["counts"] for one in counted], axis=0),
        sites=np.sum([one["sites"] for one in counted], axis=0),
        maximum=np.maximum.reduce([one["maximum"] for one in counted]),
        positions=np.sum([one["positions"] for one in counted], axis=0),
    )
