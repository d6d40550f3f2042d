"""A program of torch.export as a torch module."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, Protocol

import torch
from torch import Tensor

from motiflens.models import types
from motiflens.models.limits import check_limit, limit
from motiflens.models.output import Output, parse_output
from motiflens.models.published.import_program.archive import Program, read_program
from motiflens.models.published.import_program.describe import describe
from motiflens.models.published.import_program.inputs import read_inputs
from motiflens.models.published.import_program.model import BASES, ProgramModel
from motiflens.models.published.import_program.network import Network
from motiflens.models.published.import_program.simplify import simplify
from motiflens.models.types import Json

OPEN_LENGTH: Final = 1000  # bp that a program which takes any length is tried on
# Operators whose first argument after the tensor is a shape.
_SHAPED: Final = ("reshape", "expand", "zeros", "ones", "full", "new_zeros", "new_ones")


class _Make(Protocol):
    """Makes a model of a description, with no weights yet."""

    def __call__(self, description: Json, output: str | int | None, flat: bool, /) -> ProgramModel: ...


_FAULTS: Final = (
    RuntimeError,
    IndexError,
    TypeError,
    ValueError,
    KeyError,
    NotImplementedError,
    ZeroDivisionError,
)


def import_program(
    path: types.Path, alphabet: str = BASES, output: str | int | None = None, *, length: int | None = None
) -> ProgramModel:
    """Read a file of `torch.export.save` (``.pt2``) without torch's reader and without executing anything in it.

    Parameters
    ----------
    path
        The file, of torch 2.5 or later.
    alphabet
        Order of the bases in the program's sequences.
    output
        One head by its name (a mapping's key, a named tuple's field, else ``output0``, …) or index, perhaps with a
        reduction; see `choose_output`. By default all heads.
    length
        Window length in bp that is noted where the program takes any.

    Returns
    -------
    ProgramModel
        In eval mode, on the CPU, in single precision. It takes (N, C, L), bases A, C, G, T first and then what
        further inputs along the sequence take, or a tuple of all inputs in the program's order; it gives logits,
        from before a final sigmoid or softmax: one tensor where there is one head, a named tuple of all otherwise.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or calls an operator that is not on the list; the operator is named.

    Notes
    -----
    Operators are called by name from a list of pure computations (`operators`). Symbols of shapes, guards and
    example inputs, which torch's own reader evaluates or unpickles, are not looked at.
    """
    return read_model(path, alphabet=alphabet, output=output, length=length).model


class Read(NamedTuple):
    """A program that was read: the model, torch's version, and the shape of each head for one window."""

    model: ProgramModel
    version: str
    shapes: dict[str, tuple[int, ...]]


def read_model(
    path: types.Path,
    *,
    alphabet: str = BASES,
    output: str | int | None = None,
    length: int | None = None,
    flat: bool = False,
) -> Read:
    """Like `import_program`, with what else is known; `flat` gives the one head as (N, outputs)."""
    if sorted(alphabet) != sorted(BASES):
        raise ValueError(f"alphabet must be an order of A, C, G and T, not {alphabet!r}")
    program = read_program(Path(path))
    try:
        model, shapes = _model(program, alphabet, _parsed(output), length, flat)
    except RecursionError as error:
        raise ValueError(f"{path}: it is nested too deeply") from error
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
    return Read(model, program.version, shapes)


def _parsed(output: str | int | None) -> str | int | None:
    parsed: Output = parse_output(output) if isinstance(output, str) else output
    assert parsed is None or isinstance(parsed, str | int)
    return parsed


