"""The heat map of channels: rows scaled and clustered."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.chip.example import cluster_rows


def test_rows_are_clustered(rng: np.random.Generator) -> None:
    place = np.arange(50)
    kinds = [np.sin(place / 4), np.cos(place / 9)]
    which = rng.integers(0, 2, 12)
    rows = np.stack([kinds[k] * rng.uniform(0.5, 2) + 0.02 * rng.normal(size=50) for k in which])
    found = cluster_rows(rows.astype(np.float32))
    assert found.min() == 0
    assert found.max() == 1
    similar = np.corrcoef(found)[0] > 0.5  # rows like the first one stand together
    assert np.abs(np.diff(similar.astype(int))).sum() == 1
    assert cluster_rows(np.ones((2, 5), dtype=np.float32)).shape == (2, 5)
