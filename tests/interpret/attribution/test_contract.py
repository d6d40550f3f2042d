"""What every method promises for every architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.interpret.attribution.attribute import METHODS, attribute
from motiflens.interpret.attribution.baselines import baselines
from motiflens.interpret.attribution.branches import flipped
from motiflens.interpret.attribution.completeness import TOLERANCE
from motiflens.models.registry import architectures

# On windows of 60 bp: the stretches of occlusion lie evenly, so that they mirror.
OPTIONS: dict[str, dict[str, Any]] = {"occlusion": {"width": 10, "stride": 5}, "smoothgrad": {"samples": 4}}
WITH_ATTENTION = {"deepgrn", "saresnet", "tbinet"}
SIAMESE = {"deepbind", "deepgrn", "factornet", "pwm"}
BUILT_IN = [name for name in architectures() if not name.startswith("test")]
MATRIX = [(name, method) for name in BUILT_IN for method in METHODS]
BY_PASSES = {"ism", "occlusion", "random"}  # all that a model without gradients needs
APPLIES = [
    (name, method)
    for name, method in MATRIX
    if (method in BY_PASSES if name == "gkm_svm" else method != "gkm_explain")
    and (method != "attention_x_gradient" or name in WITH_ATTENTION)
]
APPLIES.append(("gkm_svm", "gkm_explain"))
REFUSED = [pair for pair in MATRIX if pair not in APPLIES]


def run(case: Any, method: str, **changed: Any) -> Any:
    given: dict[str, Any] = {
        "method": method,
        "meta": case.meta,
        "target": 1,
        "options": OPTIONS.get(method),
        **changed,
    }
    x = given.pop("x", case.x)
    return attribute(given.pop("model", case.model), x, **given)


def close(a: np.ndarray, b: np.ndarray, share: float) -> None:
    """Assert equality within a share of the largest score."""
    np.testing.assert_allclose(a, b, rtol=0, atol=share * max(np.abs(a).max(), 1e-12))


@pytest.mark.parametrize(("name", "method"), REFUSED)
def test_refuses_what_it_cannot_do(case: Callable[..., Any], name: str, method: str) -> None:
    with pytest.raises(ValueError, match=r"has no attention|has no gradient|explains gkm_svm alone"):
        run(case(name), method)


@pytest.mark.parametrize(("name", "method"), APPLIES)
def test_shapes_and_unknown_bases(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    result = run(made, method)
    x = made.x.numpy()
    assert result.scores.shape == x.shape
    assert result.scores.dtype == np.float64
    assert np.isfinite(result.scores).all()
    assert (result.scores[:, :4][x[:, :4] == 0] == 0).all()  # projected, and nothing at N
    assert np.abs(result.scores[:3]).max() > 0
    with torch.no_grad():
        logits = made.model(made.x, made.meta)[:, 1].numpy()
    np.testing.assert_allclose(result.prediction, logits, rtol=1e-9, atol=1e-12)
    if result.hypothetical is not None:
        unknown = x[:, :4].sum(1, keepdims=True) == 0
        assert result.hypothetical.shape == x.shape
        assert (result.hypothetical[:, :4] * unknown == 0).all()
        close(result.hypothetical[:, :4] * x[:, :4], result.scores[:, :4], 1e-12)
        if method in ("saliency", "input_x_gradient", "smoothgrad", "ism", "random"):
            np.testing.assert_allclose(result.hypothetical[:, :4].sum(1), 0, atol=1e-12)
    if x.shape[1] > 4 and method != "attention_x_gradient":
        assert (np.abs(result.scores[:, 4:]).max((0, 2)) > 0).all()  # signals are attributed too


@pytest.mark.parametrize(("name", "method"), APPLIES)
def test_batch_size_does_not_matter(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    few = {"n_baselines": 2} if method in TOLERANCE else {}
    whole, parts = run(made, method, **few), run(made, method, batch_size=3, **few)
    close(whole.scores, parts.scores, 1e-7)
    some = run(made, method, x=made.x[2:], meta=None if made.meta is None else made.meta[2:], **few)
    close(whole.scores[2:], some.scores, 1e-7)  # nor does a window's place


# A model that merges no strands is compared with one that reads the other strand. That wrapper hides the layers
# which k-mers and attention are found by; and random scores have nothing to do with strands. gkm-SVM reads an
# unknown base as A, so that strands differ where there is one.
MIRRORED = [
    (name, method)
    for name, method in APPLIES
    if method != "random"
    and name != "gkm_svm"
    and (name in SIAMESE or (name != "kegru" and method != "attention_x_gradient"))
]


@pytest.mark.parametrize(("name", "method"), MIRRORED)
def test_reverse_complement(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    if made.model.siamese:
        model = made.model  # the same logit for both strands, so the same scores, turned round
    else:
        model = Reversed(made.model)
    # Not the window without any known base: noise cannot tell its strands apart.
    x, meta = made.x[:3], None if made.meta is None else made.meta[:3]
    ahead = run(made, method, x=x, meta=meta)
    back = run(made, method, model=model, x=flipped(x), meta=meta)
    close(ahead.scores, flipped(torch.from_numpy(back.scores)).numpy(), 1e-7)


class Reversed(nn.Module):
    """A model that reads the other strand."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(flipped(x))
        return logits