def _model(
    program: Program, alphabet: str, output: str | int | None, length: int | None, flat: bool
) -> tuple[ProgramModel, dict[str, tuple[int, ...]]]:
    description = simplify(describe(program.graph))
    tensors = _weights(description, program)
    inputs = read_inputs(description["inputs"])
    sequence = next(each for each in inputs if each.role == "sequence")
    if length is not None and sequence.length is not None and length != sequence.length:
        raise ValueError(f"it is of windows of {sequence.length} bp, not {length}: leave out the length")
    window = sequence.length or length or OPEN_LENGTH
    check_limit("LENGTH", window, "its sequence")
    signals = sum(each.channels for each in inputs if each.role == "signal")
    meta = sum(each.channels for each in inputs if each.role == "meta")
    batches = {entry["shape"][0] for entry in description["inputs"]}
    if len(batches) > 1:
        raise ValueError(f"its inputs have different numbers of windows: {', '.join(map(str, batches))}")
    batch = batches.pop()
    check_limit("MEMORY", 4.0 * (batch or 1) * (sequence.channels + signals) * window, "its input")

    def make(candidate: Json, head: str | int | None, one: bool, /) -> ProgramModel:
        model = ProgramModel(
            length=window,
            channels=sequence.channels + signals,
            meta=meta,
            program=candidate,
            alphabet=alphabet,
            output=head,
            flat=one,
        )
        return model.eval()

    fixed = {**description, "batch": batch}
    _measure(make, fixed)
    whole = make(fixed, None, False)
    _network(whole).put(tensors)
    chosen = _any_batch(make, description, whole, tensors) if batch is not None else whole
    rows = chosen.windows_at_once or 2
    heads = _tried(chosen, _windows(chosen, rows))
    if any(head.ndim == 0 or len(head) != rows or not head.numel() for head in heads):
        raise ValueError("it does not give numbers for each window")
    shapes = {name: tuple(head.shape[1:]) for name, head in zip(chosen.heads, heads, strict=True)}
    model = make(_network(chosen).description, output, flat)
    _network(model).put(tensors)
    model.outputs = _tried(model, _windows(model, rows))[0][0].numel()
    return model, shapes


def _network(model: ProgramModel) -> Network:
    network = model.module
    assert isinstance(network, Network)
    return network


def _weights(description: Json, program: Program) -> dict[str, Tensor]:
    """Return the tensors by their values, and note their shapes."""
    tensors = {}
    for value, entry in description["weights"].items():
        tensor = program.tensors.get(entry["name"])
        if tensor is None:
            raise ValueError(f"its weight {entry['name']!r} is missing")
        entry["shape"], entry["dtype"] = list(tensor.shape), str(tensor.dtype).removeprefix("torch.")
        tensors[value] = tensor
    return tensors


def _measure(make: _Make, description: Json) -> None:
    """Compute all shapes, with no memory behind them, and refuse what would be larger than any model's."""
    with torch.device("meta"), torch.no_grad():
        model = make(description, None, False)
        _network(model).most = limit("MEMORY")
        _tried(model, _windows(model, description["batch"] or 2).to("meta"))


def _windows(model: ProgramModel, rows: int) -> Tensor:
    """Random windows, the same each time."""
    generator = torch.Generator().manual_seed(0)
    with torch.device("cpu"):
        codes = torch.randint(0, 4, (rows, model.length), generator=generator)
        x = torch.rand(rows, model.channels, model.length, generator=generator)
        x[:, :4] = torch.nn.functional.one_hot(codes, 4).transpose(1, 2).float()
    return x


def _tried(model: ProgramModel, x: Tensor) -> tuple[Tensor, ...]:
    """Heads of some windows.

    Raises
    ------
    ValueError
        If operators do not fit what they are given, naming the one that fails.
    """
    meta = x.new_ones(len(x), model.meta) if model.meta else None
    try:
        with torch.no_grad():
            heads = model(x, meta)
    except _FAULTS as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"operator {_network(model).at!r} does not fit what it is given ({reason})") from error
    return (heads,) if isinstance(heads, Tensor) else tuple(heads)


def _any_batch(make: _Make, description: Json, whole: ProgramModel, tensors: dict[str, Tensor]) -> ProgramModel:
    """Return the program as one of any number of windows, if it gives the same that way; else as it is."""
    batch = _network(whole).description["batch"]
    x = _windows(whole, 2 * batch + 1)
    expected = _tried(whole, x)
    for candidate in (description, _with_batch(description, batch)):
        model = make({**candidate, "batch": None}, None, False)
        _network(model).put(tensors)
        try:
            given = _tried(model, x)
        except ValueError:
            continue
        if all(_same(a, b) for a, b in zip(given, expected, strict=True)):
            return model
    return whole


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)


def _with_batch(description: Json, batch: int) -> Json:
    """Put the number of windows where shapes start with the one that the program was exported for."""
    nodes = []
    for node in description["nodes"]:
        arguments = [
            [name, [{"batch": True}, *value[1:]]]
            if node["operator"] in _SHAPED and isinstance(value, list) and value[:1] == [batch]
            else [name, value]
            for name, value in node["arguments"]
        ]
        nodes.append({**node, "arguments": arguments})
    return {**description, "nodes": nodes}
