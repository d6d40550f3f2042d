"""Profiles are read at the attention's own positions, on both strands, in forward coordinates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from motiflens.analyses.chip.options import ChipOptions
from motiflens.analyses.chip.profiles import chip_profiles, read_tracks
from motiflens.interpret import adapt, to_bp, to_positions
from motiflens.models import build
from motiflens.models.data import ArrayWindows

LENGTH = 60
SMALL = {"kernels": 4, "kernel_size": 5, "pool": 3, "units": 3, "dense": 4}


@pytest.fixture
def windows(rng: np.random.Generator) -> ArrayWindows:
    return ArrayWindows(
        rng.integers(0, 4, (9, LENGTH)).astype(np.uint8),
        np.ones(9),
        signals={"dnase": rng.random((9, LENGTH), dtype=np.float32)},
        tracks={"fold_change": rng.random((9, LENGTH), dtype=np.float32)},
    )


def test_attention_of_each_strand(windows: ArrayWindows) -> None:
    torch.manual_seed(0)
    adapter = adapt(build("deepgrn", length=LENGTH, channels=5, attention="single1d", **SMALL))
    index = np.arange(9)
    x = windows.read(index).x
    seen = chip_profiles(adapter, windows, index, options=ChipOptions(batch_size=4))
    forward, reverse = adapter.attention(x), adapter.attention(x, strand="-")
    np.testing.assert_allclose(seen.positions["+"], forward.profile, rtol=1e-5)
    expected = to_bp(reverse.profile, reverse.field, LENGTH, strand="-")
    np.testing.assert_allclose(seen.bp["-"], expected, rtol=1e-5)
    looks = to_bp(np.ones(len(forward.field.start)), forward.field, LENGTH)
    count = np.maximum(looks + looks[::-1], 1)
    assert (count == 1).any(), "pooling leaves a rest, at which one strand looks alone"
    np.testing.assert_allclose(
        seen.bp["mean"], (to_bp(forward.profile, forward.field, LENGTH) + expected) / count, rtol=1e-5
    )
    assert seen.channels is not None
    assert seen.channels.shape == (9, forward.profile.shape[1], 6)
    tracks = read_tracks(windows, index, "fold_change", seen.field)
    np.testing.assert_allclose(tracks.positions, to_positions(windows.track("fold_change", index), seen.field))
    # The reverse complement of the windows swaps the strands.
    turned = ArrayWindows(
        3 - windows.codes(index)[:, ::-1], np.ones(9), signals={"dnase": windows.signals(index)[:, 0, ::-1]}
    )
    other = chip_profiles(adapter, turned, index)
    np.testing.assert_allclose(other.bp["+"][:, ::-1], seen.bp["-"], rtol=1e-4, atol=1e-7)


def test_attributions_are_averaged_into_the_same_positions(windows: ArrayWindows) -> None:
    torch.manual_seed(0)
    adapter = adapt(build("danq", length=LENGTH, channels=5, **SMALL))
    index = np.arange(9)
    x = windows.read(index).x
    how = ChipOptions(looks=("input_x_gradient",), step=20, batch_size=4)
    seen = chip_profiles(adapter, windows, index, "input_x_gradient", options=how)
    scores = adapter.attribute(x, method="input_x_gradient").scores
    expected = np.abs(scores[:, :4].sum(axis=1))
    np.testing.assert_allclose(seen.bp["+"], expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(seen.positions["+"], expected.reshape(9, 3, 20).mean(axis=2), rtol=1e-4, atol=1e-7)
    assert seen.channels is not None
    assert seen.channels.shape == (9, 3, 2)  # the base, and DNase


def test_no_windows_and_no_attention_are_named(windows: ArrayWindows) -> None:
    adapter = adapt(build("danq", length=LENGTH, channels=5, **SMALL))
    with pytest.raises(ValueError, match="no windows to compare"):
        chip_profiles(adapter, windows, np.arange(0))
    with pytest.raises(ValueError, match="danq has no attention"):
        chip_profiles(adapter, windows, np.arange(3))
