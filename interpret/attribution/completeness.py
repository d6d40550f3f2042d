"""The convergence gate: do attributions add up to what they claim to explain?"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

import torch
from torch import Tensor

# Beyond these a result is flagged. DeepLIFT's rules are exact but for rounding and the quadrature within
# recurrent layers; integrated gradients have the quadrature's error along the whole path.
ROUNDING: Final = 16
TOLERANCE: Final = MappingProxyType({"integrated_gradients": 0.05, "deep_lift_shap": 0.01, "gkm_explain": 0.001})


class Completeness(NamedTuple):
    """How well contributions add up."""

    error: Tensor  # N: |Σ contributions − Δ logit| / |Δ logit|, each averaged over baselines
    unexplained: Tensor  # N: boolean; Δ logit is no more than rounding for every baseline


def completeness(total: Tensor, logits: Tensor, reference: Tensor, size: Tensor) -> Completeness:
    """Return by what share of the change in logit the contributions miss it.

    Averaging the errors over baselines, not the sums, keeps errors of opposite signs from cancelling. A change
    that is no more than rounding is no change to explain: contributions that add up to as little have the error 0.

    Parameters
    ----------
    total, logits, reference
        N, B: for each window and baseline the contributions' sum, and the logits of window and baseline.
    size
        N, B: the sum of the contributions' absolute values, which bounds their rounding.
    """
    delta = logits - reference  # N, B
    magnitude = torch.maximum(logits.abs(), reference.abs())
    # Of the logits some units in the last place, of the contributions as much, since they are added up.
    rounding = ROUNDING * torch.finfo(delta.dtype).eps * (magnitude + size)  # N, B
    missed, change = (total - delta).abs().mean(1), delta.abs().mean(1)
    unexplained = (delta.abs() <= rounding).all(1)
    scale = torch.maximum(change, rounding.mean(1)).clamp_min(torch.finfo(delta.dtype).tiny)
    within = unexplained & (missed <= rounding.mean(1))
    return Completeness(torch.where(within, 0.0, missed / scale), unexplained)
