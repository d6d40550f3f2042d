"""Errors, baselines, correction, strands, and the variants of merged and recurrent models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from motiflens.interpret.attribution.attribute import METHODS, attribute
from motiflens.interpret.attribution.baselines import baselines, to_codes
from motiflens.interpret.attribution.branches import branch_weights, flipped
from motiflens.interpret.attribution.correct import correct
from motiflens.interpret.attribution.strands import strand_agreement
from motiflens.models.architectures.layers import merge_logits


def test_clear_errors(case: Callable[..., Any]) -> None:
    made = case("tbinet")
    for changed, words in (
        ({"method": "salience"}, "no attribution method is called 'salience'.*saliency"),
        ({"method": "saliency", "target": 2}, "target 2 is out of range: the model has 2 outputs"),
        ({"method": "saliency", "baseline": "gc"}, "compares with no baseline"),
        ({"method": "ism", "options": {"steps": 3}}, "ism has no option 'steps': it has fast"),
        ({"method": "deep_lift_shap", "baseline": "mean"}, "unknown baseline 'mean'"),
        ({"method": "deep_lift_shap", "baseline": torch.zeros(4, 7)}, "baseline has shape"),
        ({"method": "deep_lift_shap", "n_baselines": 0}, "expected at least 1"),
        ({"method": "occlusion", "options": {"width": 61}}, "width=61"),
    ):
        with pytest.raises(ValueError, match=words):
            attribute(made.model, made.x, **changed)
    with pytest.raises(ValueError, match="expected \\(windows, channels, bp\\)"):
        attribute(made.model, made.x[0], method="saliency")
    assert len(METHODS) == 11


@pytest.mark.parametrize("method", METHODS)
def test_no_windows(case: Callable[..., Any], method: str) -> None:
    made = case("tbinet")
    result = attribute(made.model, made.x[:0], method=method)
    assert result.scores.shape == (0, 4, 60)
    assert result.prediction.shape == (0,)


def test_shuffles_keep_dinucleotides_and_unknown_bases(case: Callable[..., Any]) -> None:
    x = case("tbinet").x
    drawn = baselines(x, n=3, seed=1)
    assert drawn.shape == (4, 3, 4, 60)
    for window in range(4):
        before = to_codes(x[window : window + 1])[0]
        for codes in to_codes(drawn[window]):
            assert (codes[before == 4] == 4).all()
            for row, other in ((before, codes),):
                stretches = [np.bincount(part[:-1] * 5 + part[1:], minlength=25) for part in (row, other)]
                assert (stretches[0] == stretches[1]).all() or window == 1  # there, a gap splits the stretch
    assert torch.equal(baselines(x[2:], n=3, seed=1), drawn[2:])
    assert torch.equal(baselines(flipped(x[:3]), n=3, seed=1), flipped(drawn[:3]))
    assert not torch.equal(baselines(x, n=3, seed=2), drawn)


def test_composition_and_zeros(case: Callable[..., Any]) -> None:
    x = case("tbinet").x
    gc = baselines(x, "gc")[:, 0]
    share = (x[2, 1] + x[2, 2]).mean()
    np.testing.assert_allclose(gc[2, 1], share / 2, rtol=1e-12)
    np.testing.assert_allclose(gc[2].sum(0), 1, rtol=1e-12)
    assert (gc[3] == 0).all()
    assert (gc[0, :, :7] == 0).all()
    assert (baselines(x, "zeros") == 0).all()


def test_correction_leaves_signals() -> None:
    scores = torch.arange(12.0).reshape(1, 6, 2)
    corrected = correct(scores)
    np.testing.assert_allclose(corrected[:, :4].mean(1), 0, atol=1e-7)
    assert torch.equal(corrected[:, 4:], scores[:, 4:])
    assert scores[0, 0, 1] == 1  # not in place


def test_branch_weights_add_up() -> None:
    generator = torch.Generator().manual_seed(0)
    here, there = (torch.randn(3, 5, generator=generator, dtype=torch.float64) * 4 for _ in range(2))
    here[1, 2] = there[1, 2]
    for how in ("mean", "max"):
        weights = branch_weights(lambda logits, how=how: merge_logits(logits, how), here, there)
        total = (weights * (here - there)).sum(0)
        np.testing.assert_allclose(
            total, merge_logits(here, how) - merge_logits(there, how), rtol=1e-9, atol=1e-12
        )


VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("deepgrn", {"attention": "pairwise", "merge": "max"}),
    ("deepgrn", {"attention": "pairwise", "position": "after"}),
    ("deepgrn", {"attention": "single", "vector": False, "position": "after"}),
    ("deepgrn", {"attention": "single1d", "gates": "hard_sigmoid", "merge": "max"}),
    ("deepgrn", {"attention": "none", "convolutions": 2, "lstm_layers": 2}),
    ("deepgrn", {"attention": "ensemble", "merge": "max"}),
    ("factornet", {"units": 0}),
    ("deepbind", {"strands": "forward", "average": True, "hidden": 0}),
    ("tbinet", {"gates": "hard_sigmoid"}),
    ("kegru", {"reset_after": True, "join": "sum"}),
)


@pytest.mark.parametrize(("name", "own"), VARIANTS)
def test_variants(case: Callable[..., Any], name: str, own: dict[str, Any]) -> None:
    """DeepLIFT adds up (1e-5), and fast mutagenesis equals brute force (1e-9), in double precision."""
    made = case(name, **own)
    exact = attribute(
        made.model, made.x, method="deep_lift_shap", meta=made.meta, target=1, n_baselines=2,
        options={"quadrature": 64},
    )  # fmt: skip
    kinks = own.get("gates") == "hard_sigmoid"
    assert exact.completeness.max() < (1e-3 if kinks else 1e-5)
    some, meta = made.x[:2], None if made.meta is None else made.meta[:2]
    fast, slow = (
        attribute(made.model, some, method="ism", meta=meta, target=1, options={"fast": fast})
        for fast in (True, False)
    )
    np.testing.assert_allclose(fast.scores, slow.scores, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["saliency", "deep_lift_shap", "ism"])
@pytest.mark.parametrize("name", ["deepgrn", "danq"])
def test_strand_agreement(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    found = strand_agreement(made.model, made.x, method=method, meta=made.meta, target=1)
    assert found.forward.shape == found.reverse.shape == tuple(made.x.shape)
    assert np.isnan(found.pearson[3])  # no known base
    assert (np.abs(found.pearson[:3]) <= 1).all()
    assert (np.abs(found.spearman[:3]) <= 1).all()
    # A model whose strand is read both ways agrees with itself.
    same = strand_agreement(Both(made.model), made.x, method=method, meta=made.meta, target=1)
    np.testing.assert_allclose(same.pearson[:3], 1, atol=1e-6)


class Both(torch.nn.Module):
    """The sum of both strands' logits."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor, meta: torch.Tensor | None = None) -> torch.Tensor:
        logits: torch.Tensor = self.model.strand(x, meta) + self.model.strand(flipped(x), meta)
        return logits


def test_what_users_of_other_programs_try_first() -> None:
    """Windows as positions × bases, letters, and the names that others give to methods."""
    model = torch.nn.Sequential(torch.nn.Conv1d(4, 1, 5), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten()).eval()
    windows = torch.eye(4)[torch.arange(60).remainder(4)].T.repeat(2, 1, 1)
    assert attribute(model, windows, method="saliency").scores.shape == (2, 4, 60)
    with pytest.raises(ValueError, match=r"shape \(2, 60, 4\), positions before bases.*x\.transpose\(1, 2\)"):
        attribute(model, windows.transpose(1, 2), method="saliency")
    with pytest.raises(TypeError, match=r"of letters motiflens\.models\.data\.one_hot makes them"):
        attribute(model, "ACGT" * 15, method="saliency")  # type: ignore[arg-type]
    for name, ours in {"saturation_mutagenesis": "ism", "DeepSHAP": "deep_lift_shap"}.items():
        with pytest.raises(ValueError, match=f"'{name}': did you mean '{ours}'"):
            attribute(model, windows, method=name)
