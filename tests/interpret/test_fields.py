"""Receptive fields: the table of the papers, a property test that perturbs every base, and every kind of layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from motiflens.interpret.fields import Geometry, advance, field_of, hull


@pytest.mark.parametrize(
    ("length", "kernel", "pool", "steps", "width", "center"),
    [
        (1000, 26, 13, 75, 38, 18.5),  # TBiNet
        (1002, 34, 17, 57, 50, 24.5),  # DeepGRN
        (1002, 30, 15, 64, 44, 21.5),
        (1002, 15, 7, 141, 21, 10.0),
    ],
)
def test_the_published_models(length: int, kernel: int, pool: int, steps: int, width: int, center: float) -> None:
    field = field_of([nn.Conv1d(4, 8, kernel), nn.ReLU(), nn.Conv1d(8, 8, 1), nn.MaxPool1d(pool)], length)
    np.testing.assert_array_equal(field.center, pool * np.arange(steps) + center)
    assert (field.width, field.nominal) == (width, False)
    assert field.end[-1] <= length


def _layers() -> st.SearchStrategy[list[nn.Module]]:
    convolution = st.builds(
        lambda k, s, d, p: nn.Conv1d(
            1, 1, k, stride=s, dilation=d, padding="same" if p == 9 and s == 1 else p % 4
        ),
        st.integers(1, 5),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from([0, 1, 2, 3, 9]),
    )
    pools = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.booleans(), st.integers(1, 3))
    maximum = pools.map(lambda v: nn.MaxPool1d(v[0], v[1], min(v[2], v[0] // 2), v[4], ceil_mode=v[3]))
    mean = pools.map(lambda v: nn.AvgPool1d(v[0], v[1], min(v[2], v[0] // 2), ceil_mode=v[3]))
    pad = st.builds(lambda a, b: nn.ConstantPad1d((a, b), 0.0), st.integers(0, 3), st.integers(0, 3))
    return st.lists(st.one_of(convolution, maximum, mean, pad), min_size=1, max_size=5)


def _changes(stack: nn.Sequential, length: int) -> np.ndarray:
    """Which positions a change of each base changes, (L, T), by trying it out.

    All weights are positive and the new value is larger than anything else by far, so that neither a sum nor a
    maximum can hide it.
    """
    for layer in stack:
        if isinstance(layer, nn.Conv1d):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
    stack = stack.double()
    x = torch.rand(length + 1, 1, length, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[:] = x[-1]
    x[torch.arange(length), 0, torch.arange(length)] = 1e6
    with torch.no_grad():
        y = stack(x)[:, 0]
    return (y[:-1] != y[-1]).numpy()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(_layers(), st.integers(8, 60))
def test_only_bases_of_the_field_change_a_position(layers: list[nn.Module], length: int) -> None:
    try:
        field = field_of(layers, length)
    except ValueError:
        with pytest.raises(RuntimeError):  # no position is left: torch says the same
            nn.Sequential(*layers)(torch.rand(1, 1, length))
        return
    changes = _changes(nn.Sequential(*layers), length)  # L, T
    assert changes.shape[1] == len(field.start)
    # Without gaps within a field every base of it counts.
    whole = all(
        _one(layer, "dilation") == 1 and _one(layer, "stride") <= _one(layer, "kernel_size") for layer in layers
    )
    for position, (low, high) in enumerate(zip(field.start, field.end, strict=True)):
        bases = np.flatnonzero(changes[:, position])
        assert np.all((bases >= low) & (bases < high))
        if low >= 0 and high <= length:
            # Exact: no narrower field would do.
            assert (bases[0], bases[-1]) == (low, high - 1)
            if whole:
                assert len(bases) == field.width


def _one(layer: nn.Module, name: str) -> int:
    value = getattr(layer, name, 1)
    return int(value[0] if isinstance(value, tuple) else value)


def test_layers_in_two_dimensions_count_along_the_last_axis() -> None:
    flat = field_of([nn.Conv2d(1, 8, (4, 11), padding=(0, 5)), nn.MaxPool2d((1, 3))], 100)
    np.testing.assert_array_equal(
        flat.start, field_of([nn.Conv1d(4, 8, 11, padding=5), nn.MaxPool1d(3)], 100).start
    )
    assert flat.width == 13


def test_adaptive_pooling_has_a_field_where_it_cuts_evenly() -> None:
    assert field_of([nn.AdaptiveMaxPool1d(5)], 100).width == 20
    with pytest.raises(ValueError, match="unequal parts"):
        field_of([nn.AdaptiveAvgPool1d(7)], 100)


def test_a_recurrent_layer_makes_the_field_nominal() -> None:
    assert field_of([nn.Conv1d(4, 8, 5), nn.LSTM(8, 4)], 20).nominal
    assert field_of([nn.Conv1d(4, 8, 5)], 20, nominal=True).nominal


@pytest.mark.parametrize(
    "layer", [nn.Flatten(), nn.ConvTranspose1d(1, 1, 3), nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")]
)
def test_layers_without_a_fixed_field_are_refused(layer: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"field|circle"):
        field_of([layer], 50)


def test_a_window_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="take longer windows"):
        field_of([nn.Conv1d(4, 1, 30), nn.MaxPool1d(15)], 40)


def test_branches_meet_in_their_hull() -> None:
    origin = Geometry(0, 1, 1, 50)
    narrow, wide = (advance(origin, nn.Conv1d(1, 1, k, padding=k // 2)) for k in (3, 9))
    assert hull([narrow, wide]) == wide
    with pytest.raises(ValueError, match="different stride"):
        hull([narrow, advance(origin, nn.MaxPool1d(2))])
