"""DeepLIFT/SHAP."""

from __future__ import annotations

import math
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.branches import OneStrand, branch_weights, branches, flipped
from motiflens.interpret.attribution.completeness import completeness
from motiflens.interpret.attribution.gradient_inputs import Bases, Raw
from motiflens.interpret.attribution.inputs import differentiable
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.wrapped import Wrapped

if TYPE_CHECKING:
    from motiflens.interpret.attribution.functions import Functions

# tangermeme takes half a second to import, which other methods need not wait for: functions below import it, and
# the rules, which need it.


def deep_lift_shap(
    model: nn.Module,
    x: Tensor,
    *,
    baselines: Tensor,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    quadrature: int = 16,
) -> Raw:
    """DeepLIFT with the rescale rule (Shrikumar, Greenside & Kundaje 2017), averaged over baselines.

    tangermeme's program, with rules for what it does not know: recurrent layers get the integrated gradients of
    the layer, attention's products and softmax their exact rules, and a model that merges two strands (or is an
    ensemble) is attributed branch by branch and put together by the chain rule (see `branch_weights`).

    Parameters
    ----------
    baselines
        N, B, C, L.
    batch_size
        Most pairs of window and baseline in one pass.
    quadrature
        Points of the Gauss-Legendre quadrature within recurrent layers.
    """
    from motiflens.interpret.attribution.rules import ruled

    problem = _Problem(target, meta, batch_size, quadrature)
    inputs = differentiable(model, x, target, meta)
    with model_unchanged(model):
        ruled(model)
        result = _multipliers(model, x, baselines, problem)
    n, b = baselines.shape[:2]
    values = inputs.values.repeat_interleave(b, 0)
    ends, multipliers = inputs.encode(baselines.flatten(0, 1)), result.values.flatten(0, 1)
    products = ((values - ends) * multipliers).flatten(1)
    sums = completeness(
        products.sum(1).reshape(n, b), result.logits, result.reference, products.abs().sum(1).reshape(n, b)
    )
    contributions = inputs.path(multipliers, values, ends)
    hypothetical, scores = inputs.finish(contributions.reshape(n, b, *contributions.shape[1:]).mean(1))
    return Raw(hypothetical, scores, result.logits[:, 0], sums.error, sums.unexplained, result.without_rule)


class _Problem(NamedTuple):
    target: int
    meta: Tensor | None
    batch_size: int
    quadrature: int


class _Multipliers(NamedTuple):
    values: Tensor  # N, B, ...: of each window against each of its baselines
    logits: Tensor  # N, B: of the window (the same for each baseline)
    reference: Tensor  # N, B: of the baseline
    without_rule: tuple[str, ...] = ()


def _multipliers(model: nn.Module, x: Tensor, baselines: Tensor, problem: _Problem) -> _Multipliers:
    split = branches(model)
    if split is None:
        return _one_branch(model, x, baselines, problem)
    parts = []
    for part, reverse in split.parts:
        if reverse:
            there = _multipliers(part, flipped(x), flipped(baselines), problem)
            parts.append(there._replace(values=flipped(there.values)))
        else:
            parts.append(_multipliers(part, x, baselines, problem))
    logits = torch.stack([part.logits for part in parts])
    reference = torch.stack([part.reference for part in parts])
    weights = branch_weights(split.merged, logits, reference)  # branches, N, B
    values = sum(weight[..., None, None] * part.values for weight, part in zip(weights, parts, strict=True))
    assert isinstance(values, Tensor)
    names = tuple(sorted({name for part in parts for name in part.without_rule}))
    return _Multipliers(values, split.merged(logits), split.merged(reference), names)


def _one_branch(model: nn.Module, x: Tensor, baselines: Tensor, problem: _Problem) -> _Multipliers:
    from tangermeme.deep_lift_shap import deep_lift_shap as tangermeme_deep_lift_shap
    from tangermeme.deep_lift_shap import integrated_gradients_op

    from motiflens.interpret.attribution.functions import Elementwise, OneFunction, rescale
    from motiflens.interpret.attribution.recurrent_rule import recurrent_rule
    from motiflens.interpret.attribution.rules import OneTensor, unruled_types

    inputs = differentiable(model, x, problem.target, problem.meta)
    n, b = baselines.shape[:2]
    ends = inputs.encode(baselines.flatten(0, 1))
    functions = _functions(model, inputs)
    record = _Recorder(model, inputs, functions)
    rule = integrated_gradients_op(problem.quadrature)
    with warnings.catch_warnings():
        # It warns where a window is not one-hot (unknown bases, signals), which it need not be, and where it does
        # not converge, which `attribute` reports by itself.
        warnings.simplefilter("ignore")
        values: Any = tangermeme_deep_lift_shap(
            record,
            inputs.values,
            args=(torch.arange(n, device=x.device),),
            batch_size=problem.batch_size,
            references=ends.reshape(n, b, *ends.shape[1:]),
            warning_threshold=math.inf,
            additional_nonlinear_ops={
                OneTensor: recurrent_rule(problem.quadrature),
                OneFunction: rule,
                Elementwise: rescale,
            }
            | dict.fromkeys(unruled_types(model), rule),
            raw_outputs=True,
            only_warn=True,
            device=x.device,
            dtype=x.dtype,
        )
    halves = [logits.chunk(2) for logits in record.kept]
    logits = torch.cat([half[0] for half in halves]).reshape(n, b)
    reference = torch.cat([half[1] for half in halves]).reshape(n, b)
    names = () if functions is None else tuple(sorted(functions.unruled))
    return _Multipliers(values.to(x.device), logits, reference, names)


def _functions(model: nn.Module, inputs: Bases) -> Functions | None:
    """Return stand-ins for what a user's model computes by functions; this package's own compute it by layers."""
    if isinstance(model, SequenceModel | OneStrand) and not any(isinstance(m, Wrapped) for m in model.modules()):
        return None
    from motiflens.interpret.attribution.functions import Functions

    functions = Functions(model)
    row = torch.arange(1, device=inputs.x.device)
    functions.learn(lambda: inputs.logits(inputs.values[:1].detach().requires_grad_(), row))
    return functions


class _Recorder(nn.Module):
    """The target's logit, kept at each pass: tangermeme does not return it."""

    def __init__(self, model: nn.Module, inputs: Bases, functions: Functions | None) -> None:
        super().__init__()
        self.model, self.functions = model, functions  # tangermeme looks for the layers here
        self.inputs = inputs
        self.kept: list[Tensor] = []

    def forward(self, values: Tensor, rows: Tensor) -> Tensor:
        rows = rows.long()  # tangermeme makes every argument a float
        with nullcontext() if self.functions is None else self.functions.routed():
            logits = self.inputs.logits(values, rows)
        self.kept.append(logits.detach())
        return logits[:, None]
