"""Attention of published DeepGRN models, as their own framework computes it, on both strands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.interpret.adapter import adapt
from motiflens.models.published.importer import import_published

pytestmark = pytest.mark.realdata
# Channels there are A, T, G, C and then the signals; position before channel.
ORDER = (0, 3, 2, 1)
MODELS = ("EGR1_pair", "EGR1_single", "FOXA2_single", "MAX_single", "NANOG_single")


def _weights(shared: Path, name: str) -> Path:
    found = [path for path in (shared / "weights" / "deepgrn").rglob("*") if path.is_file() and name in path.name]
    if not found:
        pytest.skip(f"the weights of {name} are absent")
    return found[0]


@pytest.mark.parametrize("name", MODELS)
def test_attention_equals_the_published_programs(shared: Path, name: str) -> None:
    reference = np.load(shared / "reference" / f"deepgrn_{name}.npz")
    forward = reference["x_fwd"].transpose(0, 2, 1)
    x = np.concatenate([forward[:, list(ORDER)], forward[:, 4:]], axis=1)
    meta = reference.get("meta")
    adapter = adapt(import_published(_weights(shared, name)))
    for strand, key in (("+", "att_fwd"), ("-", "att_rev")):
        found = adapter.attention(x, meta, strand=strand)
        expected = reference[key]
        if found.kind == "vector":  # there repeated for every channel
            expected = expected[..., 0]
        np.testing.assert_allclose(found.weights, expected, rtol=1e-3, atol=1e-6)
    assert found.kind == {"EGR1_pair": "pairwise", "EGR1_single": "vector"}.get(name, "channel")


def test_the_authors_profile_is_the_channel_with_the_global_maximum(shared: Path) -> None:
    reference = np.load(shared / "reference" / "deepgrn_MAX_single.npz")
    forward = reference["x_fwd"].transpose(0, 2, 1)
    x = np.concatenate([forward[:, list(ORDER)], forward[:, 4:]], axis=1)
    adapter = adapt(import_published(_weights(shared, "MAX_single")))
    found = adapter.attention(x, reference["meta"], reduce="max_channel")
    for row, weights in zip(found.profile, reference["att_fwd"], strict=True):
        # Of channels that tie for it, any.
        channels = np.flatnonzero(weights.max(axis=0) >= weights.max() * (1 - 1e-4))
        assert any(np.allclose(row, weights[:, channel], rtol=1e-3, atol=1e-6) for channel in channels)
