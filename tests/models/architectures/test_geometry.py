"""What the vocabulary says of layers is true of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.interpret.attribution.stem import _is_local
from motiflens.interpret.fields import field_of
from motiflens.models.architectures.geometry import ACTIVATIONS, ELEMENTWISE, LINEAR, POINTWISE


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations_work_on_each_number_by_itself(kind: type[nn.Module]) -> None:
    layer = kind().eval()
    x = torch.randn(2, 3, 5)
    each = torch.stack([layer(value.reshape(1)) for value in x.flatten()]).reshape(x.shape)
    torch.testing.assert_close(layer(x), each)
    assert _is_local(layer, True, first=False)
    assert _is_local(layer, False, first=False)


def test_positions_see_themselves_alone() -> None:
    x = torch.randn(2, 3, 5, requires_grad=True)
    for layer in (nn.PReLU(3), nn.BatchNorm1d(3), nn.Hardswish()):
        assert isinstance(layer, POINTWISE)
        (grad,) = torch.autograd.grad(layer.eval()(x)[:, :, 2].sum(), x)
        assert (grad[:, :, [0, 1, 3, 4]] == 0).all()
    assert not isinstance(nn.PReLU(), ELEMENTWISE), "its channels are the second axis, whatever the layout"
    assert not set(LINEAR) & set(ACTIVATIONS)


def test_fields_pass_through_every_activation() -> None:
    """Softsign and others stood in one of three lists only."""
    for kind in ACTIVATIONS:
        one, other = (field_of((nn.Conv1d(4, 2, 5), layer, nn.MaxPool1d(2)), 20) for layer in (kind(), nn.ReLU()))
        np.testing.assert_array_equal(one.start, other.start)
        assert one.width == other.width