@pytest.mark.parametrize(("name", "method"), [pair for pair in APPLIES if pair[1] in TOLERANCE])
def test_completeness(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    options = {"quadrature": 64} if method == "deep_lift_shap" else None
    result = run(made, method, options=options)
    assert result.completeness.dtype == np.float64
    assert not result.flagged.any(), result.completeness
    if method == "deep_lift_shap":
        assert result.completeness.max() < 1e-6


@pytest.mark.parametrize("name", [name for name, method in APPLIES if method == "deep_lift_shap"])
def test_deep_lift_scores_add_up(case: Callable[..., Any], name: str) -> None:
    made = case(name)
    ends = baselines(made.x, n=3, seed=5)
    result = run(made, "deep_lift_shap", baseline=ends, options={"quadrature": 64})
    with torch.no_grad():
        meta = None if made.meta is None else made.meta.repeat_interleave(3, 0)
        reference = made.model(ends.flatten(0, 1), meta)[:, 1].reshape(4, 3).mean(1).numpy()
    np.testing.assert_allclose(result.scores.sum((1, 2)), result.prediction - reference, rtol=0, atol=1e-6)


# Which of two places that hold a word equally well gets its gradient is settled by rounding: paths between windows
# pass through many such ties.
TIED = {("kmer_logistic", "integrated_gradients"), ("kmer_logistic", "gradient_shap")}


@pytest.mark.parametrize(("name", "method"), [pair for pair in APPLIES if pair not in TIED])
def test_single_precision(case: Callable[..., Any], name: str, method: str) -> None:
    double, single = case(name), case(name, dtype=torch.float32)
    a, b = run(double, method), run(single, method)
    assert b.scores.dtype == np.float32
    close(a.scores, b.scores, 2e-3 if method == "ism" else 1e-3)


class BrokenError(Exception):
    """Raised in the middle of a pass."""


@pytest.mark.parametrize(("name", "method"), APPLIES)
def test_state_is_restored_after_an_exception(case: Callable[..., Any], name: str, method: str) -> None:
    made = case(name)
    model = made.model.train()
    several = ("integrated_gradients", "gradient_shap", "smoothgrad", "occlusion", "ism")
    fatal = 2 if method in several and (name, method) != ("gkm_svm", "ism") else 1
    calls = []

    def fail(*_: Any) -> None:
        calls.append(1)
        if len(calls) == fatal:
            raise BrokenError

    last = model.output if hasattr(model, "output") else list(model.modules())[-1]
    handle = last.register_forward_hook(fail)
    before = snapshot(model)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with pytest.raises(BrokenError):
        run(made, method)
    assert snapshot(model) == before
    assert torch.equal(torch.get_rng_state(), state)
    handle.remove()
    run(made, method)
    after = snapshot(model)
    assert {key: value for key, value in after.items() if not key.endswith("_forward_hooks")} == {
        key: value for key, value in before.items() if not key.endswith("_forward_hooks")
    }


def snapshot(model: nn.Module) -> dict[str, Any]:
    """Everything that a method might leave behind."""
    found: dict[str, Any] = {}
    for name, module in model.named_modules():
        found[f"{name} attributes"] = sorted(module.__dict__)
        found[f"{name} training"] = module.training
        for kind in ("_modules", "_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            found[f"{name} {kind}"] = [id(value) for value in getattr(module, kind).values()]
    for name, parameter in model.named_parameters():
        found[f"{name} parameter"] = (id(parameter), parameter.requires_grad, parameter.grad is None)
    return found
