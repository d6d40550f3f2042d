"""The convergence gate: do attributions add up to what they claim to explain?"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from torch import Tensor

# Beyond these a result is flagged. DeepLIFT's rules are exact but for rounding and the quadrature within
# recurrent layers; integrated gradients have the quadrature's error along the whole path.
TOLERANCE: Final = MappingProxyType({"integrated_gradients": 0.05, "deep_lift_shap": 0.01, "gkm_explain": 0.001})


def relative_error(total: Tensor, delta: Tensor) -> Tensor:
    """Return |Σ contributions − Δ logit| / max(|Δ logit|, 1), averaged over baselines.

    Averaging the errors, not the sums, keeps errors of opposite signs from cancelling.

    Parameters
    ----------
    total, delta
        N, B: for each window and baseline the contributions' sum and the difference in logit.

    Returns
    -------
    Tensor
        N.
    """
    scale = delta.abs().mean(1).clamp_min(1.0)  # N
    return (total - delta).abs().mean(1) / scale
