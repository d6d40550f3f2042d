"""Occlusion."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.edits import Edits, edited_logits
from motiflens.interpret.attribution.gradient_inputs import Raw, predictions


def occlusion(
    model: nn.Module,
    x: Tensor,
    *,
    target: int = 0,
    meta: Tensor | None = None,
    batch_size: int = 64,
    width: int = 10,
    stride: int = 5,
    fast: bool = True,
) -> Raw:
    """Drop in logit when a stretch of bases is hidden (Zeiler & Fergus 2014), averaged over a base's stretches.

    The sequence (as unknown bases) and each signal (as 0) are hidden one after the other. The last stretch ends
    with the window.

    Parameters
    ----------
    width, stride
        Length of the hidden stretch in bp, and bp from one to the next.
    fast
        As in `ism`.

    Raises
    ------
    ValueError
        If the stretch is longer than the window, or the stride longer than the stretch.
    """
    n, channels, length = x.shape
    if not 0 < width <= length or not 0 < stride <= width:
        raise ValueError(
            f"occlusion: width={width}, stride={stride} on windows of {length} bp: expected "
            "0 < stride <= width <= length, so that every base is hidden"
        )
    prediction = predictions(model, x, target, meta, batch_size)
    starts = torch.arange(0, length - width + 1, stride, device=x.device)
    if starts[-1] != length - width:
        starts = torch.cat([starts, starts.new_tensor([length - width])])
    scores = torch.zeros_like(x)
    rows = torch.arange(n, device=x.device).repeat_interleave(len(starts))
    for first, last in ((0, 4), *((channel, channel + 1) for channel in range(4, channels))):

        def hide(_: Tensor, there: Tensor, first: int = first, last: int = last) -> Tensor:
            there[:, first:last] = 0
            return there

        edits = Edits(rows, starts.repeat(n), width, hide)
        logits = edited_logits(model, x, edits, target=target, meta=meta, batch_size=batch_size, fast=fast)
        drop = prediction[:, None] - logits.reshape(n, -1)  # N, stretches
        track = _mean_over(drop, starts, width, length)
        scores[:, first:last] = track[:, None] * (x[:, :4] if first == 0 else 1.0)
    return Raw(None, scores, prediction)


def _mean_over(values: Tensor, starts: Tensor, width: int, length: int) -> Tensor:
    """Return for each base the mean over the stretches that hold it, (N, L), of values (N, stretches)."""
    bases = torch.arange(length, device=values.device)
    holds = (bases >= starts[:, None]) & (bases < starts[:, None] + width)  # stretches, L
    share = holds.to(values.dtype)
    return values @ share / share.sum(0)
