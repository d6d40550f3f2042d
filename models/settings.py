"""Reading ``key=value`` settings, checked against the types of what they set."""

from __future__ import annotations

import inspect
import math
import types as python_types
import typing
from collections.abc import Sequence
from typing import Any, Union

from motiflens.models.registry import architecture

_FIXED = {"self", "length", "channels", "outputs", "meta"}


def split_settings(settings: Sequence[str]) -> dict[str, str]:
    """Split texts ``key=value`` at the first ``=``.

    Raises
    ------
    ValueError
        For a text without ``=`` or a key that is given twice.
    """
    values: dict[str, str] = {}
    for text in settings:
        key, mark, value = text.partition("=")
        key = key.strip()
        if not mark or not key:
            raise ValueError(f"cannot read setting {text!r}: write it as key=value")
        if key in values:
            raise ValueError(f"setting {key!r} is given twice: {values[key]!r} and {value!r}")
        values[key] = value.strip()
    return values


def hyperparameter_types(name: str) -> dict[str, Any]:
    """Return each hyperparameter of an architecture -> its annotated type (or its default's type)."""
    init = architecture(name).__init__
    hints = typing.get_type_hints(init)
    kinds = {}
    for key, parameter in inspect.signature(init).parameters.items():
        if key in _FIXED:
            continue
        kind = type(parameter.default) if parameter.default is not inspect.Parameter.empty else str
        kinds[key] = hints.get(key, kind)
    return kinds


def hyperparameter_defaults(name: str) -> dict[str, Any]:
    """Return each hyperparameter of an architecture -> its default; those without one are left out."""
    parameters = inspect.signature(architecture(name).__init__).parameters
    empty = inspect.Parameter.empty
    return {
        key: parameter.default
        for key, parameter in parameters.items()
        if key not in _FIXED and parameter.default is not empty
    }


def parse_value(key: str, value: Any, kind: Any) -> Any:
    """Read a value as a type: bool, int, float, str, a Literal, a tuple of these, or one of these or None.

    Parameters
    ----------
    key
        For the error's text.
    value
        A text, or a value that already has the type.
    kind
        The annotation.

    Raises
    ------
    ValueError
        If the value does not read as the type.

    Examples
    --------
    >>> parse_value("rate", "1e-3", float), parse_value("width", "none", int | None)
    (0.001, None)
    >>> parse_value("signals", "dnase,uniqueness", tuple[str, ...])
    ('dnase', 'uniqueness')
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, python_types.UnionType):
        return _first(key, value, inner)
    if origin is typing.Literal:
        for choice in inner:
            if value == choice or str(value) == str(choice):
                return choice
        raise _refusal(key, value, f"one of {', '.join(map(str, inner))}")
    if origin in (tuple, list, Sequence) or kind in (tuple, list):
        return _many(key, value, inner)
    if kind is Any:
        return value
    return _one(key, value, kind)


def _first(key: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    """Read as the first of several types that fits; None first, text last."""
    many = any(typing.get_origin(kind) in (tuple, list, Sequence) for kind in kinds)
    if type(None) in kinds and (value is None or str(value).lower() == "none" or (value == "" and not many)):
        return None
    reasons = []
    for kind in sorted((kind for kind in kinds if kind is not type(None)), key=lambda kind: kind is str):
        try:
            return parse_value(key, value, kind)
        except ValueError as error:
            reasons.append(str(error).rpartition("expected ")[2])
    none = " or none" if type(None) in kinds else ""
    raise _refusal(key, value, " or ".join(reasons) + none)


def _many(key: str, value: Any, inner: tuple[Any, ...]) -> tuple[Any, ...]:
    kind = inner[0] if inner else str
    if isinstance(value, str):
        text = value.strip("()[] ").removesuffix(",")  # as Python writes one of one
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        if "" in parts:
            raise _refusal(key, value, "values with one comma between two")
        return tuple(parse_value(key, part, kind) for part in parts)
    return tuple(parse_value(key, part, kind) for part in value)


def _one(key: str, value: Any, kind: Any) -> Any:
    if kind is bool:
        known = {"true": True, "yes": True, "1": True, "on": True}
        known |= {"false": False, "no": False, "0": False, "off": False}
        if str(value).lower() in known:
            return known[str(value).lower()]
        raise _refusal(key, value, "true or false")
    if kind is str:
        return str(value)
    if kind in (int, float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if math.isfinite(number) and (kind is float or number == int(number)):
            return kind(number)
    raise _refusal(key, value, {int: "a whole number", float: "a number"}.get(kind, str(kind)))


def _refusal(key: str, value: Any, expected: str) -> ValueError:
    return ValueError(f"setting {key}={value}: expected {expected}")
