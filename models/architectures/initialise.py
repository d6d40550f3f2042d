"""Fresh weights as Keras draws them, for the architectures whose papers used Keras."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.models.architectures.recurrent import DIRECTIONS, KerasGRU, KerasLSTM


@torch.no_grad()
def keras_initialise(model: nn.Module, *, per_gate: bool = False) -> None:
    """Glorot-uniform kernels, zero biases, orthogonal recurrent kernels, LSTM forget-gate bias 1.

    Parameters
    ----------
    model
        Every convolution, linear, embedding (uniform ±0.05), LSTM and GRU layer in it is drawn again.
    per_gate
        Draw the kernels of each gate by themselves, as Keras 1 did (Keras 2: those of all gates as one matrix).
    """
    for module in model.modules():
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.05, 0.05)
        elif isinstance(module, (nn.LSTM, nn.GRU, KerasLSTM, KerasGRU)):
            _recurrent(module, per_gate)


def _recurrent(module: nn.Module, per_gate: bool) -> None:
    units = int(module.hidden_size)  # type: ignore[arg-type]
    for direction in DIRECTIONS[: 2 if getattr(module, "bidirectional", True) else 1]:
        kernel: Tensor = getattr(module, f"weight_ih_l0{direction}")
        recurrent: Tensor = getattr(module, f"weight_hh_l0{direction}")
        for k, u in (
            zip(kernel.split(units), recurrent.split(units), strict=True) if per_gate else [(kernel, recurrent)]
        ):
            nn.init.xavier_uniform_(k)
            nn.init.orthogonal_(u)
        for name in ("bias_ih", "bias_hh"):
            bias = getattr(module, f"{name}_l0{direction}", None)
            if bias is not None:
                nn.init.zeros_(bias)
        if isinstance(module, (nn.LSTM, KerasLSTM)):
            getattr(module, f"bias_ih_l0{direction}")[units : 2 * units] = 1.0
