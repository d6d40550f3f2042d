"""Windows with their reverse complements as further rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.windows import Windows
from motiflens.models.types import Codes, Floats, Integers


class BothStrands(Windows):
    """All windows, then all of them again as their reverse complements, with the same labels (TBiNet's data).

    Signals and tracks of the second half are reversed along the window.
    """

    def __init__(self, parent: Windows) -> None:
        self.parent = parent
        self.length, self.channels = parent.length, parent.channels
        self.tasks, self.meta_names = parent.tasks, parent.meta_names
        self.labels = np.concatenate([parent.labels, parent.labels])
        self.table = pd.concat([parent.table.assign(strand=strand) for strand in "+-"], ignore_index=True)

    def _turned(self, index: Integers) -> tuple[Integers, Integers]:
        """Return the parent's rows, and which of the asked-for ones are turned."""
        size = len(self.parent)
        return index % size, np.flatnonzero(index >= size)

    def codes(self, index: Integers) -> Codes:
        rows, turned = self._turned(index)
        out = np.array(self.parent.codes(rows))
        out[turned] = reverse_complement(out[turned])
        return out

    def signals(self, index: Integers) -> Floats:
        rows, turned = self._turned(index)
        out = np.array(self.parent.signals(rows))
        out[turned] = out[turned][..., ::-1]
        return out

    def meta(self, index: Integers) -> Floats | None:
        return self.parent.meta(self._turned(index)[0])

    def track(self, name: str, index: Integers) -> Floats:
        rows, turned = self._turned(index)
        out = np.array(self.parent.track(name, rows))
        out[turned] = out[turned][..., ::-1]
        return out

    @property
    def tracks(self) -> tuple[str, ...]:
        return self.parent.tracks
