"""Gradients through published models equal those of the framework that they were written for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.branches import flipped
from motiflens.models.published.importer import import_published

pytestmark = pytest.mark.realdata
# Their base order -> ours (A, C, G, T).
DEEPGRN, FACTORNET = [0, 3, 2, 1], [0, 1, 2, 3]
FILES = [
    ("deepgrn/EGR1_single.h5", "deepgrn_EGR1_single", DEEPGRN),
    ("deepgrn/EGR1_pair.h5", "deepgrn_EGR1_pair", DEEPGRN),
    ("deepgrn/FOXA2_single.h5", "deepgrn_FOXA2_single", DEEPGRN),
    ("deepgrn/MAX_single.h5", "deepgrn_MAX_single", DEEPGRN),
    ("deepgrn/NANOG_single.h5", "deepgrn_NANOG_single", DEEPGRN),
    ("factornet/EGR1__meta_RNAseq_Unique35_DGF", "factornet_EGR1__meta_RNAseq_Unique35_DGF", FACTORNET),
    ("factornet/EGR1__onePeak_DGF", "factornet_EGR1__onePeak_DGF", FACTORNET),
]


@pytest.mark.parametrize(("weights", "reference", "order"), FILES, ids=[name for _, name, _ in FILES])
def test_gradients(shared: Path, weights: str, reference: str, order: list[int]) -> None:
    """Both strands' gradients of the probability, in single precision on both sides.

    Within 3e-6 of a window's largest, and where the probability p is near 1 within the relative precision of their
    1 − p besides: they differentiate p, we the logit.
    """
    with np.load(shared / "reference" / f"{reference}.npz") as arrays:
        given = {name: arrays[name] for name in arrays.files if arrays[name].dtype.kind == "f"}
    x, ahead, back = (ours(given[name], order) for name in ("x_fwd", "grad_fwd", "grad_rev"))
    expected = (ahead + flipped(back)).numpy()  # N, C, L
    meta = torch.from_numpy(given["meta"]) if "meta" in given else None
    model = import_published(shared / "weights" / weights)
    result = attribute(model, x, method="saliency", meta=meta, correct=False)
    probability = 1 / (1 + np.exp(-result.prediction))
    np.testing.assert_allclose(probability, given["y"][:, 0], rtol=1e-4, atol=1e-6)
    found = result.hypothetical * (probability * (1 - probability))[:, None, None]
    expected[:, :4] *= x[:, :4].sum(1, keepdim=True).numpy() > 0  # scores at unknown bases are 0 by definition
    for window, wanted, p in zip(found, expected, probability, strict=True):
        share = 3e-6 + 2**-23 / (1 - p)
        np.testing.assert_allclose(window, wanted, rtol=0, atol=share * np.abs(wanted).max())


def ours(values: np.ndarray, order: list[int]) -> torch.Tensor:
    """(N, L, C) in their base order to (N, C, L) in ours."""
    turned = torch.from_numpy(values).transpose(1, 2)
    return turned[:, [*order, *range(4, turned.shape[1])]].contiguous()
