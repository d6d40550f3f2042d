"""Options that many commands share: written once, as the fields of a dataclass, and added by a decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints


def option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of a command whose type is a dataclass by options, one for each of its fields.

    A field's annotation holds its `typer.Option`. An option that the command has itself under the same name, or
    that an earlier group has (such as ``seed`` or ``genome``), is not added again: its value is used for both.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Place:
    ...     task: str = "first"
    ...     seed: int = 0
    >>> def command(place: Place, out: str = "out") -> None:
    ...     print(place.task, place.seed, out)
    >>> option_groups(command)(seed=3)
    first 3 out
    """
    own = inspect.signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {
        name: parameter.annotation for name, parameter in own.items() if is_dataclass(parameter.annotation)
    }
    parameters = {
        name: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.items()
        if name not in groups
    }
    for group in groups.values():
        hints = get_type_hints(group, include_extras=True)
        for one in fields(group):
            parameters.setdefault(
                one.name,
                inspect.Parameter(
                    one.name, inspect.Parameter.KEYWORD_ONLY, default=_default(one), annotation=hints[one.name]
                ),
            )
    required = [parameter for parameter in parameters.values() if parameter.default is inspect.Parameter.empty]
    ordered = [*required, *(parameter for parameter in parameters.values() if parameter not in required)]

    def run(**values: Any) -> None:
        defaults = {name: one.default for name, one in parameters.items() if one.default is not one.empty}
        given = {**defaults, **values}
        made = {
            name: group(**{one.name: given[one.name] for one in fields(group)}) for name, group in groups.items()
        }
        command(**made, **{name: value for name, value in values.items() if name in own})

    run.__doc__, run.__name__, run.__module__ = command.__doc__, command.__name__, command.__module__
    run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in ordered}
    return run


def _default(one: Field[Any]) -> Any:
    return inspect.Parameter.empty if one.default is MISSING else one.default
