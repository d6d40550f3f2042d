"""The rule equals tangermeme's, with the same multipliers from above and with different ones."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from tangermeme.deep_lift_shap import integrated_gradients_op
from torch import nn

from motiflens.interpret.attribution.recurrent_rule import recurrent_rule
from motiflens.interpret.attribution.rules import OneTensor


@pytest.mark.parametrize("same", [True, False])
def test_it_is_tangermemes(same: bool) -> None:
    torch.manual_seed(0)
    layer = OneTensor(nn.LSTM(3, 4, batch_first=True, bidirectional=True).double())
    given = torch.randn(6, 5, 3, dtype=torch.float64)
    above = torch.randn(6, 5, 8, dtype=torch.float64)
    if same:
        above[3:] = above[:3]
    layer.input = given
    expected = integrated_gradients_op(7)(layer, (given,), (above,))[0]
    walks = []
    layer.layer.register_full_backward_hook(lambda *_: walks.append(None))
    found = recurrent_rule(7)(layer, (given,), (above,))[0]
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert len(walks) == (1 if same else 2)


def test_multipliers_add_up_to_the_layers_change() -> None:
    torch.manual_seed(1)
    layer = nn.GRU(2, 3, batch_first=True).double()
    module = SimpleNamespace(input=torch.randn(4, 6, 2, dtype=torch.float64), forward=lambda x: layer(x)[0])
    ones = torch.ones(4, 6, 3, dtype=torch.float64)
    multipliers = recurrent_rule(16)(module, (ones,), (ones,))[0][:2]
    with torch.no_grad():
        here, there = module.forward(module.input).sum((1, 2)).chunk(2)
    way = module.input[:2] - module.input[2:]
    torch.testing.assert_close((multipliers * way).sum((1, 2)), here - there, rtol=1e-9, atol=1e-10)
