"""Random scores."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import sequence_seed, to_codes
from motiflens.interpret.attribution.gradient_inputs import Raw, predictions


def random(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    seed: int = 0,
) -> Raw:
    """Standard normal scores that know nothing of the model: what other methods must beat.

    The reverse complement of a window gets scores of its own.
    """
    drawn = np.stack(
        [np.random.default_rng(sequence_seed(row, seed)).standard_normal(x.shape[1:]) for row in to_codes(x)]
    )
    return Raw(torch.from_numpy(drawn).to(x), None, predictions(model, x, target, meta, batch_size))
