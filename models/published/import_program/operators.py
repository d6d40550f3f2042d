"""The operators that an exported program may call: everything that is not listed here is refused."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ATEN: Final = "torch.ops.aten."
# Functions of aten, each with all of its overloads but those that write into an `out`. Pure computations on their
# arguments: nothing that reads files, draws random numbers, or gives memory as it was found.
ALLOWED: Final = _names(
    """
    abs acos acosh asin asinh atan atan2 atanh ceil cos cosh erf erfc exp exp2 expm1 floor frac log log10 log1p
    log2 logit neg negative positive reciprocal round rsqrt sgn sign sin sinh sqrt square tan trunc relu relu6
    sigmoid tanh silu gelu elu selu celu leaky_relu softplus hardsigmoid hardswish hardtanh mish prelu
    _prelu_kernel log_sigmoid softshrink hardshrink threshold glu softmax _softmax log_softmax _log_softmax
    clamp clamp_min clamp_max clip nan_to_num isnan isinf isfinite logical_not bitwise_not add sub subtract rsub
    mul multiply div divide true_divide floor_divide remainder fmod pow maximum minimum eq ne lt le gt ge
    logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor __and__ __or__ __xor__ where lerp
    addcmul addcdiv hypot logaddexp logaddexp2 xlogy masked_fill sum mean amax amin max min argmax argmin prod
    std var var_mean std_mean norm linalg_vector_norm logsumexp cumsum cumprod any all count_nonzero topk sort
    argsort logcumsumexp aminmax view _unsafe_view reshape view_as reshape_as permute transpose t numpy_T mT
    matrix_H movedim moveaxis swapaxes swapdims flatten unflatten squeeze unsqueeze expand expand_as
    broadcast_to repeat tile repeat_interleave cat concat concatenate stack hstack vstack split split_with_sizes
    chunk tensor_split unsafe_split unsafe_chunk unbind slice select narrow index_select gather index
    take_along_dim flip fliplr roll pad constant_pad_nd reflection_pad1d replication_pad1d contiguous clone
    alias detach lift_fresh lift_fresh_copy diagonal diag_embed tril triu unfold select_scatter slice_scatter
    scatter index_put permute_copy view_copy expand_copy squeeze_copy unsqueeze_copy transpose_copy slice_copy
    select_copy atleast_1d atleast_2d atleast_3d one_hot zeros ones full arange zeros_like ones_like full_like
    new_zeros new_ones new_full scalar_tensor eye linspace to _to_copy type_as linear addmm mm bmm matmul
    baddbmm addmv mv dot inner outer einsum bilinear conv1d conv2d convolution conv_transpose1d max_pool1d
    max_pool2d max_pool1d_with_indices max_pool2d_with_indices avg_pool1d avg_pool2d adaptive_avg_pool1d
    adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d upsample_nearest1d
    upsample_linear1d batch_norm _native_batch_norm_legit_no_training layer_norm native_layer_norm group_norm
    native_group_norm instance_norm rms_norm _fused_rms_norm lstm gru rnn_tanh rnn_relu
    scaled_dot_product_attention _scaled_dot_product_flash_attention_for_cpu
    _scaled_dot_product_efficient_attention _scaled_dot_product_flash_attention embedding dropout native_dropout
    feature_dropout alpha_dropout feature_alpha_dropout sym_size sym_numel copy fill _native_batch_norm_legit
    """
)
# Those that write into their first argument.
IN_PLACE: Final = _names(
    """
    abs_ add_ sub_ mul_ div_ relu_ relu6_ sigmoid_ tanh_ silu_ elu_ selu_ celu_ leaky_relu_ hardsigmoid_
    hardswish_ hardtanh_ mish_ threshold_ clamp_ clamp_min_ clamp_max_ exp_ sqrt_ neg_ masked_fill_ fill_ zero_
    copy_ index_put_ scatter_ squeeze_ unsqueeze_ transpose_ detach_ dropout_ feature_dropout_ alpha_dropout_
    pow_ log_ round_ floor_
    """
)
# What gives another view of the same memory, or may.
VIEWS: Final = _names(
    """
    view reshape view_as reshape_as permute transpose t numpy_T mT matrix_H movedim moveaxis swapaxes swapdims
    flatten unflatten squeeze unsqueeze expand expand_as broadcast_to split split_with_sizes chunk tensor_split
    unbind slice select narrow contiguous alias detach lift_fresh diagonal unfold to type_as atleast_1d
    atleast_2d atleast_3d
    """
)
# Checks of shapes and types, which are left out: a model is tried as it is.
SILENT: Final = _names(
    """
    _assert_scalar _assert_async _assert_tensor_metadata sym_constrain_range sym_constrain_range_for_size
    _functional_assert_scalar _functional_assert_async
    """
)
# Functions of whole numbers, as sizes are computed with.
NUMBERS: Final[Mapping[str, Callable[..., Any]]] = {
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv,
    "_operator.truediv": operator.truediv,
    "_operator.mod": operator.mod,
    "_operator.neg": operator.neg,
    "_operator.pos": operator.pos,
    "_operator.eq": operator.eq,
    "_operator.ne": operator.ne,
    "_operator.lt": operator.lt,
    "_operator.le": operator.le,
    "_operator.gt": operator.gt,
    "_operator.ge": operator.ge,
    "_operator.and_": operator.and_,
    "_operator.or_": operator.or_,
    "math.trunc": math.trunc,
    "torch.sym_max": max,
    "torch.sym_min": min,
    "torch.sym_int": int,
    "torch.sym_float": float,
    "torch.sym_not": operator.not_,
}
_LARGEST: Final = 1 << 62  # of a size; torch's own are 64 bits wide


def split_target(target: Any) -> tuple[str, str]:
    """Return an operator's name and overload; the name alone for functions of numbers.

    Raises
    ------
    ValueError
        If it is none that a program may call.

    Examples
    --------
    >>> split_target("torch.ops.aten.add.Tensor"), split_target("_operator.mul")
    (('add', 'Tensor'), ('_operator.mul', ''))
    """
    if isinstance(target, str):
        if target in NUMBERS:
            return target, ""
        name, _, overload = target.removeprefix(ATEN).partition(".")
        known = name in ALLOWED or name in IN_PLACE or name in SILENT
        if target.startswith(ATEN) and known and overload and "." not in overload and not _writes_out(overload):
            return name, overload
    raise ValueError(f"operator {str(target)[:100]!r} is none of those that may be run (docs/limits.md)")


def _writes_out(overload: str) -> bool:
    return overload == "out" or overload.endswith("_out")


def aten(name: str, overload: str) -> torch._ops.OpOverload:
    """Return an operator of the list.

    Raises
    ------
    ValueError
        If it is not on the list, or this torch has none of that name.
    """
    split_target(f"{ATEN}{name}.{overload}")
    packet = getattr(torch.ops.aten, name, None)
    if packet is None or overload not in packet.overloads():
        raise ValueError(f"operator {ATEN}{name}.{overload} is unknown to torch {torch.__version__}")
    function: torch._ops.OpOverload = getattr(packet, overload)
    if function._schema.is_mutable and name not in IN_PLACE:
        raise ValueError(f"operator {ATEN}{name}.{overload} writes into its arguments, as in training")
    return function


def number(name: str, values: list[Any]) -> Any:
    """Compute a function of whole numbers (or of fractions and truth values, in between).

    Raises
    ------
    ValueError
        If an argument is no number, or the result larger than any size.
    """
    if not all(isinstance(value, int | float) for value in values):
        raise ValueError(f"operator {name} is given no number")
    result = NUMBERS[name](*values)
    if abs(result) > _LARGEST:
        raise ValueError(f"operator {name} gives {str(result)[:20]}…, more than any size")
    return result
