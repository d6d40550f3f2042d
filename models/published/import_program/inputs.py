"""What each input of a program is: the sequence, its other strand, signals along it, or features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from motiflens.models.types import Json

Role = Literal["sequence", "reverse", "signal", "meta"]


@dataclass(frozen=True)
class Input:
    """An input.

    Attributes
    ----------
    name
        In the program.
    role
        What it is.
    shape
        As the program takes it, without the batch; None for what is open.
    channels, length
        Of it as (N, channels, length); for ``meta`` the number of features, and None.
    last
        Positions come before channels.
    single
        Axis of size 1, behind the batch, that is put in; None for none.
    """

    name: str
    role: Role
    shape: tuple[int | None, ...]
    channels: int
    length: int | None
    last: bool = False
    single: int | None = None

    @property
    def has_bases(self) -> bool:
        """Whether the first channels are bases."""
        return self.role in ("sequence", "reverse")

    def laid_out(self, part: Tensor) -> Tensor:
        """Return an input (N, C, L) or (N, M) as the program takes it.

        Raises
        ------
        ValueError
            If it is of another shape.
        """
        wanted: tuple[int | None, ...] = (self.channels,) if self.role == "meta" else (self.channels, self.length)
        fits = part.ndim == len(wanted) + 1 and all(
            size in (None, there) for size, there in zip(wanted, part.shape[1:], strict=True)
        )
        if not fits:
            text = ", ".join(["N", *("L" if size is None else str(size) for size in wanted)])
            raise ValueError(f"the input {self.name!r} takes ({text}), not {tuple(part.shape)}")
        part = part.transpose(1, 2) if self.last else part
        return part if self.single is None else part.unsqueeze(self.single)


def read_inputs(entries: list[Json]) -> list[Input]:
    """Tell a program's inputs apart by their shapes.

    The sequence is the first of bases × positions (or positions × bases, perhaps with an axis of size 1 more, as
    for convolutions in two dimensions); another of the same shape is its reverse complement; others along
    positions are signals, and those of one axis features.

    Raises
    ------
    ValueError
        If there is no sequence, or an input is of no such shape.

    Examples
    --------
    >>> read_inputs([{"name": "x", "shape": [2, 1000, 4]}, {"name": "dnase", "shape": [2, 1, 1000]}])[1].role
    'signal'
    """
    inputs = [_read(entry) for entry in entries]
    sequences = [i for i, each in enumerate(inputs) if each.role != "meta" and each.channels >= 4]
    if not sequences:
        shapes = ", ".join(f"{each.name} {each.shape}" for each in inputs)
        raise ValueError(f"none of its inputs is a sequence, bases x positions: {shapes}")
    sequence = inputs[sequences[0]]
    told: list[Input] = []
    for i, each in enumerate(inputs):
        role: Role = "meta" if each.role == "meta" else "signal"
        if i == sequences[0]:
            role = "sequence"
        elif role == "signal" and each.shape == sequence.shape:
            role = "reverse"
        told.append(Input(each.name, role, each.shape, each.channels, each.length, each.last, each.single))
    return told


def _read(entry: Json) -> Input:
    name, shape = str(entry["name"]), tuple(entry["shape"][1:])
    ones = [i for i, size in enumerate(shape) if size == 1]
    single = None
    axes = list(shape)
    if len(shape) == 3 and ones:
        single = ones[0] + 1
        axes.pop(ones[0])
    if len(axes) == 1 and axes[0]:
        return Input(name, "meta", shape, axes[0], None)
    if len(axes) != 2 or axes == [None, None]:
        raise ValueError(f"its input {name!r} of shape (N, {', '.join(map(str, shape))}) is no sequence or signal")
    first, second = axes
    last = first is None or (first != 4 and (second == 4 or (second is not None and second < first)))
    channels, length = (second, first) if last else (first, second)
    if not channels:
        raise ValueError(f"its input {name!r} of shape (N, {', '.join(map(str, shape))}) has no channels")
    return Input(name, "signal", shape, channels, length, last, single)
