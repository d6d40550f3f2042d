"""Rules for what a model computes by functions, not by layers: DeepLIFT follows layers alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch
from tangermeme.deep_lift_shap import BilinearOp
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Functions that are linear in what depends on the input, change its layout, or say nothing about values; without
# the underscores of in-place and special methods.
_LINEAR: Final = _names(
    """
    add sub rsub radd iadd isub neg negative positive subtract conv1d conv2d linear avg_pool1d
    adaptive_avg_pool1d avg_pool2d dropout dropout1d feature_dropout alpha_dropout view view_as reshape
    reshape_as permute transpose t mT movedim swapaxes swapdims flatten unflatten unfold squeeze unsqueeze cat
    concat concatenate stack hstack vstack dstack chunk split tensor_split unbind select narrow index_select
    gather take_along_dim getitem setitem expand expand_as repeat repeat_interleave tile flip fliplr roll pad
    sum mean nansum cumsum contiguous clone detach to float double type type_as as_strided diagonal
    requires_grad interpolate batch_norm masked_fill copy zero scatter diff real identity retain_grad
    register_hook embedding triu tril broadcast_to broadcast_tensors atleast_1d atleast_2d atleast_3d get
    slice split_with_sizes alias lift_fresh lift_fresh_copy constant_pad_nd to_copy convolution conv_transpose1d
    index slice_scatter select_scatter fft_fft fft_ifft fft_rfft fft_irfft view_as_real view_as_complex
    """
)
# Linear where only one of the two factors depends on the input (of a quotient, the dividend).
_BILINEAR: Final[Mapping[str, str | None]] = {
    "mul": "...,...->...",
    "rmul": "...,...->...",
    "multiply": "...,...->...",
    "matmul": None,
    "rmatmul": None,
    "bmm": None,
    "mm": None,
    "mv": None,
}
_SUMMED: Final = ("einsum", "addmm", "baddbmm", "addmv")  # products that are linear in one of their factors
_RULED: Final[Mapping[str, Callable[..., nn.Module]]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "logsigmoid": nn.LogSigmoid,
}
_ELEMENTWISE: Final = _names(
    """
    clamp clamp_min clamp_max clip abs absolute hardtanh hardsigmoid hardswish threshold leaky_relu elu celu gelu
    softplus softsign softshrink hardshrink tanhshrink exp expm1 log log2 log10 log1p sqrt rsqrt pow rpow square
    reciprocal rtruediv rdiv sin cos atan erf sinh cosh logit expit nan_to_num prelu rrelu
    maximum minimum fmax fmin
    """
)
# What tells values apart: products with such a mask look linear, and are not.
_MASKS: Final = _names(
    "gt lt ge le eq ne greater less greater_equal less_equal not_equal sign sgn heaviside argmax"
)
_POOLS: Final = ("max_pool1d", "_max_pool1d", "boolean_dispatch", "max_pool1d_with_indices")


class OneFunction(nn.Module):
    """A function of one tensor as a module, so that there is a rule for it: the layer's integrated gradients."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Elementwise(OneFunction):
    """A function that works on each value by itself, as a module with the rescale rule."""


def rescale(module: Any, grad_input: tuple[Tensor, ...], grad_output: tuple[Tensor, ...]) -> tuple[Tensor]:
    """DeepLIFT's rescale rule: the output's change over the input's, or the slope where there is none."""
    changes = []
    for part in (module.input, module.output):
        here, there = part.chunk(2)
        changes.append(torch.cat([here - there] * 2))
    still = changes[0].abs() < 1e-6
    secant = changes[1] / changes[0].masked_fill(still, 1.0)
    return (torch.where(still, grad_input[0], grad_output[0] * secant),)


class GlobalMax(nn.Module):
    """The maximum over stretches of equal length, as the pooling that there is a rule for."""

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.pool = nn.MaxPool1d(1)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 3 or x.shape[-1] % self.parts:
            raise ValueError(
                f"DeepLIFT has no rule for a maximum over {self.parts} unequal parts of {tuple(x.shape)}: use "
                "integrated_gradients"
            )
        self.pool.kernel_size = self.pool.stride = x.shape[-1] // self.parts
        pooled: Tensor = self.pool(x)
        return pooled


