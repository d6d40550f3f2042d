"""A user's own `torch.nn.Module` in the shape of a `SequenceModel`."""

from __future__ import annotations

import inspect
import typing
from typing import Any

from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.output import Output, check_output, choose_output

_SIZES = ("length", "channels", "outputs", "meta")


class Wrapped(SequenceModel):
    """Holds a module of any class and gives its output as logits (N, outputs).

    Attributes
    ----------
    output
        Which of the module's outputs; see `choose_output`.
    """

    any_length = True
    wrapped: type[nn.Module]
    output: Output = None
    module: nn.Module
    _takes_meta: bool

    def all_outputs(self, x: Tensor, meta: Tensor | None = None) -> Any:
        """Return what the module itself gives: of several outputs all of them."""
        return self.module(x, meta) if self._takes_meta else self.module(x)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        y = self.all_outputs(x, meta)
        if self.output is not None or not isinstance(y, Tensor) or y.ndim > 2:  # one tensor may need a reduction
            try:
                y = choose_output(y, self.output, len(x))
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from error
        if y.ndim == 1 and self.outputs == 1:
            y = y.unsqueeze(1)
        if y.shape != (x.shape[0], self.outputs):
            raise ValueError(f"{self.name} gives {tuple(y.shape)}, expected logits {(x.shape[0], self.outputs)}")
        return y

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        stems: dict[str, tuple[nn.Module, ...]] = getattr(self.module, "attention_stems", dict)()
        return {f"module.{name}": stem for name, stem in stems.items()}


def wrap(name: str, cls: type[nn.Module], output: Output = None) -> type[SequenceModel]:
    """Make the `SequenceModel` class of a module's class.

    Parameters
    ----------
    name, cls
        The architecture, and the module's class.
    output
        Which of its outputs are the logits; by default also a hyperparameter ``output``, unless the class has its
        own.

    Raises
    ------
    TypeError
        If its constructor takes ``*args`` or ``**kwargs``, which name no hyperparameters.
    """
    check_output(output)
    plain = cls.__init__ is nn.Module.__init__  # which takes anything and refuses it
    given = {} if plain else dict(list(inspect.signature(cls.__init__).parameters.items())[1:])
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
        chosen = None if "output" in own else values.get("output")
        check_output(chosen)
        SequenceModel.__init__(
            self, **sizes, hyperparameters=options | ({} if chosen is None else {"output": chosen})
        )
        self.output = output if chosen is None else chosen
        self._takes_meta = takes_meta
        self.module = cls(**options, **{size: value for size, value in sizes.items() if size in given})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [inspect.Parameter(size, keyword) for size in _SIZES]
    parameters += [p.replace(kind=keyword) for p in own.values()]
    if "output" not in own:
        parameters.append(inspect.Parameter("output", keyword, default=None))
    init.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    init.__annotations__ = {k: v for k, v in typing.get_type_hints(cls.__init__).items() if k in own}
    return type(cls.__name__, (Wrapped,), {"__init__": init, "name": name, "wrapped": cls})
