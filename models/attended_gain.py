"""Initial weights of the layer that reads attended positions."""

from __future__ import annotations

import torch

from motiflens.models.architectures.base import SequenceModel


@torch.no_grad()
def scale_attended(model: SequenceModel, gain: float) -> None:
    """Multiply the input weights of the layers that read attended positions, in place.

    Attention that has learned nothing divides what it passes on by the number of positions T, so that the layer
    behind it hardly sees the sequence, its gradient is T times too small, and training may never leave its first
    plateau. A `gain` near T undoes that at the start. Where a model has no such layer nothing changes.

    Parameters
    ----------
    model
        A model with fresh weights (see `SequenceModel.attended_readers`).
    gain
        Factor, at least 0; 1 leaves the published initial weights.

    Examples
    --------
    >>> from motiflens.models import build
    >>> model = build("tbinet", length=60, kernels=4, units=2, dense=3)
    >>> before = model.lstm.weight_ih_l0.abs().sum().item()
    >>> scale_attended(model, 10)
    >>> round(model.lstm.weight_ih_l0.abs().sum().item() / before, 4)
    10.0
    """
    for reader in model.attended_readers():
        for name, weight in reader.named_parameters():
            if name == "weight" or name.startswith("weight_ih"):  # of a linear, of a recurrent layer
                weight.mul_(gain)