class _Functions(TorchFunctionMode):
    """Sends what functions compute through modules; within leaf modules, which have rules, nothing is changed."""

    def __init__(self, owner: Functions, modules: list[nn.Module], inside: list[nn.Module], learn: bool) -> None:
        super().__init__()
        self.owner, self.modules, self.inside, self.learn = owner, modules, inside, learn
        self.number = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = _name(func)
        if self.inside or name.strip("_") in _LINEAR or not _dependent(args, kwargs):
            return func(*args, **kwargs)
        if self.learn and not _in_place(name, args, kwargs):
            result = func(*args, **kwargs)
            if not _dependent((result,), {}):  # a size, a mask, a choice of places
                self.owner.plain.add(name)
                if name.strip("_") in _MASKS:
                    self.owner.unruled.add(name.strip("_"))
                return result
        if name in self.owner.plain:
            return func(*args, **kwargs)
        plan = _plan(func, name.strip("_"), args, kwargs)
        if plan is None:
            result = func(*args, **kwargs)
            if _dependent((result,), {}):
                self.owner.unruled.add(name)
            return result
        make, inputs, finish = plan
        if make is None:
            return func(*args, **kwargs)
        if self.learn:
            self.modules.append(make())
        module = self.modules[self.number]
        self.number += 1
        result = finish(module(*inputs))
        if _in_place(name, args, kwargs):
            return args[0].copy_(result)
        return result


def _name(func: Any) -> str:
    """Name of a function; of an operator without its overload."""
    name: str = getattr(func, "__name__", "")
    return name.partition(".")[0] if isinstance(func, torch._ops.OpOverload) else name


def _in_place(name: str, args: Any, kwargs: Any) -> bool:
    """Whether a function writes into its first argument."""
    ends = name.endswith("_") and not name.endswith("__")
    return ends or bool(kwargs.get("inplace")) or (name in _RULED and len(args) > 1 and args[1] is True)


_Plan = tuple[Callable[[], nn.Module] | None, tuple[Tensor, ...], Callable[[Tensor], Any]]


def _plan(func: Any, name: str, args: Any, kwargs: Any) -> _Plan | None:
    """Return the module, its inputs and what becomes of its output; no module if linear, None if unruled."""
    dependent = _dependent(args, kwargs)
    quotient = name in ("div", "true_divide", "divide", "truediv") and dependent[0] is args[0]
    if len(dependent) == 1 and (quotient or name in _BILINEAR or name in _SUMMED):
        return None, (), _same
    if name == "einsum" and len(dependent) == 2 and len(args) == 3 and isinstance(args[0], str):
        return lambda: BilinearOp(args[0]), (args[1], args[2]), _same
    if name in _BILINEAR:
        factors = (args[0], args[1]) if not name.startswith("r") else (args[1], args[0])
        return lambda: BilinearOp(_BILINEAR[name]), factors, _same
    if len(dependent) != 1 or dependent[0].is_complex() or _has_rows(dependent[0], args, kwargs):
        return None
    x = dependent[0].clone()  # a layer keeps what it was given; the function may write into it
    if name in _RULED:
        return _RULED[name], (x,), _same
    if name == "softmax":
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        return lambda: nn.Softmax(dim=axis), (x,), _same
    maximum = _pooling(name, x, args, kwargs) or _extreme(name, x, args, kwargs)
    if maximum is not None:
        return maximum
    function = _of_one(func, dependent[0], args, kwargs)
    pair = name in ("max", "min") and any(isinstance(arg, Tensor) for arg in args[1:])
    if pair or name in _ELEMENTWISE:
        return lambda: Elementwise(function), (x,), _same
    return _whole(function, x)


def _pooling(name: str, x: Tensor, args: Any, kwargs: Any) -> _Plan | None:
    """Return the plan of a maximum over stretches."""
    if name in _POOLS:
        given = inspect.signature(nn.MaxPool1d).bind(*args[1:], **kwargs).arguments
        return (lambda: nn.MaxPool1d(**given)) if not given.get("return_indices") else None, (x,), _same
    if name not in ("adaptive_max_pool1d", "_adaptive_max_pool1d"):
        return None
    size = kwargs.get("output_size", args[1] if len(args) > 1 else 1)
    parts = int(size[0] if isinstance(size, tuple | list) else size)
    return lambda: GlobalMax(parts), (x,), _same


