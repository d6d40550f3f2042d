"""What the adapter returns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motiflens.models.types import Booleans, Doubles, Floats, Integers


class Field(NamedTuple):
    """The bases that each attention position looks at, in bp from the window's start (0-based, half-open)."""

    start: Integers  # T; may lie before 0 where a layer pads
    width: int  # bp; the same for all positions
    nominal: bool  # a recurrent layer lies between: the true field is the whole window

    @property
    def center(self) -> Doubles:
        """Mean of the field's bases, (T,): start + (width - 1) / 2."""
        return np.asarray(self.start + (self.width - 1) / 2, dtype=np.float64)

    @property
    def end(self) -> Integers:
        """One past the field's last base, (T,)."""
        return self.start + np.int64(self.width)


class Attention(NamedTuple):
    """Attention of a batch on one strand."""

    weights: Floats  # as the model computes them: (N, T), (N, T, D), (N, Q, K) or per head (N, H, Q, K)
    kind: str  # vector, channel or pairwise
    profile: Floats  # N, T: reduced to one value a position
    field: Field
    layer: str  # the module's name
    strand: str  # "+" or "-": positions count along that strand


class Attribution(NamedTuple):
    """Signed scores of a batch, on logits."""

    scores: Floats  # N, C, L: projected on the input (0 where a sequence channel is 0, unless hypothetical)
    hypothetical: Floats | None  # N, C, L: of every base that could stand there; None where the method has none
    prediction: Floats  # N: the target's logit
    # N: |sum - change in logit| as a share of the change (0 where there is no change to explain); None without the
    # axiom
    completeness: Doubles | None
    flagged: Booleans | None  # N: completeness beyond the tolerance
    method: str
    # N: no change to explain, as the baselines are the window itself (shuffling changes no repeat) or the logits
    # differ by no more than rounding; None where the method compares with no baseline
    unexplained: Booleans | None = None
    # functions of the model that DeepLIFT has no rule for and takes for linear: why scores may not add up
    without_rule: tuple[str, ...] = ()
