"""Finding where any model computes attention: what it declares, what is told, or what its layers show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from motiflens.interpret.discover import discover
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.interpret.sources import Source, declared_sources
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.wrapped import Wrapped

Forward = Callable[[Tensor, Tensor | None], Any]


@dataclass(frozen=True)
class Told:
    """What the user says of a model's attention; see `adapt`."""

    names: tuple[str, ...] | None = None
    kind: str | None = None
    stem: tuple[nn.Module, ...] | None = None
    forward: Forward | None = None

    def __bool__(self) -> bool:
        """Whether it says where the attention is."""
        return self.names is not None or self.stem is not None or self.forward is not None


def find_sources(
    model: nn.Module, x: Tensor, meta: Tensor | None = None, told: Told | None = None
) -> list[Source]:
    """Find where a model computes attention for windows like `x`.

    Parameters
    ----------
    model
        Any module of x, or of x and meta; it is left as it is.
    x, meta
        (1, C, L) and (1, M) of the model's device and precision.
    told
        What the user says of it; by default what the model declares, or else what its layers show.

    Returns
    -------
    list of Source
        In the order of the pass; empty without attention.

    Raises
    ------
    ValueError
        As in `discover`.
    """
    told = told or Told()
    if isinstance(model, SequenceModel):
        model.check(x, meta)
        if not told:
            declared = declared_sources(model, x.shape[-1])
            if declared or _is_ours(model):
                return declared
    with model_unchanged(model):
        return discover(
            model,
            lambda window: one_strand(model, window, meta, told.forward),
            x,
            names=told.names,
            kind=told.kind,
            stem=told.stem,
        )


def one_strand(model: nn.Module, x: Tensor, meta: Tensor | None, forward: Forward | None = None) -> Any:
    """Compute one strand's output; `forward` does it in place of a model that scores both strands itself."""
    if forward is not None:
        return forward(x, meta)
    if isinstance(model, Wrapped):  # attention is the module's, whichever of its outputs is chosen
        model.check(x, meta)
        return model.all_outputs(x, meta)
    if isinstance(model, SequenceModel) and model.siamese:
        model.check(x, meta)
        return model.strand(x, meta)
    return model(x) if meta is None else model(x, meta)


def _is_ours(model: SequenceModel) -> bool:
    """Whether an architecture that declares no attention has none, rather than being a user's own."""
    return type(model).__module__.startswith("motiflens.") and not isinstance(model, Wrapped)
