"""One call for every attribution method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.attention_x_gradient import attention_x_gradient
from motiflens.interpret.attribution.baselines import baselines, known_bases
from motiflens.interpret.attribution.completeness import TOLERANCE
from motiflens.interpret.attribution.correct import correct
from motiflens.interpret.attribution.deep_lift_shap import deep_lift_shap
from motiflens.interpret.attribution.gkm_explain import gkm_explain
from motiflens.interpret.attribution.gradient_inputs import Raw, call, chunks
from motiflens.interpret.attribution.gradient_shap import gradient_shap
from motiflens.interpret.attribution.input_x_gradient import input_x_gradient
from motiflens.interpret.attribution.integrated_gradients import integrated_gradients
from motiflens.interpret.attribution.ism import ism
from motiflens.interpret.attribution.occlusion import occlusion
from motiflens.interpret.attribution.options import AttributionOptions, attribution_options
from motiflens.interpret.attribution.random import random
from motiflens.interpret.attribution.saliency import saliency
from motiflens.interpret.attribution.smoothgrad import smoothgrad
from motiflens.interpret.attribution.windows import check_windows
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.interpret.results import Attribution
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.finite import check_finite
from motiflens.models.output import one_output
from motiflens.models.precision import full_precision
from motiflens.models.types import Floats

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiflens.interpret.attribution.options import AttributionArguments

_FUNCTIONS: Final[Mapping[str, Callable[..., Raw]]] = {
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
METHODS: Final = tuple(_FUNCTIONS)
# Methods of one pass take several batches at a time: how many rows a pass should have is learned once for them.
_ONE_PASS: Final = frozenset({"saliency", "input_x_gradient"})
_TOGETHER: Final = 4
_COMMON: Final = frozenset({"model", "x", "target", "meta", "batch_size", "baselines", "seed"})


def attribute(
    model: nn.Module,
    x: Tensor | Floats,
    settings: AttributionOptions | None = None,
    *,
    meta: Tensor | Floats | None = None,
    **arguments: Unpack[AttributionArguments],
) -> Attribution:
    """Attribute a logit to the bases and signals of each window.

    Parameters
    ----------
    model
        Takes (N, C, L), and `meta` if that is given, to logits (N, outputs), or gives several outputs of which
        ``output`` names one. It is put back as it was found. One in half precision is attributed in float32.
    x
        (N, C, L): channels A, C, G, T, then signals. A base is one-hot; an unknown one is four zeros or
        four quarters, and gets the score 0.
    settings
        How; or by keyword arguments:
    meta
        (N, M): features that are no sequence; held fixed.
    **arguments
        ``method`` and the other fields of `AttributionOptions`.

    Returns
    -------
    Attribution
        Arrays in the model's precision.

    Raises
    ------
    ValueError
        For an unknown method, option or baseline, a target or shapes that do not fit, bases that are neither
        one-hot nor unknown, a model with several outputs of which none is chosen, or a method that does not apply
        to this model; if the model answers NaN or infinity, or its gradient is that (`NotFiniteError`).

    Examples
    --------
    >>> from motiflens.models import build
    >>> x = np.eye(4, dtype=np.float32)[np.arange(40) % 4].T[None]
    >>> attribute(build("deepbind", length=40), x, method="saliency").scores.shape
    (1, 4, 40)
    """
    chosen = attribution_options(settings, arguments)
    function = _FUNCTIONS[chosen.method]
    own = _own_options(function, chosen)
    several = hasattr(model, "wrapped") or hasattr(model, "all_heads")
    if chosen.output is not None and isinstance(model, SequenceModel) and not several:
        raise ValueError(f"{model.name} gives logits alone: leave out output=, and choose a column by target=")
    with torch.inference_mode(False):
        network = in_full_precision(model)
        windows, extra = check_windows(network, x, meta)
        parts: list[Raw] = []
        with model_unchanged(network, seed=chosen.seed), one_output(network, chosen.output):
            _check_target(network, windows, extra, chosen)
            together = _TOGETHER if chosen.method in _ONE_PASS else 1
            for part in chunks(len(windows), together * chosen.batch_size):
                some = windows[part]
                if chosen.compares:
                    own["baselines"] = _baselines(chosen, windows, part)
                own["meta"] = None if extra is None else extra[part]
                raw = function(network, some, target=chosen.target, batch_size=chosen.batch_size, **own)
                parts.append(_finished(raw, some, chosen, own.get("baselines")))
                rows = np.arange(len(windows))[part]
                check_finite("prediction", raw.prediction.detach().cpu(), rows)
                scores = parts[-1].scores
                assert scores is not None
                check_finite(chosen.method.replace("_", " "), scores.detach().cpu(), rows)
    limit = TOLERANCE.get(chosen.method, np.inf) if chosen.tolerance is None else chosen.tolerance
    return _result(parts, windows, chosen.method, limit)


def _own_options(function: Callable[..., Raw], chosen: AttributionOptions) -> dict[str, Any]:
    """Check and copy a method's own options, its seed among them."""
    accepted = inspect.signature(function).parameters
    names = [name for name in accepted if name not in _COMMON]
    own = dict(chosen.options or {})
    unknown = sorted(set(own) - set(names))
    if unknown:
        raise ValueError(f"{chosen.method} has no option {unknown[0]!r}: it has {', '.join(names) or 'none'}")
    if "seed" in accepted:
        own["seed"] = chosen.seed
    return own


