"""A model that holds a simulation's own matrices and rule: what explanations of it ought to show is known."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.layers import pool_all
from motiflens.models.data.simulate.occupancy import FAINT, STRONGEST

RULES = ("alone", "additive", "additive_not", "and", "order", "not", "or")
_FAINT = math.log(FAINT / (1 - FAINT))  # log odds below which a site counts as none
_NOWHERE = -30.0  # log odds of a site that would hang over the window's end


class Oracle(SequenceModel):
    """Two matrices and a rule between their sites → log odds that the first factor is bound, nothing trained.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length works; only the bases are read. `outputs` must be 1, `meta` 0.
    widths
        Widths in bp of the first factor's matrix and the second one's.
    rule
        How sites make the factor bind: ``alone``, the second one does not matter; ``and``, ``order``, ``not``,
        ``or`` as in `simulate.grammar`; ``additive`` and ``additive_not``, the window's best sites of both add
        up (or the second one's counts against binding) wherever they lie, which is no rule.
    distance
        Bases between both sites at which a rule has the partner in reach, at least and at most.

    Notes
    -----
    A site's log odds grow by log 2 a bit up to four bits above half occupancy, as in the simulation (see
    `simulate.occupancy`), where all chromatin is as open as it gets. A partner multiplies the odds by its own
    occupancy; with ``not`` it multiplies the occupancy by what its own leaves: of log odds a and b of both sites
    those of a without b are -log(exp(-a) + exp(b) + exp(b - a)). The window's odds are those of its best site, and
    no less than those of an occupancy of .05, of which the simulation makes no site. Every step is a module that
    attribution libraries know. `simulate.oracle.make_oracle` puts in a factor's matrices, random until then.

    Examples
    --------
    >>> model = Oracle(length=60, widths=(12, 10))
    >>> model(torch.zeros(2, 4, 60)).shape
    torch.Size([2, 1])
    """

    name = "oracle"
    any_length = True

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        widths: tuple[int, int] = (10, 10),
        rule: str = "and",
        distance: tuple[int, int] = (5, 20),
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if outputs != 1:
            raise ValueError(f"{self.name} has one output, not {outputs}")
        if rule not in RULES:
            raise ValueError(f"{self.name}: rule {rule!r} is unknown: expected one of {', '.join(RULES)}")
        self.rule, self.widths, (self.nearest, self.farthest) = rule, widths, distance
        self.least_length = max(widths)
        self.check_length(length)
        self.first, self.second = _Sites(widths[0]), _Sites(widths[1])
        self.best_strand, self.best_partner = nn.MaxPool1d(2), nn.MaxPool1d(2)
        self.in_reach = nn.MaxPool1d(self.farthest - self.nearest + 1, stride=1)
        self.bound_after, self.bound_before = nn.LogSigmoid(), nn.LogSigmoid()
        self.free, self.both = nn.Softplus(), nn.Softplus()
        self.best_site, self.best_second = nn.MaxPool1d(length), nn.MaxPool1d(length)
        self.faint, self.faint_second = nn.Softplus(), nn.Softplus()

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        first, second = self.first(x[:, :4]), self.second(x[:, :4])  # N, strands, places
        if self.rule == "alone":
            return _no_less(pool_all(self.best_site, _in_a_row(first)), self.faint)
        if self.rule.startswith("additive"):
            own = _no_less(pool_all(self.best_site, _in_a_row(first)), self.faint)
            other = _no_less(pool_all(self.best_second, _in_a_row(second)), self.faint_second)
            return own - other if self.rule == "additive_not" else own + other
        if self.rule == "or":
            sites = torch.cat([_in_a_row(first), _in_a_row(second)], dim=-1)
        else:
            sites = self._with_partner(first, second)
        return _no_less(pool_all(self.best_site, sites), self.faint)

    def _with_partner(self, first: Tensor, second: Tensor) -> Tensor:
        """Log odds of each site of the first factor beside the best partner in reach, (N, 1, places)."""
        near = self._reach(_best(self.best_strand, second), first.shape[-1])  # N, 2, places: after, before
        if self.rule == "order":
            after, before = self.bound_after(near[:, 0]), self.bound_before(near[:, 1])
            return torch.cat([first[:, 0] + after, first[:, 1] + before], dim=-1)[:, None]
        partner = _best(self.best_partner, near)[:, None]
        if self.rule == "not":
            return _in_a_row(-partner - self.both(self.free(partner) - partner - first))
        return _in_a_row(first + self.bound_after(partner))

    def _reach(self, second: Tensor, places: int) -> Tensor:
        """Best partner after and before each place of a first site, within the distance; (N, 2, places)."""
        own, other = self.widths
        around = other + self.farthest
        best = self.in_reach(functional.pad(second[:, None], (around, around), value=_NOWHERE))
        after = best[..., around + own + self.nearest :][..., :places]
        return torch.cat([after, best[..., :places]], dim=1)

    def first_convolution(self) -> None:
        """Return None: its matrix is the simulation's, and would name itself."""


class _Sites(nn.Module):
    """Log odds of a site at each place: (N, 4, L) bases → (N, 2, L - width + 1), + and - strand."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Conv1d(4, 2, width)  # bits above half occupancy
        self.spare = nn.ReLU()
        self.concentration = nn.Parameter(torch.zeros(()))  # log2

    def forward(self, bases: Tensor) -> Tensor:
        bits = STRONGEST - self.spare(STRONGEST - self.score(bases))
        return math.log(2) * (bits + self.concentration)


def _in_a_row(sites: Tensor) -> Tensor:
    return sites.flatten(1)[:, None]


def _best(pool: nn.MaxPool1d, pair: Tensor) -> Tensor:
    """Larger of two rows, (N, 2, T) → (N, T)."""
    return pool(pair.transpose(1, 2)).squeeze(-1)


def _no_less(odds: Tensor, faint: nn.Softplus) -> Tensor:
    return faint(odds - _FAINT) + _FAINT
