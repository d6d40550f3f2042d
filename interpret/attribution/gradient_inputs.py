"""What the attribution methods share: the input they differentiate, and what they hand to `attribute`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.baselines import canonical, known_bases, sequence_seed, to_codes
from motiflens.interpret.attribution.branches import flipped
from motiflens.models.output import choose_output


class Raw(NamedTuple):
    """What a method returns; `attribute` corrects, projects and masks it.

    Either `hypothetical` (scores of every base that could stand there) or `scores` (of the bases that do stand
    there) is given.
    """

    hypothetical: Tensor | None  # N, C, L
    scores: Tensor | None  # N, C, L
    prediction: Tensor  # N: the target's logit
    error: Tensor | None = None  # N: see `completeness.relative_error`; None without the axiom
    unexplained: Tensor | None = None  # N: no change to explain
    without_rule: tuple[str, ...] = ()  # functions that DeepLIFT takes for linear


def chunks(total: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size`, about equally long, that cover ``range(total)``."""
    number = -(-total // max(size, 1))
    for i in range(number):
        yield slice(total * i // number, total * (i + 1) // number)


def call(model: nn.Module, x: Tensor, meta: Tensor | None) -> Tensor:
    """Return the model's logits, (N, outputs). Errors as in `choose_output` and `check_gradient`."""
    differentiated = x.requires_grad and x.is_leaf and torch.is_grad_enabled()
    given = x.clone() if differentiated else x  # a model may work in place on its input
    logits = choose_output(model(given) if meta is None else model(given, meta), None, len(x))
    if differentiated:
        check_gradient(logits)
    return logits


def check_gradient(logits: Tensor) -> None:
    """Raise ValueError unless a gradient passes through the model to its logits."""
    if not logits.requires_grad:
        raise ValueError(
            "no gradient passes from the model's output to its input (it detaches it, or works under "
            "torch.no_grad()): take ism or occlusion"
        )


def predictions(model: nn.Module, x: Tensor, target: int, meta: Tensor | None, batch_size: int) -> Tensor:
    """Return the target's logit of each window, (N,), in batches."""
    with torch.no_grad():
        parts = [
            call(model, x[part], None if meta is None else meta[part])[:, target]
            for part in chunks(len(x), batch_size)
        ]
    return torch.cat(parts)


# On a CPU a pass with gradients slows down (by a third, measured) once its layers' outputs outgrow the caches and
# the allocator's thresholds: memory is then mapped again for each. Too few rows slow recurrent layers down.
_LAYER_BYTES: Final = 8 * 2**20
_FEWEST: Final = 8


class Widest:
    """The size of a layer's largest output, and how many rows of it a pass with gradients should hold."""

    def __init__(self) -> None:
        self.row = 0  # bytes
        self.on_cpu = True

    def rows(self, batch_size: int) -> int:
        """Return how many rows to take in a pass; never more than `batch_size`."""
        if not self.on_cpu or not self.row:
            return batch_size
        return min(batch_size, max(_FEWEST, _LAYER_BYTES // self.row))


@contextmanager
def widest(model: nn.Module) -> Iterator[Widest]:
    """Note the largest output of a layer among the passes within the block."""
    noted = Widest()

    def note(_: nn.Module, __: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor) and len(first):
            noted.row = max(noted.row, first.nbytes // len(first))
            noted.on_cpu = first.device.type == "cpu"

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [module.register_forward_hook(note) for module in leaves]
    try:
        yield noted
    finally:
        for handle in handles:
            handle.remove()


class Bases:
    """One-hot bases and signals as what a gradient method differentiates.

    Parameters
    ----------
    model
        (N, C, L) and perhaps meta to logits.
    x
        N, C, L.
    target
        Column of the logits.
    meta
        N, M or None; held fixed.
    """

    def __init__(self, model: nn.Module, x: Tensor, target: int, meta: Tensor | None) -> None:
        self.model, self.x, self.target, self.meta = model, x, target, meta
        self.values = self.encode(x)

    def encode(self, x: Tensor) -> Tensor:
        """Return windows in the form that is differentiated."""
        return x

    def logits(self, values: Tensor, rows: Tensor) -> Tensor:
        """Return the target's logit, (n,), of encoded windows; `rows` are the windows whose meta they take."""
        return call(self.model, values, None if self.meta is None else self.meta[rows])[:, self.target]

    def tangent(self, gradient: Tensor, values: Tensor, times_input: bool) -> Tensor:
        """Return the contributions that a gradient implies: of each base, and of each signal's value.

        A gradient with respect to a one-hot base is already that base's contribution (base × gradient), so
        `times_input` only makes a difference for signals.
        """
        if not times_input or gradient.shape[1] == 4:
            return gradient
        return torch.cat([gradient[:, :4], gradient[:, 4:] * values[:, 4:]], dim=1)

    def path(self, multipliers: Tensor, values: Tensor, baselines: Tensor) -> Tensor:
        """Return the contributions that multipliers along a path from a baseline imply, (n, C, L).

        For a base: what it would contribute in place of the baseline's bases, multiplier − Σ baseline · multiplier
        (the hypothetical contributions of DeepLIFT). For a signal: difference · multiplier.
        """
        bases = multipliers[:, :4] - (baselines[:, :4] * multipliers[:, :4]).sum(1, keepdim=True)
        signals = (values[:, 4:] - baselines[:, 4:]) * multipliers[:, 4:]
        return torch.cat([bases, signals], dim=1)

    def noise(self, samples: int, scale: float, seed: int) -> Tensor:
        """Draw normal noise for each window, (N, samples, C, L), that turns round with the sequence.

        Its standard deviation is `scale` times the range of each channel in the window (1 for bases); an unknown
        base gets none.
        """
        size = torch.ones_like(self.x)
        size[:, :4] *= known_bases(self.x)[:, None]
        signals = self.x[:, 4:]
        if signals.shape[1]:
            size[:, 4:] = signals.amax(-1, keepdim=True) - signals.amin(-1, keepdim=True)
        drawn = self.x.new_empty((len(self.x), samples, *self.x.shape[1:]))
        for i, row in enumerate(to_codes(self.x)):
            codes, turned = canonical(row)
            rng = np.random.default_rng(sequence_seed(codes, seed))
            normal = torch.from_numpy(rng.standard_normal(drawn.shape[1:], dtype=np.float32)).to(drawn)
            drawn[i] = flipped(normal) if turned else normal
        return drawn.mul_(size[:, None] * scale)

    def finish(self, contributions: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return (hypothetical, scores), one of them None."""
        return contributions, None


class Recording:
    """Sums logits and keeps them, so that they need no forward pass of their own.

    The gradient of the sum is that of each window's logit, which depends on that window alone. Captum would make
    a gradient of 1 for each of them, in a tensor of its own.
    """

    def __init__(self, inputs: Bases) -> None:
        self.inputs = inputs
        self.outputs: list[Tensor] = []

    def __call__(self, values: Tensor, rows: Tensor) -> Tensor:
        output = self.inputs.logits(values, rows)
        self.outputs.append(output.detach())
        return output.sum().unsqueeze(0)


def gradient(inputs: Bases, values: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return d logit / d values, signed, and the logits (n,), in one forward and one backward pass, by Captum."""
    from captum.attr import Saliency  # half a second, which commands that attribute nothing need not wait for

    record = Recording(inputs)
    method = Saliency(record)
    leaf = values.detach().requires_grad_()
    gradients: Tensor = method.attribute(leaf, abs=False, additional_forward_args=(rows,))
    return gradients.detach(), torch.cat(record.outputs)


def gradient_of(inputs: Bases, batch_size: int, *, times_input: bool) -> Raw:
    """Return the gradient's contributions for all windows, in batches."""
    rows = torch.arange(len(inputs.values), device=inputs.values.device)
    parts, logits = [], []
    for part in _passes(inputs, len(rows), batch_size):
        slope, logit = gradient(inputs, inputs.values[part], rows[part])
        parts.append(inputs.tangent(slope, inputs.values[part], times_input))
        logits.append(logit)
    hypothetical, scores = inputs.finish(torch.cat(parts))
    return Raw(hypothetical, scores, torch.cat(logits))


def _passes(inputs: Bases, total: int, batch_size: int) -> Iterator[slice]:
    """Yield slices that cover ``range(total)``; the size of all after the first one is learned from that."""
    first = min(total, batch_size, 2 * _FEWEST)
    if first == total:
        yield slice(0, total)
        return
    with widest(inputs.model) as noted:
        yield slice(0, first)
    for part in chunks(total - first, noted.rows(batch_size)):
        yield slice(first + part.start, first + part.stop)


def predicted(inputs: Bases, batch_size: int) -> tuple[Tensor, int]:
    """Return the windows' own logits, (N,), and how many rows a pass with gradients should take."""
    rows = torch.arange(len(inputs.values), device=inputs.values.device)
    with widest(inputs.model) as noted:
        logits = logits_of(inputs, inputs.values, rows, batch_size)
    return logits, noted.rows(batch_size)


def logits_of(inputs: Bases, values: Tensor, rows: Tensor, batch_size: int) -> Tensor:
    """Return logits, (n,), without gradients, in batches."""
    with torch.no_grad():
        return torch.cat([inputs.logits(values[part], rows[part]) for part in chunks(len(values), batch_size)])