def _extreme(name: str, x: Tensor, args: Any, kwargs: Any) -> _Plan | None:
    """Return the plan of a maximum or minimum over some axes, the first one not among them."""
    given = kwargs.get("dim", args[1] if len(args) > 1 else None)
    axes = given if isinstance(given, tuple | list) else (given,)
    if name not in ("amax", "max", "amin", "min") or not all(isinstance(axis, int) for axis in axes):
        return None
    axes = sorted({axis % x.ndim for axis in axes})
    if not axes or axes[0] == 0:
        return None
    keep = bool(kwargs.get("keepdim", args[2] if len(args) > 2 else False))
    signed = -x if name in ("amin", "min") else x
    rest = [axis for axis in range(1, x.ndim) if axis not in axes]
    moved = signed.permute(0, *rest, *axes).flatten(1 + len(rest))  # N, ..., k
    shape = moved.shape[:-1]

    def finish(pooled: Tensor) -> Any:
        values = (-pooled if name in ("amin", "min") else pooled).reshape(shape)
        for axis in axes if keep else ():
            values = values.unsqueeze(axis)
        if name in ("amax", "amin"):
            return values
        return getattr(torch.return_types, name)((values, signed.argmax(axes[0], keepdim=keep)))

    return lambda: GlobalMax(1), (moved.reshape(len(x), -1, moved.shape[-1]),), finish


def _whole(function: Callable[[Tensor], Any], x: Tensor) -> _Plan | None:
    """Return the plan of any other function; of one that gives places too, as ``topk``, that of the values."""
    with torch.no_grad():
        made = function(x.clone())
    if isinstance(made, Tensor):
        return lambda: OneFunction(function), (x,), _same
    parts = made if isinstance(made, tuple) else ()
    if [isinstance(part, Tensor) and part.is_floating_point() for part in parts] != [True] + [False] * len(
        parts[1:]
    ):
        return None

    def finish(values: Tensor) -> Any:
        return type(made)((values, *parts[1:]))

    return lambda: OneFunction(lambda value: function(value)[0]), (x,), finish


def _of_one(func: Any, x: Tensor, args: Any, kwargs: Any) -> Callable[[Tensor], Tensor]:
    """Return the function of `x` alone, all else as it was given."""
    fixed = {key: value for key, value in kwargs.items() if key != "inplace"}
    writes = _in_place(_name(func), args, kwargs)

    def function(value: Tensor) -> Tensor:
        value = value.clone() if writes else value  # autograd lets nobody write into what a layer was given
        result: Tensor = func(
            *[value if arg is x else arg for arg in args],
            **{key: value if arg is x else arg for key, arg in fixed.items()},
        )
        return result

    return function


def _has_rows(x: Tensor, args: Any, kwargs: Any) -> bool:
    """Whether another argument has a row for each of x, which a rule that takes other rows cannot follow."""
    others = [arg for arg in (*args, *kwargs.values()) if isinstance(arg, Tensor) and arg is not x]
    return any(other.ndim == x.ndim and len(other) == len(x) > 1 for other in others)


def _dependent(args: Any, kwargs: Any) -> list[Tensor]:
    """Return the tensors among arguments that depend on the input."""
    dependent: list[Tensor] = []
    for arg in (*args, *kwargs.values()):
        parts = arg if isinstance(arg, tuple | list) else (arg,)
        dependent += [part for part in parts if isinstance(part, Tensor) and part.requires_grad]
    return dependent


def _leave(inside: list[nn.Module]) -> None:
    if inside:
        inside.pop()


def _same(value: Tensor) -> Tensor:
    return value


class Functions(nn.Module):
    """The modules that stand in for a model's functions; find them with `learn`, then run passes in `routed`."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.leaves = [module for module in model.modules() if not list(module.children())]
        self.stand_ins = nn.ModuleList()
        self.unruled: set[str] = set()
        self.plain: set[str] = set()  # of which nothing depends on the input

    def learn(self, run: Callable[[], Any]) -> None:
        """Find out by one pass, in which the input requires a gradient, what functions compute."""
        modules: list[nn.Module] = []
        with self._mode(modules, learn=True):
            run()
        self.stand_ins = nn.ModuleList(modules)

    @contextmanager
    def routed(self) -> Iterator[None]:
        """Within the block a pass goes through the stand-ins."""
        with self._mode(list(self.stand_ins), learn=False):
            yield

    @contextmanager
    def _mode(self, modules: list[nn.Module], *, learn: bool) -> Iterator[None]:
        inside: list[nn.Module] = []
        handles = []
        for module in self.leaves:
            handles.append(module.register_forward_pre_hook(lambda layer, _: inside.append(layer)))
            handles.append(module.register_forward_hook(lambda *_: _leave(inside), always_call=True))
        try:
            with torch.enable_grad(), _Functions(self, modules, inside, learn):
                yield
        finally:
            for handle in handles:
                handle.remove()
