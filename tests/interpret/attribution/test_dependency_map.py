"""Mutagenesis of a part, and of pairs, against brute force."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.interpret import attribute, dependency_map


@pytest.mark.parametrize("name", ["deepgrn", "saresnet", "kegru", "gkm_svm"])
def test_a_part_equals_the_whole_there(case: Callable[..., Any], name: str) -> None:
    made = case(name)
    whole = attribute(made.model, made.x, method="ism", meta=made.meta, correct=False)
    part = attribute(
        made.model, made.x, method="ism", meta=made.meta, correct=False, options={"start": 20, "end": 35}
    )
    np.testing.assert_allclose(
        part.hypothetical[:, :, 20:35], whole.hypothetical[:, :, 20:35], rtol=1e-9, atol=1e-12
    )
    assert (part.hypothetical[:, :, :20] == 0).all()
    assert (part.hypothetical[:, :, 35:] == 0).all()
    outside = "does not lie in windows of 60 bp"
    for given, message in (
        ({"start": 5, "end": 5}, outside),
        ({"start": -1}, "start is -1: expected at least 0"),
        ({"end": 61}, outside),
    ):
        with pytest.raises(ValueError, match=message):
            attribute(made.model, made.x, method="ism", meta=made.meta, options=given)


@pytest.mark.parametrize("name", ["tbinet", "deepbind", "deepgrn"])
def test_pairs_are_brute_force(case: Callable[..., Any], name: str) -> None:
    """Every pair of substitutions through the whole model; rtol 1e-9 (double)."""
    made = case(name)
    start, end = 28, 33  # an N stands at 30 to 32 of the second window
    found = dependency_map(
        made.model, made.x[:2], start, end, meta=None if made.meta is None else made.meta[:2], target=1
    )
    for row in (0, 1):
        meta = None if made.meta is None else made.meta[row : row + 1]

        def logit(changes: dict[int, int], row: int = row, meta: Any = meta) -> float:
            x = made.x[row : row + 1].clone()
            for place, base in changes.items():
                x[0, :4, place] = 0
                x[0, base, place] = 1
            with torch.no_grad():
                return float(made.model(x, meta)[0, 1])

        plain = logit({})
        known = [at for at in range(start, end) if made.x[row, :4, at].sum() > 0]
        for i, j in product(known, known):
            for b, c in product(range(4), range(4)):
                if i >= j or made.x[row, b, i] == 1 or made.x[row, c, j] == 1:
                    continue
                expected = logit({i: b, j: c}) - logit({i: b}) - logit({j: c}) + plain
                value = found.pair[row, i - start, b, j - start, c]
                assert value == pytest.approx(expected, rel=1e-8, abs=1e-12)
                assert found.pair[row, j - start, c, i - start, b] == value
        unknown = [at - start for at in range(start, end) if at not in known]
        assert (found.pair[row, unknown] == 0).all()
        assert (found.single[row, unknown] == 0).all()
    assert np.array_equal(found.strength, found.strength.transpose(0, 2, 1))


class Additive(nn.Module):
    """Knows of no pair but the bases at 5 and 9."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.sum((1, 2)) + x[:, 0].mean(1) + 3 * x[:, 2, 5] * x[:, 1, 9])[:, None]


def test_only_what_is_read_together_interacts() -> None:
    x = np.zeros((1, 4, 20), dtype=np.float32)
    x[0, 3] = 1
    found = dependency_map(Additive(), x, 2, 12)
    strength = found.strength[0]
    assert strength[3, 7] == pytest.approx(3, abs=1e-5)
    strength[3, 7] = strength[7, 3] = 0
    assert strength.max() < 1e-5
    assert found.pair[0, 3, 2, 7, 1] == pytest.approx(3, abs=1e-5)
    with pytest.raises(ValueError, match="at most 60"):
        dependency_map(Additive(), np.repeat(x, 4, axis=2), 0, 61)
    with pytest.raises(ValueError, match="part 15-25 does not lie"):
        dependency_map(Additive(), x, 15, 25)
