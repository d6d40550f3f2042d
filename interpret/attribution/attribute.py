"""One call for every attribution method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.attention_x_gradient import attention_x_gradient
from motiflens.interpret.attribution.baselines import baselines
from motiflens.interpret.attribution.completeness import TOLERANCE
from motiflens.interpret.attribution.correct import correct as correct_gradient
from motiflens.interpret.attribution.deep_lift_shap import deep_lift_shap
from motiflens.interpret.attribution.gkm_explain import gkm_explain
from motiflens.interpret.attribution.gradient_inputs import Raw, chunks
from motiflens.interpret.attribution.gradient_shap import gradient_shap
from motiflens.interpret.attribution.input_x_gradient import input_x_gradient
from motiflens.interpret.attribution.integrated_gradients import integrated_gradients
from motiflens.interpret.attribution.ism import ism
from motiflens.interpret.attribution.occlusion import occlusion
from motiflens.interpret.attribution.random import random
from motiflens.interpret.attribution.saliency import saliency
from motiflens.interpret.attribution.smoothgrad import smoothgrad
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.interpret.results import Attribution
from motiflens.models.types import Floats

_METHODS: Final[Mapping[str, Callable[..., Raw]]] = {
    "saliency": saliency,
    "input_x_gradient": input_x_gradient,
    "integrated_gradients": integrated_gradients,
    "gradient_shap": gradient_shap,
    "smoothgrad": smoothgrad,
    "occlusion": occlusion,
    "ism": ism,
    "deep_lift_shap": deep_lift_shap,
    "attention_x_gradient": attention_x_gradient,
    "gkm_explain": gkm_explain,
    "random": random,
}
METHODS: Final = tuple(_METHODS)
# Several shuffles a window; fewer where each of them costs a whole path of passes.
_SHUFFLES: Final = {"integrated_gradients": 4, "deep_lift_shap": 10, "gradient_shap": 20}


def attribute(
    model: nn.Module,
    x: Tensor | Floats,
    *,
    method: str,
    target: int = 0,
    meta: Tensor | Floats | None = None,
    baseline: str | Tensor | None = None,
    n_baselines: int | None = None,
    batch_size: int = 64,
    seed: int = 0,
    correct: bool | None = None,
    tolerance: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Attribution:
    """Attribute a logit to the bases and signals of each window.

    Parameters
    ----------
    model
        Takes (N, C, L), and `meta` if that is given, to logits (N, outputs). It is put back as it was found.
    x
        (N, C, L): channels A, C, G, T, then signals; an unknown base is four zeros and gets the score 0.
    method
        One of `METHODS`.
    target
        Which output.
    meta
        (N, M): features that are no sequence; held fixed.
    baseline
        What path methods compare with: ``shuffle`` (default), ``gc``, ``zeros`` or a tensor (see `baselines`).
    n_baselines
        Number of shuffles: by default 4 for integrated gradients, 10 for DeepLIFT, 20 for GradientSHAP.
    batch_size
        Most rows in one pass; bounds the memory. It does not change the scores but for rounding.
    seed
        Of everything random. What is drawn for a window depends on the seed and its sequence alone.
    correct
        Remove the mean over A, C, G, T from each position's scores (`correct.correct`). By default yes, except for
        methods that compare with baselines: with real sequences as baselines it changes nothing in the scores, and
        with others the scores would no longer add up to the difference in logit.
    tolerance
        Completeness beyond which a window is flagged (default: `TOLERANCE` of the method).
    options
        Further options of the method, by name (``{"steps": 64}``).

    Returns
    -------
    Attribution
        Arrays in the model's precision.

    Raises
    ------
    ValueError
        For an unknown method, option or baseline, a target or shapes that do not fit, or a method that does not
        apply to this model.
    """
    if method not in _METHODS:
        raise ValueError(f"no attribution method is called {method!r}: choose one of {', '.join(METHODS)}")
    function = _METHODS[method]
    accepted = inspect.signature(function).parameters
    chosen = _options(method, accepted, options)
    if "seed" in accepted:
        chosen["seed"] = seed
    compares = "baselines" in accepted
    if baseline is not None and not compares:
        raise ValueError(f"{method} compares with no baseline: leave out baseline={_name(baseline)}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    windows, extra = _inputs(model, x, meta)
    outputs = _outputs(model, windows, extra)
    if not 0 <= target < outputs:
        raise ValueError(f"target {target} is out of range: the model has {outputs} outputs, 0 to {outputs - 1}")
    parts: list[Raw] = []
    with model_unchanged(model, seed=seed):
        for part in chunks(len(windows), batch_size):
            some = windows[part]
            if compares:
                given = baseline
                if isinstance(baseline, Tensor) and baseline.ndim > 2:
                    given = baseline[part]
                number = _SHUFFLES[method] if n_baselines is None else n_baselines
                chosen["baselines"] = baselines(some, given, n=number, seed=seed)
            chosen["meta"] = None if extra is None else extra[part]
            raw = function(model, some, target=target, batch_size=batch_size, **chosen)
            adds_up = compares or method == "gkm_explain"
            parts.append(_finished(raw, some, not adds_up if correct is None else correct))
    limit = TOLERANCE.get(method, np.inf) if tolerance is None else tolerance
    return _result(parts, windows, method, limit)


def _name(baseline: str | Tensor) -> str:
    return repr(baseline) if isinstance(baseline, str) else "a tensor"


def _options(method: str, accepted: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and copy a method's own options."""
    own = [name for name in accepted if name not in _COMMON]
    chosen = dict(options or {})
    unknown = sorted(set(chosen) - set(own))
    if unknown:
        raise ValueError(f"{method} has no option {unknown[0]!r}: it has {', '.join(own) or 'none'}")
    return chosen


