"""Listening to a forward pass wherever it computes attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from motiflens.models.architectures.layers import AttentionWeights

_SOFTMAX = {torch.softmax, functional.softmax, Tensor.softmax}
_LOG_SOFTMAX = {torch.log_softmax, functional.log_softmax, Tensor.log_softmax}
_SOFTMIN = {functional.softmin}
_EXP = {torch.exp, Tensor.exp}
# A softmax written out: exp(z) / exp(z).sum(), exp(z - logsumexp(z)), and any other shares of a sum.
_SUMS = {torch.sum, Tensor.sum}
# What still is that sum: with a small number so that it is never 0 (as Keras models add), in another layout.
_STILL_SUMS = {torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__, torch.clamp, Tensor.clamp, torch.clamp_min}
_STILL_SUMS |= {Tensor.add_, Tensor.__iadd__, Tensor.clamp_, Tensor.clamp_min, Tensor.clamp_min_}
_STILL_SUMS |= {torch.unsqueeze, Tensor.unsqueeze, Tensor.__getitem__, Tensor.expand_as, Tensor.expand}
_STILL_SUMS |= {Tensor.view, torch.reshape, Tensor.reshape}
_QUOTIENTS = {torch.div, torch.true_divide, Tensor.div, Tensor.true_divide, Tensor.__truediv__}
_QUOTIENTS |= {Tensor.div_, Tensor.__itruediv__}
_LOG_SUMS = {torch.logsumexp, Tensor.logsumexp}
_DIFFERENCES = {torch.sub, Tensor.sub, Tensor.__sub__}
_LOOKS_LIKE_ATTENTION = (AttentionWeights, nn.Softmax, nn.Softmin, nn.MultiheadAttention)


class Captured(BaseException):
    """The weights are there: the rest of the forward pass is not needed. No `except Exception` may catch it."""


@contextmanager
def attention_hooked(
    model: nn.Module, names: Sequence[str] | None, note: Callable[[str, Tensor, Tensor], None]
) -> Iterator[None]:
    """Within the block, `note(name, into, weights)` is called wherever attention may be computed.

    Parameters
    ----------
    model
        The model.
    names
        Sources to listen to; None for all modules that look like attention and all softmax functions.
    note
        Gets the source's name, the tensor that goes into it, and the weights.
    """
    modules = {
        name: module
        for name, module in model.named_modules()
        if (name in names if names is not None else isinstance(module, _LOOKS_LIKE_ATTENTION))
    }
    inside: list[str] = []
    handles = []
    for name, module in modules.items():
        handles += _tap(name, module, inside, note)
    functions = names is None or any(name.startswith("softmax:") for name in names)
    try:
        if functions:
            with _Functions(inside, lambda name, *rest: note(name, *rest) if _wanted(name, names) else None):
                yield
        else:
            yield
    finally:
        for handle in handles:
            handle.remove()


def _wanted(name: str, names: Sequence[str] | None) -> bool:
    return names is None or name in names


def _tap(
    name: str, module: nn.Module, inside: list[str], note: Callable[[str, Tensor, Tensor], None]
) -> list[torch.utils.hooks.RemovableHandle]:
    def enter(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inside.append(name)
        if isinstance(module, nn.MultiheadAttention):
            # Asked for explicitly, or PyTorch's layers leave the weights out.
            return args[:3], _asking_for_weights(args, kwargs)
        return None

    def leave(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        if inside:
            inside.pop()
        if output is None:  # the module raised
            return
        into = args[0] if args else next(iter(kwargs.values()))
        weights = output[1] if isinstance(module, nn.MultiheadAttention) else output
        if isinstance(weights, tuple | list):
            weights = weights[-1]
        if isinstance(module, nn.MultiheadAttention) and not module.batch_first:
            into = into.transpose(0, 1)
        note(name, into, weights)

    return [
        module.register_forward_pre_hook(enter, with_kwargs=True),
        module.register_forward_hook(leave, with_kwargs=True, always_call=True),
    ]


def _asking_for_weights(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    order = ("key_padding_mask", "need_weights", "attn_mask", "average_attn_weights", "is_causal")
    given = dict(zip(order, args[3:], strict=False))
    return {**given, **kwargs, "need_weights": True, "average_attn_weights": False}


class _Functions(TorchFunctionMode):
    """Listen to softmax and attention that are computed by functions, not by modules."""

    def __init__(self, inside: list[str], note: Callable[[str, Tensor, Tensor], None]) -> None:
        super().__init__()
        self.inside, self.note, self.seen = inside, note, 0
        self.logs: list[tuple[Tensor, Tensor]] = []  # what went into a log-softmax, and what it gave
        self.sums: list[tuple[Tensor, Tensor]] = []  # what was added up, and the sum
        self.log_sums: list[tuple[Tensor, Tensor]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self.inside:
            return result
        first = args[0] if args else kwargs.get("input")
        if func in _SOFTMAX or func in _SOFTMIN:
            self._found(first, result)
        elif func in _LOG_SOFTMAX:
            self.logs.append((first, result))
        elif func in _SUMS:
            self.sums.append((first, result))
        elif func in _STILL_SUMS:
            self.sums += [(whole, result) for whole, part in self.sums if first is part]
        elif func is functional.normalize and _order(*args, **kwargs) == 1:  # shares of a sum
            self._found(first, result)
        elif func in _LOG_SUMS:
            self.log_sums.append((first, result))
        elif func in _QUOTIENTS and _paired(self.sums, args):
            self._found(first, result)
        elif func in _DIFFERENCES and _paired(self.log_sums, args):
            self.logs.append((first, result))
        elif func in _EXP:
            for into, logs in self.logs:
                if args and args[0] is logs:
                    self._found(into, result)
        elif func is functional.scaled_dot_product_attention:
            query, weights = _dot_product_weights(*args, **kwargs)
            self._found(query, weights)
        return result

    def _found(self, into: Tensor, weights: Tensor) -> None:
        name = f"softmax:{self.seen}"
        self.seen += 1
        self.note(name, into, weights)


def _paired(made: Sequence[tuple[Tensor, Tensor]], args: Any) -> bool:
    """Whether two arguments are a tensor and what was made of it."""
    return len(args) == 2 and any(args[0] is whole and args[1] is part for whole, part in made)


def _order(input: Tensor, p: float = 2.0, *_: Any, **__: Any) -> float:
    """Return the order of the norm that ``functional.normalize`` divides by."""
    return p


def _dot_product_weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the query and the weights that the fused function keeps to itself."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, float("-inf"))
    elif attn_mask is not None:
        scores = scores + attn_mask
    return query, scores.softmax(dim=-1)
