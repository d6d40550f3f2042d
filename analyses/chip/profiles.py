"""Reading what a model looks at, and the tracks beside it, over the same positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.targets import Target
from motiflens.interpret.adapter import Adapter, Strand
from motiflens.interpret.coordinates import ToBp, to_bp, to_positions
from motiflens.interpret.results import Field
from motiflens.models.data.windows import Batch, Windows
from motiflens.models.progress import Progress, counted, silent
from motiflens.models.types import Floats, Integers

STRANDS = ("+", "-", "mean")


@dataclass(frozen=True)
class Profiles:
    """What a model looks at in some windows, forward coordinates.

    Attributes
    ----------
    positions
        Strand (``+``, ``-``, ``mean``) -> (N, T), at the attention's own positions.
    bp
        The same per base, (N, L).
    channels
        (N, T, D): attention of each channel, or score of the base and of each signal; None where there is one.
    field
        What each position looks at.
    """

    positions: dict[str, Floats]
    bp: dict[str, Floats]
    channels: Floats | None
    field: Field


@dataclass(frozen=True)
class Tracks:
    """A measured track of some windows: at positions (N, T), and per base (N, L)."""

    positions: Floats
    bp: Floats


def chip_profiles(
    adapter: Adapter,
    windows: Windows,
    index: Integers,
    look: str = "attention",
    *,
    output: int = 0,
    options: ChipOptions | None = None,
    progress: Progress = silent,
) -> Profiles:
    """Read a model's profiles on both strands.

    Parameters
    ----------
    adapter
        The model's adapter.
    windows, index
        Rows to use.
    look
        ``attention``, or an attribution method: |score| of the base that stands there.
    output
        Output to attribute.
    options
        See `ChipOptions`.
    progress
        Told of the windows done.

    Raises
    ------
    ValueError
        If there are no windows, or the model has no attention.
    """
    how = options or ChipOptions()
    if not len(index):
        raise ValueError("there are no windows to compare with fold change")
    field = _field(adapter, windows.length, how)
    starts = range(0, len(index), how.batch_size)
    parts = []
    for first in counted(starts, progress, f"reading {look}", unit="batches"):
        batch = windows.read(index[first : first + how.batch_size])
        read = _attention if look == "attention" else _attribution(look, output)
        parts.append(read(adapter, batch, field, how))
    positions = {s: np.concatenate([part.positions[s] for part in parts]) for s in STRANDS}
    bp = {s: np.concatenate([part.bp[s] for part in parts]) for s in STRANDS}
    several = [part.channels for part in parts if part.channels is not None]
    return Profiles(positions, bp, np.concatenate(several) if several else None, field)


def read_tracks(
    windows: Windows, index: Integers, name: str, field: Field, options: ChipOptions | None = None
) -> Tracks:
    """Read a track of windows at a field's positions and per base."""
    bp = windows.track(name, index)
    return Tracks(to_positions(bp, field, how=(options or ChipOptions()).segments), bp)


def fold_change_of(target: Target, source: str) -> str:
    """Return the name of a target's fold change.

    Raises
    ------
    ValueError
        If the data have none.
    """
    if target.fold_change is None:
        raise ValueError(
            f"{source} has no fold change for {target.name}: name the bigWig as fold_change of the experiment in "
            "dataset.toml"
        )
    return target.fold_change


def _attention(adapter: Adapter, batch: Batch, field: Field, how: ChipOptions) -> Profiles:
    length = batch.x.shape[2]
    spread: ToBp = "spread" if how.segments == "field" else "linear"
    strands: tuple[Strand, Strand] = ("+", "-")
    positions: dict[str, Floats] = {}
    bp: dict[str, Floats] = {}
    channels = None
    for strand in strands:
        seen = adapter.attention(batch.x, batch.meta, layer=how.layer, strand=strand, batch_size=how.batch_size)
        bp[strand] = to_bp(seen.profile, seen.field, length, how=spread, strand=strand)
        if strand == "+":
            positions[strand] = seen.profile
            channels = seen.weights if seen.kind == "channel" else None
        elif np.array_equal(field.start, length - seen.field.end[::-1]):  # mirrored, the positions are the same
            positions[strand] = seen.profile[:, ::-1]
        else:
            positions[strand] = to_positions(bp[strand], field, how=how.segments)
    return Profiles(_with_mean(positions), {**bp, "mean": strand_mean_bp(bp, field, spread)}, channels, field)


def strand_mean_bp(strands: dict[str, Floats], field: Field, how: ToBp = "spread") -> Floats:
    """Return attention per base, (N, L), mean over the strands whose positions look at the base.

    At a window's end, where pooling leaves a rest, one strand's positions alone may look.
    """
    looks = to_bp(np.ones(len(field.start), dtype=np.float32), field, strands["+"].shape[-1], how=how) > 0
    count = np.maximum(looks.astype(np.int8) + looks[::-1], 1).astype(np.float32)
    return (strands["+"] + strands["-"]) / count


def _attribution(method: str, output: int) -> Callable[[Adapter, Batch, Field, ChipOptions], Profiles]:
    def read(adapter: Adapter, batch: Batch, field: Field, how: ChipOptions) -> Profiles:
        bp: dict[str, Floats] = {}
        channels = None
        for strand in ("+", "-"):
            x = batch.x if strand == "+" else _turned(batch.x)
            scores = adapter.attribute(
                x, method=method, target=output, meta=batch.meta, batch_size=how.batch_size, seed=how.seed
            ).scores
            if strand == "-":
                scores = _turned(scores)
            parts: list[Floats] = [np.abs(scores[:, :4].sum(axis=1)), *np.abs(scores[:, 4:]).swapaxes(0, 1)]
            bp[strand] = parts[0]
            if strand == "+" and len(parts) > 1:
                at = [to_positions(values, field, how=how.segments) for values in parts]
                channels = np.stack(at, axis=2)  # n, T, D
        positions = {strand: to_positions(values, field, how=how.segments) for strand, values in bp.items()}
        return Profiles(_with_mean(positions), _with_mean(bp), channels, field)

    return read


def _with_mean(strands: dict[str, Floats]) -> dict[str, Floats]:
    mean: Floats = (strands["+"] + strands["-"]) / np.float32(2)
    return {**strands, "mean": mean}


def _turned(x: Floats) -> Floats:
    """Reverse complement of (N, C, L)."""
    order: Sequence[int] = (3, 2, 1, 0, *range(4, x.shape[1]))
    return np.ascontiguousarray(x[:, order, ::-1])


def _field(adapter: Adapter, length: int, how: ChipOptions) -> Field:
    if adapter.sources(length) or "attention" in how.looks:
        return adapter.field(how.layer, length=length)
    return Field(np.arange(0, length - how.step + 1, how.step, dtype=np.int64), how.step, False)
