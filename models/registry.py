"""The list of architectures: `build` makes one by name, `register` adds a user's own."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from motiflens.models.architectures.base import SequenceModel

# Name -> "module:class"; a user's own classes are added by `register`.
_BUILT_IN: dict[str, str] = {
    "tbinet": "tbinet:TBiNet",
    "danq": "danq:DanQ",
    "deepbind": "deepbind:DeepBind",
    "deepgrn": "deepgrn:DeepGRN",
    "deepsea": "deepsea:DeepSEA",
    "cnn_zeng": "cnn_zeng:CNNZeng",
    "expectation_luo": "expectation_luo:ExpectationLuo",
    "factornet": "factornet:FactorNet",
    "saresnet": "saresnet:SAResNet",
    "kegru": "kegru:KEGRU",
}
_REGISTERED: dict[str, type[SequenceModel]] = {}
_Class = TypeVar("_Class", bound=type[SequenceModel])


def architectures() -> list[str]:
    """Return the names that `build` knows, sorted."""
    return sorted({*_BUILT_IN, *_REGISTERED})


def register(name: str) -> Callable[[_Class], _Class]:
    """Class decorator: make a `SequenceModel` available under `name` in every call and command."""

    def add(cls: _Class) -> _Class:
        cls.name = name
        _REGISTERED[name] = cls
        return cls

    return add


def architecture(name: str) -> type[SequenceModel]:
    """Return the class of an architecture.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    if name not in _BUILT_IN:
        near = difflib.get_close_matches(name, architectures(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no architecture is called {name!r}{hint} Known: {', '.join(architectures())}")
    module, _, cls = _BUILT_IN[name].partition(":")
    return getattr(importlib.import_module(f"motiflens.models.architectures.{module}"), cls)


def build(
    name: str, *, length: int, channels: int = 4, outputs: int = 1, meta: int = 0, **hyperparameters: Any
) -> SequenceModel:
    """Make a model with its paper's defaults, freshly initialised (from torch's global generator).

    Parameters
    ----------
    name
        See `architectures`.
    length, channels, outputs, meta
        Window length in bp, input channels (A, C, G, T and signals), outputs, features that are no sequence.
    **hyperparameters
        The architecture's own, by name.

    Raises
    ------
    ValueError
        For an unknown architecture or hyperparameter (the known ones are listed), or sizes that do not fit.
    """
    cls = architecture(name)
    fixed = {"self", "length", "channels", "outputs", "meta"}
    known = [parameter for parameter in inspect.signature(cls.__init__).parameters if parameter not in fixed]
    unknown = sorted(set(hyperparameters) - set(known))
    if unknown:
        raise ValueError(f"{name} has no hyperparameter {unknown[0]!r}: it has {', '.join(known) or 'none'}")
    model: SequenceModel = cls(length=length, channels=channels, outputs=outputs, meta=meta, **hyperparameters)
    return model
