"""A user's own `torch.nn.Module` in the shape of a `SequenceModel`."""

from __future__ import annotations

import inspect
import typing
from typing import Any

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel

_SIZES = ("length", "channels", "outputs", "meta")


class Wrapped(SequenceModel):
    """Holds a module of any class and gives its output as logits (N, outputs)."""

    any_length = True
    wrapped: type[nn.Module]
    module: nn.Module
    _takes_meta: bool

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        y = self.module(x, meta) if self._takes_meta else self.module(x)
        if not isinstance(y, Tensor):
            raise TypeError(f"{self.name} gives a {type(y).__name__}, not a tensor of logits")
        if y.ndim == 1 and self.outputs == 1:
            y = y.unsqueeze(1)
        if y.shape != (x.shape[0], self.outputs):
            raise ValueError(f"{self.name} gives {tuple(y.shape)}, expected logits {(x.shape[0], self.outputs)}")
        return y

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        stems: dict[str, tuple[nn.Module, ...]] = getattr(self.module, "attention_stems", dict)()
        return {f"module.{name}": stem for name, stem in stems.items()}


def wrap(name: str, cls: type[nn.Module]) -> type[SequenceModel]:
    """Make the `SequenceModel` class of a module's class.

    Raises
    ------
    TypeError
        If its constructor takes ``*args`` or ``**kwargs``, which name no hyperparameters.
    """
    given = dict(list(inspect.signature(cls.__init__).parameters.items())[1:])
    loose = [p.name for p in given.values() if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)]
    if loose:
        raise TypeError(f"{cls.__name__}.__init__ must name its arguments, to be registered: {loose[0]} does not")
    takes_meta = len(inspect.signature(cls.forward).parameters) > 2
    own = {p.name: p for p in given.values() if p.name not in _SIZES}

    def init(self: Wrapped, **values: Any) -> None:
        missing = [p.name for p in own.values() if p.default is p.empty and p.name not in values]
        if missing:
            raise ValueError(f"{name} needs the hyperparameter {missing[0]!r}")
        sizes = {size: values.pop(size) for size in _SIZES}
        if sizes["meta"] and not takes_meta:
            raise ValueError(f"{name} takes no meta: its forward() has no second argument")
        options = {key: values.get(key, p.default) for key, p in own.items()}
        SequenceModel.__init__(self, **sizes, hyperparameters=options)
        self._takes_meta = takes_meta
        self.module = cls(**options, **{size: value for size, value in sizes.items() if size in given})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [inspect.Parameter(size, keyword) for size in _SIZES]
    parameters += [p.replace(kind=keyword) for p in own.values()]
    init.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    init.__annotations__ = {k: v for k, v in typing.get_type_hints(cls.__init__).items() if k in own}
    return type(cls.__name__, (Wrapped,), {"__init__": init, "name": name, "wrapped": cls})
