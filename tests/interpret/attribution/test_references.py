"""Each method against a slow, independent way to the same numbers, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from tangermeme.deep_lift_shap import deep_lift_shap as tangermeme_deep_lift_shap
from tangermeme.saturation_mutagenesis import saturation_mutagenesis
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.baselines import baselines
from motiflens.models.registry import architectures

ALL = [name for name in architectures() if not name.startswith("test")]
DIFFERENTIABLE = [name for name in ALL if name not in ("kegru", "gkm_svm")]


def logits(case: Any, x: Tensor, rows: Any = slice(None)) -> Tensor:
    with torch.no_grad():
        found: Tensor = case.model(x, None if case.meta is None else case.meta[rows])[:, 1]
    return found


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_saliency_is_the_slope(case: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Central finite differences at 40 places, rtol 1e-5 (double).

    At dense random input, which users are refused: one-hot windows repeat themselves, so that poolings have shared
    maxima and no one slope.
    """
    monkeypatch.setattr("motiflens.interpret.attribution.windows._check_bases", lambda windows: None)
    made = case(name)
    rng = np.random.default_rng(0)
    made = made._replace(x=torch.from_numpy(rng.random(made.x.shape)))
    result = attribute(made.model, made.x, method="saliency", meta=made.meta, target=1, correct=False)
    step = 1e-6
    for _ in range(40):
        n, c, at = (int(rng.integers(size)) for size in made.x.shape)
        up, down = made.x[n : n + 1].clone(), made.x[n : n + 1].clone()
        up[0, c, at] += step
        down[0, c, at] -= step
        slope = (logits(made, up, [n]) - logits(made, down, [n])).item() / (2 * step)
        np.testing.assert_allclose(result.hypothetical[n, c, at], slope, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("fast", [True, False])
def test_mutagenesis_is_brute_force(case: Callable[..., Any], name: str, fast: bool) -> None:
    """Every mutant through the whole model, one at a time in all windows; rtol 1e-9 (double)."""
    made = case(name)
    result = attribute(
        made.model, made.x, method="ism", meta=made.meta, target=1, correct=False, options={"fast": fast}
    )
    before = logits(made, made.x).numpy()
    known = made.x[:, :4].sum(1).numpy() > 0
    for at in range(made.x.shape[-1]):
        for c in range(made.x.shape[1]):
            mutant = made.x.clone()
            if c < 4:
                mutant[:, :4, at] = 0
                mutant[:, c, at] = 1
                change = (logits(made, mutant).numpy() - before) * known[:, at]
                found = result.hypothetical[:, c, at]
            else:
                mutant[:, c, at] = 0
                change = before - logits(made, mutant).numpy()
                found = result.scores[:, c, at]
            # gkm-SVM counts in single precision.
            rtol, atol = (1e-4, 1e-6) if name == "gkm_svm" else (1e-9, 1e-12)
            np.testing.assert_allclose(found, change, rtol=rtol, atol=atol)


def test_mutagenesis_is_tangermeme(case: Callable[..., Any]) -> None:
    """Centred mutagenesis against tangermeme's, rtol 1e-9 (double)."""
    made = case("danq")
    x = made.x[2:3]
    ours = attribute(made.model, x, method="ism", target=1)
    theirs = saturation_mutagenesis(made.model, x, target=1, device="cpu", hypothetical=True, fast=False)
    np.testing.assert_allclose(ours.hypothetical, theirs.numpy(), rtol=1e-9, atol=1e-12)


class Plain(nn.Module):
    """What tangermeme handles as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(4, 6, 7), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(6, 5, 3), nn.ELU(), nn.Flatten()
        )
        self.output = nn.Sequential(nn.Linear(55, 8), nn.Sigmoid(), nn.Linear(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.output(self.layers(x))
        return logits


@pytest.fixture
def plain() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Plain().double().eval()


def test_deep_lift_is_tangermeme(case: Callable[..., Any], plain: nn.Module) -> None:
    """The same references through tangermeme itself, rtol 1e-9 (double)."""
    x = case("danq").x[2:3]
    references = baselines(x, n=6, seed=2)
    ours = attribute(plain, x, method="deep_lift_shap", target=1, baseline=references)
    for hypothetical, found in ((True, ours.hypothetical), (False, ours.scores)):
        theirs = tangermeme_deep_lift_shap(
            plain, x, target=1, references=references, device="cpu", hypothetical=hypothetical
        )
        np.testing.assert_allclose(found, theirs.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["tbinet", "saresnet", "deepgrn", "expectation_luo"])
def test_integrated_gradients_are_a_riemann_sum(case: Callable[..., Any], name: str) -> None:
    """A midpoint sum of 2,000 steps for one path, within 1 % of the largest score."""
    made = case(name)
    x, steps = made.x[2:3], 2000
    baseline = baselines(made.x, n=1, seed=3)
    ours = attribute(
        made.model, made.x, method="integrated_gradients", target=1, meta=made.meta, baseline=baseline,
        options={"steps": 400},
    )  # fmt: skip
    along = (torch.arange(steps, dtype=torch.float64) + 0.5)[:, None, None] / steps
    path = (baseline[2] + along * (x - baseline[2])).requires_grad_()
    meta = None if made.meta is None else made.meta[2:3].expand(steps, -1)
    slope = torch.autograd.grad(made.model(path, meta)[:, 1].sum(), path)[0].mean(0)
    expected = ((x - baseline[2]) * slope)[0].numpy()
    projected = expected.copy()
    projected[:4] = expected[:4].sum(0) * x[0, :4].numpy()  # all of a place's contribution at its base
    np.testing.assert_allclose(ours.scores[2], projected, rtol=0, atol=0.01 * np.abs(projected).max())


def test_gradient_family_is_captums(plain: nn.Module, case: Callable[..., Any]) -> None:
    """Saliency, input x gradient, integrated gradients and occlusion as Captum gives them, rtol 1e-6 (double)."""
    x = case("danq").x[2:3]
    leaf = x.clone().requires_grad_()
    raw = {"target": 1, "correct": False}
    slope = captum.attr.Saliency(plain).attribute(leaf, target=1, abs=False).detach().numpy()
    np.testing.assert_allclose(attribute(plain, x, method="saliency", **raw).hypothetical, slope, rtol=1e-9)
    product = captum.attr.InputXGradient(plain).attribute(leaf, target=1).detach().numpy()
    np.testing.assert_allclose(attribute(plain, x, method="input_x_gradient", **raw).scores, product, rtol=1e-9)
    zeros = captum.attr.IntegratedGradients(plain).attribute(x, target=1, n_steps=100).numpy()
    ours = attribute(
        plain, x, method="integrated_gradients", baseline="zeros", options={"steps": 100}, **raw
    )  # Captum rounds its step sizes to single precision
    np.testing.assert_allclose(ours.scores, zeros, rtol=1e-6, atol=1e-9)
    hidden = captum.attr.Occlusion(plain).attribute(
        x, target=1, sliding_window_shapes=(4, 10), strides=(4, 5), baselines=0
    )
    ours = attribute(plain, x, method="occlusion", options={"width": 10, "stride": 5}, **raw)
    np.testing.assert_allclose(ours.scores, (hidden * x).numpy(), rtol=1e-6, atol=1e-9)


def test_smoothgrad_and_gradient_shap_against_loops(plain: nn.Module, case: Callable[..., Any]) -> None:
    """SmoothGrad without noise is saliency; GradientSHAP with many draws is integrated gradients (within 2 %)."""
    x = case("danq").x[2:3]
    still = attribute(plain, x, method="smoothgrad", target=1, options={"noise": 0.0, "samples": 2})
    np.testing.assert_allclose(still.scores, attribute(plain, x, method="saliency", target=1).scores, rtol=1e-9)
    reference = baselines(x, n=1, seed=4)
    many = attribute(
        plain, x, method="gradient_shap", target=1, baseline=reference, options={"draws": 2000}
    ).scores
    exact = attribute(
        plain, x, method="integrated_gradients", target=1, baseline=reference, options={"steps": 500}
    ).scores
    np.testing.assert_allclose(many, exact, rtol=0, atol=0.02 * np.abs(exact).max())


def test_attention_x_gradient_by_finite_differences(case: Callable[..., Any]) -> None:
    """TBiNet: nudge each attention weight by hand; the profile spread over the fields, rtol 1e-5 (double)."""
    made = case("tbinet")
    x = made.x[2:3]
    weights: list[Tensor] = []
    handle = made.model.attention.register_forward_hook(lambda _, __, output: weights.append(output))
    logits(made, x)
    handle.remove()
    profile = np.zeros(weights[0].shape[1])
    for at in range(len(profile)):
        sides = []
        for step in (1e-6, -1e-6):
            nudged = weights[0].clone()
            nudged[0, at] += step
            handle = made.model.attention.register_forward_hook(lambda _, __, ___, nudged=nudged: nudged)
            sides.append(float(logits(made, x)))
            handle.remove()
        profile[at] = float(weights[0][0, at]) * (sides[0] - sides[1]) / 2e-6
    sums, counts = np.zeros(x.shape[-1]), np.zeros(x.shape[-1])
    for at, value in enumerate(profile):  # kernel 8, pooling 4: position p looks at [4 p, 4 p + 11)
        sums[4 * at : 4 * at + 11] += value
        counts[4 * at : 4 * at + 11] += 1
    expected = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    result = attribute(made.model, x, method="attention_x_gradient", target=1)
    np.testing.assert_allclose(result.scores.sum(1)[0], expected, rtol=1e-5, atol=1e-9)


def test_kmers_on_the_embedding(case: Callable[..., Any]) -> None:
    """KEGRU: finite differences along each token's embedding, spread over its 3 bases; rtol 1e-5 (double)."""
    made = case("kegru")
    x = made.x[2:3]
    embedded = made.model.embedding(made.model.tokens(x)).detach()
    track = np.zeros(x.shape[-1])
    for token in range(embedded.shape[1]):
        sides = []
        for step in (1e-6, -1e-6):
            scaled = embedded.clone()
            scaled[0, token] *= 1 + step
            handle = made.model.embedding.register_forward_hook(lambda _, __, ___, scaled=scaled: scaled)
            sides.append(float(logits(made, x)))
            handle.remove()
        track[2 * token : 2 * token + 3] += (sides[0] - sides[1]) / 2e-6 / 3
    result = attribute(made.model, x, method="input_x_gradient", target=1)
    np.testing.assert_allclose(result.scores.sum(1)[0], track, rtol=1e-5, atol=1e-9)
    assert result.hypothetical is None
