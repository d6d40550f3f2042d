"""Choosing one output of a model that gives several: an index, a name, a reduction, or a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, nn

Output: TypeAlias = str | int | Callable[[Any], Any] | None

# Name -> from (N, outputs, L) to (N, outputs).
REDUCTIONS: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "mean": lambda values: values.mean(-1),
    "sum": lambda values: values.sum(-1),
    "max": lambda values: values.amax(-1),
    "log_counts": lambda values: torch.logsumexp(values, -1),
    # What a profile looks like, as BPNet's and ChromBPNet's attributions take it: the profile's logits weighted
    # by the probabilities that they give.
    "weighted": lambda values: (values * values.softmax(-1).detach()).sum(-1),
}


def check_output(output: Output) -> None:
    """Raise ValueError or TypeError if `output` cannot be one, whatever the model gives."""
    if isinstance(output, bool) or not (output is None or isinstance(output, str | int) or callable(output)):
        raise TypeError(f"output must be an index, a name or a function of the model's output, not {output!r}")
    if isinstance(output, str):
        _, colon, reduction = output.partition(":")
        if colon and reduction not in REDUCTIONS:
            raise ValueError(f"output {output!r}: after the colon stands one of {', '.join(REDUCTIONS)}")


def parse_output(text: str | None) -> Output:
    """Read an output from the command line: a whole number is an index, anything else a name.

    Examples
    --------
    >>> parse_output("1"), parse_output("counts"), parse_output("profile:mean"), parse_output(None)
    (1, 'counts', 'profile:mean', None)
    """
    if text is None:
        return None
    output: Output = int(text) if text.lstrip("-").isdigit() else text
    check_output(output)
    return output


def choose_output(given: Any, output: Output, rows: int) -> Tensor:
    """Return logits (N, outputs) out of whatever a model gives.

    Parameters
    ----------
    given
        The model's output: a tensor, or a tuple, list, mapping or object with several.
    output
        None where the model gives logits (N, outputs) or (N,). Else which of its outputs: an index (of a tuple or
        list), a name (a mapping's key, a field), either followed by ``:mean``, ``:sum``, ``:max``, ``:log_counts``
        or ``:weighted`` (see `REDUCTIONS`) where it runs along the sequence, (N, outputs, L); a reduction alone
        (``":mean"``) where the model gives one tensor; or a function of all that gives (N, outputs) or (N,).
    rows
        Number of windows N.

    Raises
    ------
    ValueError
        If there is no such output, or what is chosen is no (N, outputs); the message says what there is.

    Examples
    --------
    >>> heads = {"profile": torch.zeros(2, 1, 9), "counts": torch.ones(2, 1)}
    >>> choose_output(heads, "counts", 2).tolist(), choose_output(heads, "profile:mean", 2).shape
    ([[1.0], [1.0]], torch.Size([2, 1]))
    """
    if callable(output):
        return _logits(output(given), rows, "the function output= gives ")
    name, reduction = _parts(output)
    value = given if name is None else _part(given, name)
    if reduction is not None:
        if not isinstance(value, Tensor) or value.ndim < 2:
            raise ValueError(f"output {output!r}: there is nothing to reduce in {_kind(value)}")
        value = REDUCTIONS[reduction](value if value.ndim > 2 else value[:, None])
    return _logits(value, rows, "the model gives " if output is None else f"output {output!r} is ")


@contextmanager
def one_output(model: nn.Module, output: Output) -> Iterator[None]:
    """Within the block the model gives the chosen output as logits (N, outputs).

    Raises
    ------
    ValueError
        If the model is a compiled (scripted or traced) one, whose output nothing can be put behind.
    """
    if output is None:
        yield
        return
    if hasattr(model, "wrapped"):  # a registered module, which chooses itself
        before, model.output = model.output, output  # type: ignore[assignment]
        try:
            yield
        finally:
            model.output = before
        return
    heads: Any = getattr(model, "all_heads", None)
    if isinstance(model, torch.jit.ScriptModule):
        raise ValueError("output= cannot choose within a scripted or traced model: wrap it in a module that does")
    inner, own = model.forward, "forward" in model.__dict__

    def forward(x: Tensor, *more: Any, **named: Any) -> Tensor:
        given = inner(x, *more, **named) if heads is None or callable(output) else heads(x, *more, **named)
        return choose_output(given, output, len(x))

    model.forward = forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        if own:
            model.forward = inner  # type: ignore[method-assign]
        else:
            model.__dict__.pop("forward", None)


def _parts(output: str | int | None) -> tuple[str | int | None, str | None]:
    check_output(output)
    if not isinstance(output, str):
        return output, None
    name, _, reduction = output.partition(":")
    chosen: str | int | None = int(name) if name.lstrip("-").isdigit() else name or None
    return chosen, reduction or None


def _part(given: Any, name: str | int) -> Any:
    if isinstance(given, Tensor):
        raise ValueError(
            f"output={name!r} chooses among several outputs, but the model gives {_kind(given)}: leave it out, "
            "and choose a column by target=, or reduce it by output=':mean' or a function"
        )
    if isinstance(name, int):
        if isinstance(given, tuple | list) and -len(given) <= name < len(given):
            return given[name]
    elif isinstance(given, Mapping) and name in given:
        return given[name]
    elif name in _names(given):
        return getattr(given, name)
    raise ValueError(f"the model has no output {name!r}: it gives {_kind(given)}")


def _logits(value: Any, rows: int, what: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise ValueError(f"{what}{_kind(value)}: choose one, {_ways(value)}")
    if not value.is_floating_point():
        kind = str(value.dtype).removeprefix("torch.")
        raise ValueError(f"{what}numbers of type {kind}: expected logits, real numbers; output= takes a function")
    if value.ndim == 1 and len(value) == rows:
        return value[:, None]
    if value.ndim < 2 and rows == 1 and value.numel():
        return value.reshape(1, -1)  # the axis of one window was squeezed away
    if value.ndim > 2 and len(value) == rows and value.numel() == rows * value.shape[1]:
        return value.reshape(rows, -1)  # behind a pooling over everything
    if value.ndim != 2 or len(value) != rows:
        hint = "reduce it, output=':mean' or a function of it" if value.ndim > 2 else "logits (windows, outputs)"
        raise ValueError(f"{what}{_kind(value)} for {rows} windows: expected {hint}")
    return value


def _ways(given: Any) -> str:
    if isinstance(given, tuple | list) and given:
        names = [repr(name) for name in _names(given)]
        return f"output={' or '.join(['0' if len(given) == 1 else f'0 to {len(given) - 1}', *names])}"
    names = list(given) if isinstance(given, Mapping) else _names(given)
    if names:
        more = f", and {len(names) - 6} more" if len(names) > 6 else ""
        return "output=" + " or ".join(map(repr, names[:6])) + more
    return "output=a function of it that gives (windows, outputs)"


def _names(given: Any) -> list[str]:
    fields = getattr(given, "_fields", None) or getattr(given, "__dataclass_fields__", None) or ()
    return [str(name) for name in fields]


def _kind(given: Any) -> str:
    if isinstance(given, Tensor):
        return f"a tensor of shape {tuple(given.shape)}"
    if isinstance(given, Mapping):
        return (
            f"a {type(given).__name__} of {', '.join(f'{key!r} {_size(value)}' for key, value in given.items())}"
        )
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}: {', '.join(map(_size, given))}"
    return f"a {type(given).__name__}"


def _size(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
