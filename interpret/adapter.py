"""One interface to the attention and the attributions of any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attention import Reduce, choose_reduction, coarsening, mean_heads, profile, rollout
from motiflens.interpret.attention_hooks import Captured, attention_hooked
from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.options import AttributionOptions, attribution_options
from motiflens.interpret.attribution.windows import check_windows
from motiflens.interpret.find_sources import Forward, Told, find_sources, one_strand
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.interpret.results import Attention, Attribution, Field
from motiflens.interpret.sources import Source, arrange
from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.output import Output, check_output
from motiflens.models.precision import full, full_precision, like
from motiflens.models.types import Floats

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiflens.interpret.attribution.options import AttributionArguments

Strand = Literal["+", "-"]


def adapt(
    model: nn.Module,
    *,
    length: int | None = None,
    attention: str | Sequence[str] | None = None,
    kind: Literal["vector", "channel", "pairwise"] | None = None,
    stem: Sequence[nn.Module] | None = None,
    first_convolution: nn.Conv1d | None = None,
    forward: Forward | None = None,
    output: Output = None,
) -> Adapter:
    """Make the adapter of a model.

    The project's architectures declare where their attention comes from. In any other module it is found by
    looking at its layers (`discover.discover`), or told by arguments.

    Parameters
    ----------
    model
        A `SequenceModel`, or any module that takes x (N, C, L), or x and meta (N, M), channels A, C, G, T first.
        It is left as it is, also by everything that the adapter does.
    length
        Window length in bp; by default the model's own, or that of the windows it is given.
    attention
        Name (as in ``named_modules``) of the module whose output is the attention, or several; ``softmax:i`` for
        the i-th softmax or scaled dot product that no module but a function computes.
    kind
        What its weights are, where their shape does not tell.
    stem
        The convolutions and poolings before the attention, in order.
    first_convolution
        The convolution that reads the sequence, if it is not the first one.
    forward
        Function of x and meta that computes one strand, for a module that scores both strands itself.
    output
        Of a module that gives several outputs, which one attributions are of (see `choose_output`); an attribution
        may choose another.

    Examples
    --------
    >>> from motiflens.models import build
    >>> adapter = adapt(build("tbinet", length=200, kernels=8, units=4, dense=8))
    >>> adapter.layers
    ('attention',)
    >>> found = adapter.attention(np.zeros((2, 4, 200), dtype=np.float32))
    >>> found.profile.shape, found.kind, found.field.width
    ((2, 13), 'vector', 38)
    """
    names = (attention,) if isinstance(attention, str) else None if attention is None else tuple(attention)
    told = Told(names, kind, None if stem is None else tuple(stem), forward)
    return Adapter(model, length=length, told=told, first=first_convolution, output=output)


class Adapter:
    """A model's attention and attributions; made by `adapt`.

    Attributes
    ----------
    model
        The model.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        length: int | None,
        told: Told,
        first: nn.Conv1d | None,
        output: Output = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"a model is a torch module, not {type(model).__name__}")
        self.model = model
        self._length = length if length is not None else getattr(model, "length", None)
        check_output(output)
        self._told, self._first, self._output = told, first, output
        self._sources: dict[int, list[Source]] = {}

    @property
    def siamese(self) -> bool:
        """Whether the model itself scores both strands; attention is read one strand at a time."""
        return bool(getattr(self.model, "siamese", False))

    @property
    def first_convolution(self) -> nn.Conv1d | None:
        """The convolution that reads the sequence; None without one."""
        if self._first is not None:
            return self._first
        if isinstance(self.model, SequenceModel):
            return self.model.first_convolution()
        return next((layer for layer in self.model.modules() if isinstance(layer, nn.Conv1d)), None)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the places where the model computes attention, in order; empty without attention.

        Raises
        ------
        ValueError
            If the window length is unknown: give it to `adapt`, or attend to some windows first.
        """
        return tuple(source.name for source in self.sources())

    def sources(self, length: int | None = None) -> list[Source]:
        """Return where the model computes attention, for windows of `length` bp. Errors as in `layers`."""
        if length is None:
            length = self._length or next(iter(self._sources), None)
        if length is None:
            raise ValueError("the window length is unknown: give it, adapt(model, length=...)")
        if length not in self._sources:
            convolution = self.first_convolution
            channels = getattr(self.model, "channels", None)
            if not isinstance(channels, int):
                channels = 4 if convolution is None else convolution.in_channels * convolution.groups
            meta = getattr(self.model, "meta", 0)
            x = like(self.model).new_zeros(1, channels, length)
            x[:, 0] = 1
            extra = x.new_zeros(1, meta) if isinstance(meta, int) and meta else None
            self._find(x, extra)
        return self._sources[length]

    def sources_in(self, x: Tensor, meta: Tensor | None = None) -> list[Source]:
        """Return where the model computes attention for windows like x, (1, C, L), and meta, (1, M)."""
        if x.shape[-1] not in self._sources:
            self._find(x, meta)
        return self._sources[x.shape[-1]]

    def field(self, layer: str | None = None, *, length: int | None = None) -> Field:
        """Return what each position of an attention layer looks at. Errors as in `attention`."""
        return self._choose(self.sources(length), layer).field

    def attention(
        self,
        x: Floats | Tensor,
        meta: Floats | Tensor | None = None,
        *,
        layer: str | None = None,
        strand: Strand = "+",
        reduce: Reduce | None = None,
        query: int | None = None,
        batch_size: int = 64,
    ) -> Attention:
        """Return the attention that the model pays to windows.

        The pass ends as soon as the weights are there; layers behind them are not computed.

        Parameters
        ----------
        x
            (N, C, L) windows, forward strand.
        meta
            (N, M) features that are no sequence, where the model takes them.
        layer
            Which attention, by name (see `layers`); the last one by default.
        strand
            ``-`` for the attention to the reverse complement. Positions count along the strand.
        reduce, query
            How the profile is made; see `attention.profile`. ``rollout`` multiplies all pairwise layers below
            `layer` and gives the first one's positions.
        batch_size
            Windows that go through the model at a time.

        Raises
        ------
        ValueError
            If the model has no attention or none of that name, or shapes do not fit.
        """
        for name, values in (("x", x), ("meta", meta)):
            if values is not None and not isinstance(values, Tensor | np.ndarray):
                raise TypeError(f"{name} must be an array or a tensor, not {type(values).__name__}")
        if x.ndim != 3 or (meta is not None and len(meta) != len(x)):
            shapes = f"x {tuple(x.shape)}" + ("" if meta is None else f", meta {tuple(meta.shape)}")
            raise ValueError(f"expected x (N, C, L) and meta (N, M), not {shapes}")
        # Hooks find layers by name, so that a copy will do, unless a function of the caller's runs the model.
        network = full_precision(self.model) if self._told.forward is None else self.model
        windows, extra = check_windows(network, x, meta)
        if strand not in ("+", "-"):
            raise ValueError(f"strand must be + or -, not {strand!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        sources = self._sources_of(windows, extra)
        source = self._choose(sources, layer)
        reduction = choose_reduction(source.kind, reduce)
        chain = [source]
        if reduction == "rollout":
            below = [other for other in sources if other.name in source.below and other.kind == "pairwise"]
            chain = [*below, source]
        parts = [
            self._batch(
                network,
                windows[start : start + batch_size],
                None if extra is None else extra[start : start + batch_size],
                chain,
                strand,
            )
            for start in range(0, len(windows), batch_size)
        ]
        if not parts:
            raise ValueError("there are no windows: x is empty")
        weights = [np.concatenate(layers) for layers in zip(*parts, strict=True)]
        if reduction == "rollout":
            between = [coarsening(a.field, b.field) for a, b in pairwise(chain)]
            reduced = rollout([mean_heads(part) for part in weights], between).astype(weights[-1].dtype)
        else:
            reduced = profile(weights[-1], source.kind, reduce=reduction, query=query)
        return Attention(weights[-1], source.kind, reduced, chain[0].field, source.name, strand)

    def attribute(
        self,
        x: Floats | Tensor,
        settings: AttributionOptions | None = None,
        *,
        meta: Floats | Tensor | None = None,
        **arguments: Unpack[AttributionArguments],
    ) -> Attribution:
        """Attribute a logit to the input; see `motiflens.interpret.attribute`, which this calls."""
        chosen = attribution_options(settings, arguments)
        if chosen.output is None and self._output is not None:
            chosen = replace(chosen, output=self._output)
        if chosen.method == "attention_x_gradient" and self._told and len(x):
            first = check_windows(self.model, x[:1], None if meta is None else meta[:1])
            sources = tuple(self._sources_of(*first))
            chosen = replace(chosen, options={"sources": sources, **(chosen.options or {})})
        return attribute(self.model, x, chosen, meta=meta)

    def _choose(self, sources: list[Source], layer: str | None) -> Source:
        if not sources:
            name = getattr(self.model, "name", "") or type(self.model).__name__
            raise ValueError(
                f"{name} has no attention: use attributions instead (adapter.attribute, or 'interpret attribute "
                "--method ...'), or name its softmax with adapt(model, attention=...)"
            )
        if layer is None:
            return sources[-1]
        for source in sources:
            if source.name == layer:
                return source
        known = ", ".join(source.name for source in sources)
        raise ValueError(f"the model has no attention layer {layer!r}: it has {known}")

    def _sources_of(self, windows: Tensor, meta: Tensor | None) -> list[Source]:
        """Return the sources for windows (N, C, L) of any precision."""
        there = like(self.model)
        return self.sources_in(windows[:1].to(there), None if meta is None else meta[:1].to(there))

    def _find(self, x: Tensor, meta: Tensor | None) -> None:
        """Find the sources for windows like x, (1, C, L)."""
        self._sources[x.shape[-1]] = find_sources(self.model, x, meta, self._told)

    def _batch(
        self,
        network: nn.Module,
        x: Tensor,
        meta: Tensor | None,
        chain: list[Source],
        strand: Strand,
    ) -> list[Floats]:
        """Weights of some windows, one array a source."""
        if strand == "-":
            x = reverse_complement(x)
        layouts = {source.name: source.layout for source in chain}
        taken: dict[str, Floats] = {}

        def take(name: str, _: Tensor, weights: Tensor) -> None:
            taken[name] = full(arrange(weights, layouts[name])).cpu().numpy()
            if len(taken) == len(layouts):
                raise Captured

        try:
            with model_unchanged(network), torch.no_grad(), attention_hooked(network, list(layouts), take):
                one_strand(network, x, meta, self._told.forward)
        except Captured:
            pass
        missing = [name for name in layouts if name not in taken]
        if missing:
            raise ValueError(f"the model's forward pass computed nothing at {missing[0]!r}")
        return [taken[source.name] for source in chain]
