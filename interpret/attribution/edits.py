"""Logits of many small edits of windows: the engine below saturation mutagenesis and occlusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.branches import branches, flipped
from motiflens.interpret.attribution.gradient_inputs import call, chunks
from motiflens.interpret.attribution.stem import Stem, find_stem

# Cutting out and putting back takes its time too: below this share of the multiply-adds it does not pay.
_LEAST_SAVING: Final = 0.1
# The stem is tried on some edits first, which costs two passes of each: with few edits that does not pay either.
_PROBES: Final = 8
LEAST_EDITS: Final = 8 * _PROBES


@dataclass(frozen=True)
class Edits:
    """Edits of one width.

    Attributes
    ----------
    rows, starts
        (E,): the window of each edit, and its first base.
    width
        Bases that an edit covers.
    apply
        (index (n,), what stands there (n, C, width)) -> what to put there. `index` counts the edits.
    """

    rows: Tensor
    starts: Tensor
    width: int
    apply: Callable[[Tensor, Tensor], Tensor]


def edited_logits(
    model: nn.Module,
    x: Tensor,
    edits: Edits,
    *,
    target: int,
    meta: Tensor | None,
    batch_size: int,
    fast: bool = True,
) -> Tensor:
    """Return the target's logit after each edit, (E,).

    Where the first layers are convolutions and poolings, only what an edit can reach is computed again (as in
    fastISM: Nair et al., Bioinformatics 2022), if that saves much; this is checked against whole passes on some
    edits first, by the size of their own effects.
    """
    split = branches(model)
    if split is None:
        return _branch_logits(model, x, edits, target, meta, batch_size, fast)
    other = mirrored(edits, x.shape[-1])
    options = {"target": target, "meta": meta, "batch_size": batch_size, "fast": fast}
    logits = [
        edited_logits(part, flipped(x) if reverse else x, other if reverse else edits, **options)  # type: ignore[arg-type]
        for part, reverse in split.parts
    ]
    return split.merged(torch.stack(logits))


def mirrored(edits: Edits, length: int) -> Edits:
    """Return the same edits of the reverse complements of windows of some length."""
    return Edits(
        edits.rows,
        length - edits.starts - edits.width,
        edits.width,
        lambda index, there: flipped(edits.apply(index, flipped(there))),
    )


def _branch_logits(
    model: nn.Module, x: Tensor, edits: Edits, target: int, meta: Tensor | None, batch_size: int, fast: bool
) -> Tensor:
    total = len(edits.rows)
    if total == 0:
        return x.new_zeros(0)
    scorer = EditScorer(model, x, edits, target, meta)
    stem = verified_stem(scorer, batch_size) if fast and total >= LEAST_EDITS else None
    with torch.no_grad():
        base = None if stem is None else torch.cat([stem.outputs(x[part]) for part in chunks(len(x), batch_size)])
        parts = []
        for part in chunks(total, batch_size):
            index = torch.arange(part.start, part.stop, device=x.device)
            whole = scorer.edited(index)
            if stem is None:
                parts.append(scorer.whole(index, whole))
            else:
                before = None if base is None else base[edits.rows[index]]
                parts.append(scorer.local(index, whole, stem, before))
    return torch.cat(parts)


@dataclass(frozen=True)
class EditScorer:
    """Logits of a model's target after edits of some windows."""

    model: nn.Module
    x: Tensor
    edits: Edits
    target: int
    meta: Tensor | None

    def edited(self, index: Tensor) -> Tensor:
        """Return whole windows after their edits, (n, C, L)."""
        rows, starts = self.edits.rows[index], self.edits.starts[index]
        windows = self.x[rows]
        where = starts[:, None] + torch.arange(self.edits.width, device=starts.device)  # n, w
        where = where[:, None].expand(-1, windows.shape[1], -1)  # n, C, w
        windows.scatter_(2, where, self.edits.apply(index, windows.gather(2, where)))
        return windows

    def whole(self, index: Tensor, windows: Tensor) -> Tensor:
        """Return the logits by passes through the whole model."""
        meta = None if self.meta is None else self.meta[self.edits.rows[index]]
        return call(self.model, windows, meta)[:, self.target]

    def local(self, index: Tensor, windows: Tensor, stem: Stem, before: Tensor | None) -> Tensor:
        """Return the logits with the stem computed only where an edit reaches; `before` is without them."""
        before = stem.outputs(self.x[self.edits.rows[index]]) if before is None else before
        after = stem.update(before, windows, self.edits.starts[index], self.edits.width)
        with stem.replaced(after):
            return self.whole(index, windows)


def _tolerance(after: Tensor, before: Tensor) -> Tensor:
    """Return by how much two ways to compute logits after edits may differ: a thousandth of the largest effect.

    Effects below the rounding of the logits are rounding themselves.
    """
    precision = torch.finfo(after.dtype).eps
    share = 1e-3 if precision > 1e-10 else 1e-7
    return share * (after - before).abs().max() + 32 * precision * torch.maximum(after.abs(), before.abs()).max()


def verified_stem(scorer: EditScorer, batch_size: int) -> Stem | None:
    """Return the longest stem that pays and gives the logits of whole passes on some edits; None without one."""
    total = len(scorer.edits.rows)
    probes = (
        torch.linspace(0, total - 1, min(total, batch_size, _PROBES)).round().long().unique().to(scorer.x.device)
    )
    stem = find_stem(scorer.model, scorer.x[:1], None if scorer.meta is None else scorer.meta[:1])
    while stem is not None and stem.saving(scorer.x.shape[-1], scorer.edits.width) < _LEAST_SAVING:
        stem = stem.shorter()
    if stem is None:
        return None
    with torch.no_grad():
        windows = scorer.edited(probes)
        expected = scorer.whole(probes, windows)
        before = scorer.whole(probes, scorer.x[scorer.edits.rows[probes]])
        tolerance = _tolerance(expected, before)
        while stem is not None:
            try:
                computed = scorer.local(probes, windows, stem, None)
            except (RuntimeError, ValueError, IndexError, TypeError):
                computed = None  # what the stem's inner layers hold is used elsewhere too: a shorter stem may do
            if computed is not None and bool(((computed - expected).abs() <= tolerance).all()):
                return stem
            stem = stem.shorter()
    return None
