"""The list of architectures: `build` makes one by name, `register` adds a user's own."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.output import Output
from motiflens.models.ranges import check_ranges, hyperparameter_ranges
from motiflens.models.types import Json

PLUGINS = "MOTIFLENS_PLUGINS"  # Python files or modules that register architectures, separated as in PATH
ENTRY_POINTS = "motiflens.architectures"

# Name -> "module:class"; a user's own classes are added by `register`.
_BUILT_IN: dict[str, str] = {
    "tbinet": "tbinet:TBiNet",
    "danq": "danq:DanQ",
    "bpnet": "bpnet:BPNet",
    "deepbind": "deepbind:DeepBind",
    "deepgrn": "deepgrn:DeepGRN",
    "deepsea": "deepsea:DeepSEA",
    "deeptf": "deeptf:DeepTF",
    "cnn_zeng": "cnn_zeng:CNNZeng",
    "expectation_luo": "expectation_luo:ExpectationLuo",
    "factornet": "factornet:FactorNet",
    "saresnet": "saresnet:SAResNet",
    "kegru": "kegru:KEGRU",
    "gkm_svm": "gkm_svm:GkmSVM",
    "kmer_logistic": "kmer_logistic:KmerLogistic",
    "pwm": "pwm:PWM",
}
# Architectures that are not offered for training: name -> "module:class", and what makes such a model.
_NOT_TRAINED: dict[str, str] = {
    "oracle": "motiflens.models.architectures.oracle:Oracle",
    "keras": "motiflens.models.published.import_keras.network:KerasModel",
    "program": "motiflens.models.published.import_program.model:ProgramModel",
}
_MADE_BY: dict[str, str] = {
    "oracle": "makes it of a simulation's truth: 'interpret benchmark --models oracle'",
    "keras": "reads it from a file: 'interpret import'",
    "program": "reads it from a file: 'interpret import'",
}
_REGISTERED: dict[str, type[SequenceModel]] = {}
_LOADED: set[str] = set()
_Class = TypeVar("_Class", bound=type[nn.Module])


def architectures() -> list[str]:
    """Return the names that `build` knows, sorted.

    Examples
    --------
    >>> {"deepgrn", "tbinet", "saresnet", "kegru"} <= set(architectures())
    True
    """
    _load_plugins()
    return sorted({*_BUILT_IN, *_REGISTERED})


def is_own(name: str) -> bool:
    """Tell whether an architecture was registered by a user or a plugin, also in place of a built-in one.

    >>> is_own("tbinet")
    False
    """
    _load_plugins()
    return name in _REGISTERED


def register(name: str, *, output: Output = None) -> Callable[[_Class], _Class]:
    """Class decorator: make an architecture of one's own available under `name` in every call and command.

    Parameters
    ----------
    name
        Its name. A built-in architecture of the same name is replaced.
    output
        Of a module that gives several outputs, which are the logits: an index, a name, either with a reduction
        (``profile:log_counts``), or a function of all; see `choose_output`. ``build(name, output=…)``,
        ``--set output=…`` and ``import --output`` choose another.

    Returns
    -------
    callable
        The decorator, for a `SequenceModel` or any other `torch.nn.Module`. The latter takes (N, C, L) and, where
        its ``forward`` has a second argument, meta (N, M) or None; it gives logits (N, outputs) or (N,). Of
        ``length``, ``channels``, ``outputs`` and ``meta`` its constructor gets those that it names; its other
        arguments are its hyperparameters, which must be JSON's types.

    Notes
    -----
    Commands find it where the file that holds it is named in the environment variable ``MOTIFLENS_PLUGINS`` or by
    ``interpret --plugin FILE``, or where an installed package names its module in the entry-point group
    ``motiflens.architectures``.

    Examples
    --------
    >>> @register("counts")
    ... class Counts(nn.Module):
    ...     def __init__(self, channels, outputs, bias=True):
    ...         super().__init__()
    ...         self.linear = nn.Linear(channels, outputs, bias=bias)
    ...
    ...     def forward(self, x):
    ...         return self.linear(x.mean(-1))
    >>> build("counts", length=50, bias=False).config["hyperparameters"]
    {'bias': False}
    >>> del _REGISTERED["counts"]
    """

    def add(cls: _Class) -> _Class:
        if issubclass(cls, SequenceModel):
            if output is not None:
                raise TypeError(f"{cls.__name__} is a SequenceModel, which gives logits alone: leave out output=")
            cls.name = name
            _REGISTERED[name] = cls
        else:
            from motiflens.models.architectures.wrapped import wrap

            _REGISTERED[name] = wrap(name, cls, output)  # pyright: ignore[reportArgumentType] (a class, whatever it says)
        return cls

    return add


def architecture(name: str) -> type[SequenceModel]:
    """Return the class of an architecture.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in _REGISTERED:
        _load_plugins()
    if name in _REGISTERED:
        return _REGISTERED[name]
    if name in _NOT_TRAINED:
        module, _, cls = _NOT_TRAINED[name].partition(":")
        return getattr(importlib.import_module(module), cls)
    if name not in _BUILT_IN:
        near = difflib.get_close_matches(name, architectures(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(
            f"no architecture is called {name!r}{hint} Known: {', '.join(architectures())}. "
            f"If it is your own, name the file that registers it in {PLUGINS}"
        )
    module, _, cls = _BUILT_IN[name].partition(":")
    return getattr(importlib.import_module(f"motiflens.models.architectures.{module}"), cls)


def check_trainable(name: str) -> None:
    """Raise ValueError if there is no architecture of that name, or none that can be trained.

    Examples
    --------
    >>> check_trainable("tbinet")
    >>> check_trainable("keras")
    Traceback (most recent call last):
        ...
    ValueError: keras is not trained: motiflens reads it from a file: 'interpret import'
    """
    architecture(name)
    if name in _NOT_TRAINED and name not in _REGISTERED:
        raise ValueError(f"{name} is not trained: motiflens {_MADE_BY[name]}")


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

    Returns
    -------
    SequenceModel
        Takes (N, channels, length) and meta, gives logits (N, outputs); in training mode, on the CPU.

    Raises
    ------
    ValueError
        For an unknown architecture or hyperparameter (the known ones are listed), or sizes that do not fit.

    Examples
    --------
    >>> model = build("tbinet", length=1000, outputs=690)
    >>> sum(parameter.numel() for parameter in model.parameters())
    35515816
    """
    cls = architecture(name)
    fixed = {"self", "length", "channels", "outputs", "meta"}
    known = [parameter for parameter in inspect.signature(cls.__init__).parameters if parameter not in fixed]
    unknown = sorted(set(hyperparameters) - set(known))
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{name} has no hyperparameter {unknown[0]!r}{hint}: it has {', '.join(known) or 'none'}")
    check_hyperparameters(name, hyperparameters)
    try:
        model: SequenceModel = cls(length=length, channels=channels, outputs=outputs, meta=meta, **hyperparameters)
    except (RuntimeError, MemoryError, OverflowError, ZeroDivisionError) as error:  # torch's own, for sizes
        reason = str(error).splitlines()[0] if str(error) else "not enough memory"
        given = ", ".join(f"{key}={value}" for key, value in hyperparameters.items()) or "its defaults"
        raise ValueError(f"{name} cannot be made for windows of {length} bp with {given}: {reason}") from error
    return model


def check_hyperparameters(name: str, values: Mapping[str, Any]) -> None:
    """Refuse numbers outside the ranges of a built-in architecture's hyperparameters (see `ranges`)."""
    if name in _BUILT_IN and name not in _REGISTERED:
        check_ranges(hyperparameter_ranges(name), values, "setting")


def rebuild(config: Json, *, seed: int = 0) -> SequenceModel:
    """Make a model again from its `SequenceModel.config`, its first weights drawn from `seed`.

    torch's random state on the CPU stays as it was.

    Raises
    ------
    KeyError
        If the configuration lacks an entry.
    ValueError
        As `build`.
    """
    sizes = {size: config[size] for size in ("length", "channels", "outputs", "meta")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(config["architecture"], **sizes, **config["hyperparameters"])


def _load_plugins() -> None:
    """Import what the environment variable and installed packages name, each once."""
    for place in filter(None, os.environ.get(PLUGINS, "").split(os.pathsep)):
        if place not in _LOADED:
            _LOADED.add(place)
            _import(place)
    for point in metadata.entry_points(group=ENTRY_POINTS):
        if point.value not in _LOADED:
            _LOADED.add(point.value)
            point.load()


def _import(place: str) -> None:
    if not place.endswith(".py"):
        try:
            importlib.import_module(place)
        except Exception as error:
            raise ValueError(_plugin_fault(place, error)) from error
        return
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(f"{PLUGINS} names {place}, but there is no such file")
    name = f"motiflens_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{PLUGINS} names {place}, which cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # it is the user's own code: anything may be wrong with it
        del sys.modules[name]
        raise ValueError(_plugin_fault(place, error)) from error


def _plugin_fault(place: str, error: Exception) -> str:
    """Return what is wrong with a plugin, with the line in it where that is known."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(place)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    at = f" line {line}" if line else ""
    return f"the plugin {place}{at} cannot be imported: {type(error).__name__}: {error}"
