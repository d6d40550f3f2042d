"""Windows as `attribute` takes them: where the model is, in its precision, with bases that are bases."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.models.precision import like
from motiflens.models.types import Floats


def check_windows(
    model: nn.Module, x: Tensor | Floats, meta: Tensor | Floats | None
) -> tuple[Tensor, Tensor | None]:
    """Put windows and meta where the model is, in its precision.

    Parameters
    ----------
    model
        Its first floating-point parameter tells device and precision.
    x
        (N, C, L), any layout in memory (reversed views of numpy included), any precision.
    meta
        (N, M) or None.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, or bases are neither one-hot nor unknown
        (four zeros or four quarters); the message names the place.
    """
    there = like(model)
    windows = _tensor(x, "x").to(there)
    if windows.ndim != 3 or windows.shape[1] < 4:
        raise ValueError(
            f"x has shape {tuple(windows.shape)}: expected (windows, channels, bp), channels A, C, G, T first"
        )
    _check_finite(windows)
    _check_bases(windows)
    if meta is None:
        return windows, None
    extra = _tensor(meta, "meta").to(there)
    if extra.ndim != 2 or len(extra) != len(windows):
        raise ValueError(f"meta has shape {tuple(extra.shape)}: expected ({len(windows)}, features)")
    return windows, extra


def _tensor(values: Tensor | Floats, name: str) -> Tensor:
    if isinstance(values, Tensor):
        # A tensor made under inference_mode takes part in no gradient: its copy does.
        return values.detach().clone() if values.is_inference() else values.detach()
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        text = ": of letters motiflens.models.data.one_hot makes them" if array.dtype.kind in "US" else ""
        raise TypeError(f"{name} must hold numbers, not {array.dtype}{text}")
    # torch knows no negative strides, no other machine's byte order, and no number of more than 8 bytes.
    kind = array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.dtype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(array, dtype=kind))


def _check_bases(windows: Tensor) -> None:
    if windows.shape[1] > 4 == windows.shape[2] and bool((windows.sum(2) == 1).all()):
        raise ValueError(
            f"x has shape {tuple(windows.shape)}, positions before bases: expected (windows, 4, bp), as "
            "x.transpose(1, 2) gives it"
        )
    bases = windows[:, :4]  # N, 4, L
    one = (bases == 1).sum(1) == 1
    zero = (bases == 0).sum(1)
    fits = (one & (zero == 3)) | (zero == 4) | (bases == 0.25).all(1)
    if not fits.all():
        window, place = torch.nonzero(~fits)[0].tolist()
        column = ", ".join(f"{value:.4g}" for value in bases[window, :, place].tolist())
        raise ValueError(
            f"window {window}, position {place}: A, C, G, T = {column} are no base: expected one-hot, or an "
            "unknown base as four zeros (or four times .25)"
        )


def _check_finite(windows: Tensor) -> None:
    finite = torch.isfinite(windows)
    if not finite.all():
        window, channel, place = torch.nonzero(~finite)[0].tolist()
        raise ValueError(f"window {window}, channel {channel}, position {place}: the value is not finite")
