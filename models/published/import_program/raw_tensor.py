"""A tensor out of plain bytes and its description, every number of which is checked against the bytes."""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor

from motiflens.models.types import Json

# Numbers of torch's schema -> types; those that no network of ours has are left out.
DTYPES: Final = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_STRIDED: Final = 7  # the schema's number of a plain layout
_EXPANDED: Final = 1 << 24  # most numbers of a tensor that repeats fewer


def raw_tensor(name: str, content: bytes, meta: Json) -> Tensor:
    """Return a tensor of its own memory, contiguous, its floats as float32.

    Parameters
    ----------
    name
        Of the tensor, for messages.
    content
        All bytes of what it is a view of.
    meta
        ``dtype``, ``sizes``, ``strides``, ``storage_offset``, ``layout``, as torch's schema has them.

    Raises
    ------
    ValueError
        If a size or a stride is none, or the view reaches beyond the bytes.

    Examples
    --------
    >>> meta = {"dtype": 4, "sizes": [{"as_int": 2}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 1}}
    >>> raw_tensor("w", bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]), meta | {"layout": 7}).tolist()
    [2, 3]
    """
    dtype = DTYPES.get(meta.get("dtype", 0))
    if dtype is None or meta.get("layout") != _STRIDED:
        raise ValueError(f"{name!r} is of a type that is not supported (dtype {meta.get('dtype')!r})")
    sizes, strides = ([_whole(name, one) for one in _list(name, meta, key)] for key in ("sizes", "strides"))
    offset = _whole(name, meta.get("storage_offset"))
    if len(sizes) != len(strides):
        raise ValueError(f"{name!r} has {len(sizes)} sizes but {len(strides)} strides")
    width = torch.empty((), dtype=dtype).element_size()
    there, count = len(content) // width, math.prod(sizes)
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if count and last >= there:
        raise ValueError(f"{name!r} is truncated: it reaches to number {last + 1:,} of {there:,}")
    if count > max(there, _EXPANDED):
        raise ValueError(f"{name!r} claims {count:,} numbers, but there are {there:,}")
    truth = dtype == torch.bool
    if not count:
        return torch.zeros(sizes, dtype=torch.float32 if dtype.is_floating_point else dtype)
    whole = torch.frombuffer(bytearray(content[: there * width]), dtype=torch.uint8 if truth else dtype)
    view = whole.as_strided(sizes, strides, offset)
    if truth:
        return view != 0
    return (view.float() if dtype.is_floating_point else view).clone(memory_format=torch.contiguous_format)


def _list(name: str, meta: Json, key: str) -> list[Any]:
    value = meta.get(key)
    if not isinstance(value, list) or len(value) > 20:
        raise ValueError(f"{name!r} has no {key}")
    return value


def _whole(name: str, value: Any) -> int:
    number = value.get("as_int") if isinstance(value, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 40:
        raise ValueError(f"{name!r} has a size or stride that is no whole number of its own: {str(value)[:60]}")
    return number