_COMMON: Final = frozenset({"model", "x", "target", "meta", "batch_size", "baselines", "seed"})


def _inputs(model: nn.Module, x: Tensor | Floats, meta: Tensor | Floats | None) -> tuple[Tensor, Tensor | None]:
    """Put windows and meta where the model is, in its precision."""
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(0))
    windows = torch.as_tensor(x).detach().to(device=like.device, dtype=like.dtype)
    if windows.ndim != 3 or windows.shape[1] < 4:
        raise ValueError(
            f"x has shape {tuple(windows.shape)}: expected (windows, channels, bp), channels A, C, G, T first"
        )
    if meta is None:
        return windows, None
    extra = torch.as_tensor(meta).detach().to(device=like.device, dtype=like.dtype)
    if extra.ndim != 2 or len(extra) != len(windows):
        raise ValueError(f"meta has shape {tuple(extra.shape)}: expected ({len(windows)}, features)")
    return windows, extra


def _outputs(model: nn.Module, windows: Tensor, extra: Tensor | None) -> int:
    """Return the number of logits, from the model's own statement or from a pass of one window."""
    stated = getattr(model, "outputs", None)
    if isinstance(stated, int):
        return stated
    with model_unchanged(model), torch.no_grad():
        probe = windows[:1] if len(windows) else windows.new_zeros((1, *windows.shape[1:]))
        logits = model(probe) if extra is None else model(probe, extra[:1])
    return 1 if logits.ndim == 1 else int(logits.shape[1])


def _finished(raw: Raw, x: Tensor, correct: bool) -> Raw:
    """Correct and project, and leave nothing at unknown bases."""
    known = (x[:, :4].sum(1, keepdim=True) > 0).to(x.dtype)  # N, 1, L
    hypothetical, scores = raw.hypothetical, raw.scores
    if hypothetical is not None:
        if correct:
            hypothetical = correct_gradient(hypothetical)
        hypothetical = torch.cat([hypothetical[:, :4] * known, hypothetical[:, 4:]], dim=1)
        if scores is None:
            scores = torch.cat([hypothetical[:, :4] * x[:, :4], hypothetical[:, 4:]], dim=1)
    assert scores is not None
    scores = torch.cat([scores[:, :4] * known, scores[:, 4:]], dim=1)
    return Raw(hypothetical, scores, raw.prediction, raw.error)


def _result(parts: list[Raw], windows: Tensor, method: str, tolerance: float) -> Attribution:
    def joined(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        if not found or found[0] is None:
            return None
        return torch.cat(found).detach().cpu().numpy()

    error = joined("error")
    nothing = windows.new_zeros((0, *windows.shape[1:])).cpu().numpy()
    return Attribution(
        scores=joined("scores") if parts else nothing,
        hypothetical=joined("hypothetical"),
        prediction=joined("prediction") if parts else nothing[:, 0, 0],
        completeness=None if error is None else error.astype(np.float64),
        flagged=None if error is None else error > tolerance,
        method=method,
    )