def _baselines(chosen: AttributionOptions, windows: Tensor, part: slice) -> Tensor:
    given = chosen.baseline
    if isinstance(given, Tensor) and given.ndim > 2 and len(given) == len(windows):
        given = given[part]
    return baselines(windows[part], given, n=chosen.shuffles, seed=chosen.seed)


def in_full_precision(model: nn.Module) -> nn.Module:
    """Return the model, or a float32 copy of one in half precision, whose gradients would have three digits."""
    for name, parameter in model.named_parameters():
        if parameter.is_inference():
            raise ValueError(
                f"the weights ({name}) were made under torch.inference_mode(), so that no gradient passes through "
                "them: build or load the model outside of it"
            )
    return full_precision(model)


def _check_target(model: nn.Module, windows: Tensor, extra: Tensor | None, chosen: AttributionOptions) -> None:
    """Raise ValueError unless the model has the target, by its own statement or a pass of one window."""
    if isinstance(model, SequenceModel):
        outputs = model.outputs
    else:
        with torch.no_grad():
            probe = windows[:1] if len(windows) else windows.new_zeros((1, *windows.shape[1:]))
            one = None if extra is None else (extra[:1] if len(extra) else extra.new_zeros((1, extra.shape[1])))
            outputs = call(model, probe, one).shape[1]
    if chosen.target >= outputs:
        raise ValueError(
            f"target {chosen.target} is out of range: the model has {outputs} outputs, 0 to {outputs - 1}"
        )


def _finished(raw: Raw, x: Tensor, chosen: AttributionOptions, relative: Tensor | None) -> Raw:
    """Correct and project, leave nothing at unknown bases, and note where a window is its own baseline."""
    known = known_bases(x)[:, None].to(x.dtype)  # N, 1, L
    hypothetical, scores = raw.hypothetical, raw.scores
    if hypothetical is not None:
        if chosen.corrects:
            hypothetical = correct(hypothetical)
        hypothetical = torch.cat([hypothetical[:, :4] * known, hypothetical[:, 4:]], dim=1)
        if scores is None:
            scores = torch.cat([hypothetical[:, :4] * x[:, :4], hypothetical[:, 4:]], dim=1)
    assert scores is not None
    scores = torch.cat([scores[:, :4] * known, scores[:, 4:]], dim=1)
    unexplained = raw.unexplained
    if relative is not None:
        same = (relative == x[:, None]).flatten(1).all(1)  # N: nothing to compare with
        unexplained = same if unexplained is None else unexplained | same
    return raw._replace(hypothetical=hypothetical, scores=scores, unexplained=unexplained)


def _result(parts: list[Raw], windows: Tensor, method: str, tolerance: float) -> Attribution:
    def joined(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        if not values or values[0] is None:
            return None
        return torch.cat(values).detach().cpu().numpy()

    error = joined("error")
    nothing = windows.new_zeros((0, *windows.shape[1:])).cpu().numpy()
    return Attribution(
        scores=joined("scores") if parts else nothing,
        hypothetical=joined("hypothetical"),
        prediction=joined("prediction") if parts else nothing[:, 0, 0],
        completeness=None if error is None else error.astype(np.float64),
        flagged=None if error is None else error > tolerance,
        method=method,
        unexplained=joined("unexplained"),
        without_rule=tuple(sorted({name for part in parts for name in part.without_rule})),
    )
