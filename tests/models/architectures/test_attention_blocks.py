"""SAResNet's number of attention blocks: before how many of the first stages one stands."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from motiflens.models import build
from motiflens.models.architectures.saresnet import SelfAttention


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_attention_stands_before_the_first_stages(blocks: int) -> None:
    """Table 1 tries 1, 2 and 3; the others' parameters are those of the model without."""
    small: dict[str, Any] = {"length": 40, "kernels": 4, "blocks": (1, 1, 1, 1)}
    model, plain = build("saresnet", attention_blocks=blocks, **small), build("saresnet", attention=False, **small)
    order: list[str] = []
    for name, module in model.named_modules():
        if isinstance(module, SelfAttention) or (name.startswith("stages.") and name.count(".") == 1):
            module.register_forward_hook(
                lambda module, *_: order.append("attention" if isinstance(module, SelfAttention) else "stage")
            )
    with torch.no_grad():
        model.eval()(torch.zeros(1, 4, 40))
    assert order == ["attention", "stage"] * blocks + ["stage"] * (4 - blocks)
    apart = {name for name, _ in model.named_parameters()} - {name for name, _ in plain.named_parameters()}
    assert len({name.split(".")[1] for name in apart}) == blocks
