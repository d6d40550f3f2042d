"""Logits of windows and of the same windows after an edit: the engine below variant effects."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.branches import branches, flipped
from motiflens.interpret.attribution.edits import LEAST_EDITS, Edits, EditScorer, mirrored, verified_stem
from motiflens.interpret.attribution.gradient_inputs import call, chunks
from motiflens.interpret.attribution.stem import Stem
from motiflens.models.finite import check_finite

# Windows in a pass on a CPU: with more, layers' outputs outgrow the caches (measured over seven architectures with
# windows of 1,000 bp: 16 take .75 to 1.05 of the time of 64, and .6 to 1.0 of that of 4).
_ROWS: Final = 16
_LARGEST: Final = 2**20  # numbers of a stem's outputs at a time: of a small stem more windows are taken


class AlleleLogits:
    """Computes logits before and after edits, of many windows, call after call.

    The first layers, where they are convolutions and poolings, are computed once for a window and, after an edit,
    only where it can reach (see `edited_logits`); where windows overlap on the genome, what they share is computed
    once for all of them (see `Stem.outputs_along`). That local computation gives the logits of whole passes is
    checked once, on some edits of the first call that has enough of them.

    Parameters
    ----------
    model
        In eval mode, not changed between the calls.
    target
        The output.
    batch_size
        Most windows in one pass.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv1d(4, 2, 3), nn.Flatten(), nn.Linear(16, 1)).eval()
    >>> x = torch.eye(4)[torch.zeros(1, 10, dtype=torch.long)].transpose(1, 2)
    >>> to_c = Edits(torch.tensor([0]), torch.tensor([5]), 1, lambda index, there: there.roll(1, dims=1))
    >>> before, after = AlleleLogits(model, target=0, batch_size=8)(x, to_c, None)
    >>> before.shape, after.shape
    (torch.Size([1]), torch.Size([1]))
    """

    def __init__(self, model: nn.Module, *, target: int, batch_size: int) -> None:
        self.model, self.target, self.most = model, target, batch_size
        on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())
        self.batch_size = min(batch_size, _ROWS) if on_cpu else batch_size
        self.split = branches(model)
        parts = self.split.parts if self.split is not None else ()
        self.parts = [
            (AlleleLogits(part, target=target, batch_size=batch_size), reverse) for part, reverse in parts
        ]
        self.stem: Stem | None = None
        self.checked = False

    def __call__(
        self, x: Tensor, edits: Edits, meta: Tensor | None, starts: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the target's logit of each window, (n,), and after each edit, (E,).

        Parameters
        ----------
        x, meta
            (n, C, L) windows, and their features if the model takes any.
        edits
            Each of one of the windows.
        starts
            (n,): the windows' first bases on one axis for all, so that overlapping ones can be told; any order.
        """
        if self.split is not None:
            other = mirrored(edits, x.shape[-1])
            pairs = [
                part(
                    flipped(x) if reverse else x,
                    other if reverse else edits,
                    meta,
                    turned_starts(starts) if reverse else starts,
                )
                for part, reverse in self.parts
            ]
            before, after = (self.split.merged(torch.stack([pair[i] for pair in pairs])) for i in range(2))
            return before, after
        scorer = EditScorer(self.model, x, edits, self.target, meta)
        if not self.checked and len(edits.rows) >= LEAST_EDITS and edits.width <= x.shape[-1] // 8:
            self.stem, self.checked = verified_stem(scorer, self.batch_size), True
            if self.stem is not None and self.batch_size < self.most:
                with torch.no_grad():
                    size = self.stem.outputs(x[:1]).numel()
                self.batch_size = min(self.most, max(self.batch_size, _LARGEST // size))
        before = x.new_zeros(len(x))
        after = x.new_zeros(len(edits.rows))
        with torch.no_grad():
            order = self._order(x, starts)
            for part in chunks(len(x), self.batch_size):
                self._part(scorer, order[part], starts, (before, after))
        check_finite("prediction", before.cpu())
        check_finite("prediction after an edit", after.cpu(), edits.rows.cpu())
        return before, after

    def _order(self, x: Tensor, starts: Tensor | None) -> Tensor:
        """Rows such that windows that share outputs of the stem follow each other."""
        if self.stem is None or starts is None:
            return torch.arange(len(x), device=x.device)
        by_start = torch.argsort(starts, stable=True)
        return by_start[torch.argsort(starts[by_start] % self.stem.geometry[0], stable=True)]

    def _part(
        self, scorer: EditScorer, part: Tensor, starts: Tensor | None, filled: tuple[Tensor, Tensor]
    ) -> None:
        """Fill in the logits of some windows and of their edits."""
        before, after = filled
        x, stem = scorer.x[part], self.stem
        meta = None if scorer.meta is None else scorer.meta[part]
        number = part.new_full((len(scorer.x),), -1)
        number[part] = torch.arange(len(part), device=part.device)
        number = number[scorer.edits.rows]  # of each edit's window within the part; -1 of another part's
        index = torch.nonzero(number >= 0)[:, 0]
        index = index[torch.argsort(number[index], stable=True)]
        if stem is None:
            before[part] = call(self.model, x, meta)[:, self.target]
            for some in chunks(len(index), self.batch_size):
                after[index[some]] = scorer.whole(index[some], scorer.edited(index[some]))
            return
        base = stem.outputs(x) if starts is None else stem.outputs_along(x, starts[part])
        version = base._version
        with stem.replaced(base):
            before[part] = call(self.model, x, meta)[:, self.target]
        if base._version != version:  # what follows the stem works in place
            base = stem.outputs(x) if starts is None else stem.outputs_along(x, starts[part])
        for some in chunks(len(index), self.batch_size):
            here = index[some]
            of = number[here]
            each_once = len(of) == len(x) and torch.equal(of, torch.arange(len(x), device=x.device))
            unedited = base if each_once else base[of]  # either may be written over
            after[here] = scorer.local(here, scorer.edited(here), stem, unedited)


def turned_starts(starts: Tensor | None) -> Tensor | None:
    """Starts of the reverse complements of windows of one length, on the axis turned round.

    Examples
    --------
    >>> turned_starts(torch.tensor([3, 10])).tolist()
    [7, 0]
    """
    return None if starts is None else starts.max() - starts
