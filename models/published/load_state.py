"""Put a file's weights into a model, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from motiflens.models.architectures.base import SequenceModel


def load_state(model: SequenceModel, state: Mapping[str, Tensor], path: Path) -> None:
    """Load `state` into `model`.

    Raises
    ------
    ValueError
        If a weight is missing, left over or of another shape.
    """
    try:
        model.load_state_dict({name: tensor.contiguous() for name, tensor in state.items()})
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: its weights do not fit its configuration: {reason}") from error
