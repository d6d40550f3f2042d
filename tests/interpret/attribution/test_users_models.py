"""What users bring: models of several outputs, half precision, arrays of any layout, unknown bases as quarters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret import AttributionOptions, adapt, attribute
from motiflens.interpret.attribution.attribute import METHODS
from motiflens.interpret.attribution.baselines import baselines, known_bases
from motiflens.interpret.attribution.method_costs import COSTS

LENGTH = 40
PLAIN = [method for method in METHODS if method not in ("attention_x_gradient", "gkm_explain")]


def windows(n: int = 3, seed: int = 0) -> np.ndarray:
    codes = np.random.default_rng(seed).integers(0, 4, (n, LENGTH))
    return np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)


class TwoHeads(nn.Module):
    """A profile and a count, in whatever shape is asked for."""

    def __init__(self, shape: str = "tuple", scale: float = 1.0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body = nn.Sequential(nn.Conv1d(4, 6, 7, padding=3), nn.ReLU())
            self.profile, self.counts = nn.Conv1d(6, 2, 1), nn.Linear(6, 2)
        self.shape, self.scale = shape, scale

    def forward(self, x: Tensor) -> Any:
        hidden = self.body(x)
        profile, counts = self.profile(hidden), self.counts(hidden.mean(-1)) * self.scale
        if self.shape == "dict":
            return {"profile": profile, "counts": counts}
        if self.shape == "profile":
            return profile
        return counts if self.shape == "counts" else (profile, counts)


def test_costs_are_told_of_every_method() -> None:
    assert tuple(COSTS) == METHODS


@pytest.mark.parametrize("method", PLAIN)
def test_outputs(method: str) -> None:
    x = windows()
    expected = attribute(TwoHeads("counts"), x, method=method, target=1).scores
    for shape, output in (("tuple", 1), ("dict", "counts"), ("tuple", lambda given: given[1])):
        scores = adapt(TwoHeads(shape)).attribute(x, method=method, target=1, output=output).scores
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-7)
    for shape, words in (
        ("tuple", "a tuple of 2"),
        ("dict", "output='profile' or 'counts'"),
        ("profile", ":mean"),
    ):
        with pytest.raises(ValueError, match=words):
            attribute(TwoHeads(shape), x, method=method)
    profile = attribute(TwoHeads("profile"), x, method=method, target=1, output=":mean")
    np.testing.assert_allclose(
        profile.prediction, TwoHeads("profile")(torch.from_numpy(x)).mean(-1)[:, 1].detach(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("method", PLAIN)
def test_layouts_and_modes(method: str) -> None:
    x = windows()
    expected = attribute(TwoHeads("counts"), x[:, ::-1, ::-1].copy(), method=method).scores
    assert np.array_equal(attribute(TwoHeads("counts"), x[:, ::-1, ::-1], method=method).scores, expected)
    for kind in (">f4", ">f8", np.longdouble):  # as HDF5 files of other machines hold them
        there = x[:, ::-1, ::-1].astype(kind)
        assert np.array_equal(attribute(TwoHeads("counts"), there, method=method).scores, expected)
    model = TwoHeads("counts")
    with torch.inference_mode():
        scores = attribute(model, torch.from_numpy(x[:, ::-1, ::-1].copy()) * 1, method=method).scores
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("method", ["saliency", "deep_lift_shap", "integrated_gradients", "ism"])
def test_half_precision(method: str, dtype: torch.dtype) -> None:
    model = TwoHeads("counts").to(dtype)
    result = attribute(model, windows(), method=method)
    assert result.scores.dtype == np.float32
    expected = attribute(TwoHeads("counts"), windows(), method=method).scores
    np.testing.assert_allclose(result.scores, expected, rtol=0, atol=0.02 * np.abs(expected).max())
    assert next(model.parameters()).dtype == dtype


def test_weights_of_inference_mode_are_named() -> None:
    with torch.inference_mode():
        model = TwoHeads("counts")
    with pytest.raises(ValueError, match="inference_mode"):
        attribute(model, windows(), method="saliency")


def test_quarters_are_unknown() -> None:
    x = torch.from_numpy(windows(2))
    x[0, :, 5:9] = 0.25
    drawn = baselines(x, n=3)
    assert (drawn[0, :, :, 5:9] == 0.25).all()  # they never contribute
    assert not known_bases(x)[0, 5:9].any()
    zeros = x.clone()
    zeros[0, :, 5:9] = 0
    assert torch.equal(baselines(zeros, n=3)[0, :, :, :5], drawn[0, :, :, :5])
    for method in PLAIN:
        scores = attribute(TwoHeads("counts"), x, method=method).scores
        assert (scores[0, :, 5:9] == 0).all()
        assert np.abs(scores[0]).max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_base_is_refused(method: str) -> None:
    x = windows()
    x[1, :, 7] = [0.5, 0.5, 0, 0]
    with pytest.raises(ValueError, match=r"window 1, position 7: A, C, G, T = 0.5, 0.5, 0, 0 are no base"):
        attribute(TwoHeads("counts"), x, method=method)
    x[1, 2, 7] = np.nan
    with pytest.raises(ValueError, match="window 1, channel 2, position 7: the value is not finite"):
        attribute(TwoHeads("counts"), x, method="saliency")


@pytest.mark.parametrize("method", ["integrated_gradients", "deep_lift_shap"])
def test_the_gate_knows_no_scale(method: str) -> None:
    """The same model times .001 is flagged as often: the gate is a share of the change."""
    options = {"steps": 1, "refinements": 0} if method == "integrated_gradients" else {}
    flags, errors = [], []
    for scale in (1.0, 0.03, 1e-3):
        result = attribute(TwoHeads("counts", scale), windows(6), method=method, tolerance=0.02, options=options)
        assert result.flagged is not None
        flags.append(result.flagged.tolist())
        errors.append(result.completeness)
    assert flags[0] == flags[1] == flags[2]
    if method == "integrated_gradients":
        assert any(flags[0])
        np.testing.assert_allclose(errors[0], errors[2], rtol=0.02)


def test_no_change_to_explain() -> None:
    """Shuffling changes no homopolymer and no N; a model that answers with a constant has nothing to explain."""
    x = windows(3)
    x[0] = 0
    x[0, 2] = 1
    x[1] = 0
    result = attribute(TwoHeads("counts"), x, method="deep_lift_shap")
    assert result.unexplained is not None
    assert result.unexplained.tolist() == [True, True, False]
    assert result.flagged is not None
    assert not result.flagged.any()
    constant = TwoHeads("counts", 0.0)
    for method in ("deep_lift_shap", "integrated_gradients"):
        still = attribute(constant, windows(2), method=method)
        assert still.unexplained is not None
        assert still.completeness is not None
        assert still.unexplained.all()
        assert (still.completeness == 0).all()
    assert attribute(constant, x, method="saliency").unexplained is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"batch_size": 0}, "batch_size is 0: expected at least 1"),
        ({"seed": -1}, "seed is -1: expected at least 0"),
        ({"target": -1}, "target is -1: expected at least 0"),
        ({"tolerance": float("nan")}, "tolerance is nan: expected at least 0"),
        ({"method": "sailency"}, "no attribution method is called 'sailency'"),
    ],
)
def test_options_are_checked_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AttributionOptions(**{"method": "saliency", **given})


def test_options_are_passed_on() -> None:
    chosen = AttributionOptions(method="saliency", target=1)
    x = windows()
    direct = attribute(TwoHeads("counts"), x, method="saliency", target=1)
    assert np.array_equal(attribute(TwoHeads("counts"), x, chosen).scores, direct.scores)
    assert np.array_equal(adapt(TwoHeads("counts")).attribute(x, chosen, target=0).scores,
                          attribute(TwoHeads("counts"), x, method="saliency").scores)  # fmt: skip
    with pytest.raises(TypeError, match="which method"):
        attribute(TwoHeads("counts"), x)
    with pytest.raises(TypeError, match="batchsize"):
        attribute(TwoHeads("counts"), x, method="saliency", batchsize=3)  # type: ignore[call-arg]


class Odd(nn.Module):
    """A model that works in place on its input, gives numbers that are no logits, or passes no gradient on."""

    def __init__(self, how: str) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body, self.head = nn.Conv1d(4, 6, 7, padding=3), nn.Linear(6, 1)
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "in place":
            x.mul_(1.0)
        hidden = self.body(x).relu().mean(-1)
        logits: Tensor = self.head(hidden.detach() if self.how == "detached" else hidden)
        return {"integers": (logits > 0).long(), "complex": torch.complex(logits, logits)}.get(self.how, logits)


GRADIENTS = (
    "saliency",
    "input_x_gradient",
    "integrated_gradients",
    "deep_lift_shap",
    "gradient_shap",
    "smoothgrad",
)


@pytest.mark.parametrize("method", [*GRADIENTS, "ism"])
def test_models_that_work_in_place_on_their_input(method: str) -> None:
    x = windows(2)
    found, wanted = (attribute(Odd(how), x, method=method).scores for how in ("in place", "plain"))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    assert (x == windows(2)).all()


@pytest.mark.parametrize("method", GRADIENTS)
def test_no_gradient_is_one_line(method: str) -> None:
    with pytest.raises(ValueError, match="no gradient passes from the model's output to its input"):
        attribute(Odd("detached"), windows(2), method=method)


def test_without_a_gradient_substitutions_still_tell() -> None:
    for method in ("ism", "occlusion"):
        found, wanted = (attribute(Odd(how), windows(2), method=method).scores for how in ("detached", "plain"))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("how", "kind"), [("integers", "int64"), ("complex", "complex64")])
@pytest.mark.parametrize("method", ["saliency", "ism", "deep_lift_shap"])
def test_outputs_that_are_no_logits(method: str, how: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"the model gives numbers of type {kind}: expected logits"):
        attribute(Odd(how), windows(2), method=method)
