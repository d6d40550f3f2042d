"""A program of torch.export as a model of the project."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.architectures.wrapped import Wrapped
from motiflens.models.output import check_output, choose_output
from motiflens.models.published.import_program.inputs import Input, read_inputs
from motiflens.models.published.import_program.network import Network
from motiflens.models.types import Json

BASES = "ACGT"


class ProgramModel(Wrapped):
    """A model that was read from a file of `torch.export.save`; see `import_program`.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`; channels are those of the sequence and then of every input along it.
    program
        The graph; see `describe`. Its ``batch`` is the number of windows that it takes at a time, None for any.
    alphabet
        Order of the bases in the program's sequences.
    output
        Which head, by name or index, perhaps reduced; see `choose_output`.
    flat
        The one head is given as (N, outputs).

    Attributes
    ----------
    heads
        Names of the outputs, in the program's order.
    inputs
        Names of the inputs, in the program's order.
    windows_at_once
        Number of windows that the program was exported for, where it takes no other; None for any.
    """

    name = "program"

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        program: Json,
        alphabet: str = BASES,
        output: str | int | None = None,
        flat: bool = False,
    ) -> None:
        check_output(output)
        own = {"program": program, "alphabet": alphabet, "output": output, "flat": flat}
        SequenceModel.__init__(
            self, length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=own
        )
        self.module = Network(program)
        self._takes_meta = bool(meta)
        self.output, self.flat = output, flat
        self._inputs = read_inputs(program["inputs"])
        self.inputs = tuple(each.name for each in self._inputs)
        self.heads = tuple(str(head[0]) for head in program["heads"])
        self._heads = namedtuple("Heads", self.heads, rename=True)  # type: ignore[misc]  # names from the file
        self._order = [alphabet.index(base) for base in BASES]
        self.windows_at_once: int | None = program.get("batch")
        self.any_length = self._sequence.length is None  # type: ignore[misc]

    @property
    def _sequence(self) -> Input:
        return next(each for each in self._inputs if each.role == "sequence")

    def forward(self, x: Tensor | Sequence[Tensor], meta: Tensor | None = None) -> Any:
        """Logits: one tensor, or a named tuple of all heads.

        Parameters
        ----------
        x
            (N, C, L), bases A, C, G, T first, then what further inputs along the sequence take; or a tuple of all
            inputs in the program's order, each as (N, C, L) or (N, M).
        meta
            (N, M): features that are no sequence, where the program has an input of them.

        Raises
        ------
        ValueError
            If number or shapes of the inputs do not fit.
        """
        if isinstance(x, Tensor):
            self.check(x, meta)
        given = self._given(x, meta)
        heads = self._in_parts(given)
        whole: Any = heads[0] if len(heads) == 1 else self._heads(*heads)
        if self.output is None and not self.flat:
            return whole
        try:
            return choose_output(whole, self.output, len(given[0]))
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error

    def all_outputs(self, x: Tensor, meta: Tensor | None = None) -> Any:
        return self.forward(x, meta)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        y: Tensor = self.forward(x, meta)
        return y

    def first_inputs(self, x: Tensor) -> Tensor:
        return self._reordered(x)

    def _in_parts(self, given: list[Tensor]) -> tuple[Tensor, ...]:
        """Run the program, on as many windows at a time as it takes; the last ones are filled up."""
        rows, most = len(given[0]), self.windows_at_once
        if most is None or rows == most:
            heads: tuple[Tensor, ...] = self.module(given)
            return heads
        parts = []
        for first in range(0, max(rows, 1), most):
            index = torch.arange(first, first + most, device=given[0].device).clamp(max=rows - 1)
            parts.append(self.module([part[index] for part in given]))
        return tuple(torch.cat(head)[:rows] for head in zip(*parts, strict=True))

    def _given(self, x: Tensor | Sequence[Tensor], meta: Tensor | None) -> list[Tensor]:
        """All inputs as the program takes them."""
        if not isinstance(x, Tensor):
            if len(x) != len(self._inputs):
                raise ValueError(
                    f"the program has {len(self._inputs)} inputs ({', '.join(self.inputs)}), not {len(x)}"
                )
            return [
                each.laid_out(self._reordered(part) if each.has_bases else part)
                for each, part in zip(self._inputs, x, strict=True)
            ]
        given, at, left = [], self._sequence.channels, meta
        for each in self._inputs:
            if each.role == "sequence":
                part = self._reordered(x[:, :at] if x.shape[1] > at else x)
            elif each.role == "reverse":
                part = self._reordered(reverse_complement(x[:, : each.channels]))
            elif each.role == "signal":
                part, at = x[:, at : at + each.channels], at + each.channels
            else:
                assert left is not None
                part, left = left[:, : each.channels], left[:, each.channels :]
            given.append(each.laid_out(part))
        return given

    def _reordered(self, x: Tensor) -> Tensor:
        """Channels with the bases in the program's order."""
        order = sorted(range(4), key=self._order.__getitem__)
        if order == [0, 1, 2, 3]:
            return x
        return x[:, [*order, *range(4, x.shape[1])]]
